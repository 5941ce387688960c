import { and, asc, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { metricSourceHealth, metricSources } from '../schema/index.ts';
import { deleteSourceHealth } from './metric-source-health.ts';

export type MetricSourceRow = typeof metricSources.$inferSelect;
export type MetricSourceHealthRow = typeof metricSourceHealth.$inferSelect;

/** A connection, and how it goes with it; null while it was never asked. */
export type MetricSourceWithHealth = MetricSourceRow & { health: MetricSourceHealthRow | null };

export type NewMetricSource = Omit<MetricSourceRow, 'createdAt' | 'active'>;
export type MetricSourceChange = Partial<
  Pick<
    MetricSourceRow,
    'name' | 'config' | 'zone' | 'sites' | 'channelAccountIds' | 'credentials' | 'active'
  >
>;

export interface MetricSourceKey {
  workspaceId: string;
  metricSourceId: string;
}

const WITH_HEALTH = { ...getTableColumns(metricSources), health: metricSourceHealth };
const BY_NAME = [asc(metricSources.kind), asc(metricSources.name), asc(metricSources.id)] as const;

export async function insertMetricSource(
  db: Db,
  source: NewMetricSource,
): Promise<MetricSourceRow> {
  const [row] = await db.insert(metricSources).values(source).returning();
  if (row === undefined) throw new Error('insert of a metric source returned no row');
  return row;
}

/** @param options `lock` keeps others from changing it until the transaction ends. */
export async function getMetricSource(
  db: Db,
  key: MetricSourceKey,
  { lock = false }: { lock?: boolean } = {},
): Promise<MetricSourceWithHealth | null> {
  const query = withHealth(db).where(isSource(key));
  const [row] = await (lock ? query.for('no key update', { of: metricSources }) : query);
  return row ?? null;
}

/** Connections by kind and name, page by page. */
export async function pageMetricSources(
  db: Db,
  request: PageRequest & { workspaceId: string; kind?: string | undefined },
): Promise<Page<MetricSourceWithHealth>> {
  const limit = pageLimit(request);
  const rows = await withHealth(db)
    .where(
      and(
        eq(metricSources.workspaceId, request.workspaceId),
        ...ifGiven(request.kind, (kind) => eq(metricSources.kind, kind)),
        ...ifGiven(request.cursor, (cursor) => {
          const [kind, name, id] = decodeTextCursor(cursor, 3);
          return sql`(${metricSources.kind}, ${metricSources.name}, ${metricSources.id})
            > (${kind}, ${name}, ${id})`;
        }),
      ),
    )
    .orderBy(...BY_NAME)
    .limit(limit + 1);
  return toPage(rows, limit, ({ kind, name, id }) => [kind, name, id]);
}

/**
 * The active connections that serve an account's posts about a page. Of each kind one: the one that names
 * the account, then the one that names the site, then the oldest.
 */
export async function findServingSources(
  db: Db,
  asked: { workspaceId: string; channelAccountId: string; site: string | null },
): Promise<MetricSourceWithHealth[]> {
  const { workspaceId, channelAccountId, site } = asked;
  const { kind, sites, channelAccountIds, active, createdAt, id } = metricSources;
  const all = (list: typeof sites | typeof channelAccountIds) => sql`cardinality(${list}) = 0`;
  return db
    .selectDistinctOn([kind], WITH_HEALTH)
    .from(metricSources)
    .leftJoin(metricSourceHealth, eq(metricSourceHealth.sourceId, id))
    .where(
      and(
        eq(metricSources.workspaceId, workspaceId),
        active,
        sql`(${all(channelAccountIds)} or ${channelAccountId} = any (${channelAccountIds}))`,
        sql`(${all(sites)} or ${site}::text = any (${sites}))`,
      ),
    )
    .orderBy(asc(kind), all(channelAccountIds), all(sites), asc(createdAt), asc(id));
}

export async function updateMetricSource(
  db: Db,
  { change, ...key }: MetricSourceKey & { change: MetricSourceChange },
): Promise<void> {
  if (Object.keys(change).length === 0) return;
  await db.update(metricSources).set(change).where(isSource(key));
}

/** What it supplied stays. @returns false when the workspace has no such connection. */
export async function deleteMetricSource(db: Db, key: MetricSourceKey): Promise<boolean> {
  const gone = await db.delete(metricSources).where(isSource(key)).returning();
  if (gone.length === 0) return false;
  await deleteSourceHealth(db, { workspaceId: key.workspaceId, sourceId: key.metricSourceId });
  return true;
}

function withHealth(db: Db) {
  return db
    .select(WITH_HEALTH)
    .from(metricSources)
    .leftJoin(metricSourceHealth, eq(metricSourceHealth.sourceId, metricSources.id));
}

function isSource({ workspaceId, metricSourceId }: MetricSourceKey) {
  return and(eq(metricSources.id, metricSourceId), eq(metricSources.workspaceId, workspaceId));
}
