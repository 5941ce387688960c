import { and, asc, eq, getTableColumns, gt, inArray, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgSelect } from 'drizzle-orm/pg-core';
import type { Db } from '../client.ts';
import { type ItemKey, isOfItem } from '../item/items.ts';
import {
  administrativeActs,
  archivedHistories,
  assets,
  briefs,
  commands,
  comments,
  drafts,
  itemEvents,
  items,
  kpiAddenda,
  kpiReviews,
  learnings,
  playbooks,
  publications,
  publishIntents,
  readings,
  remotePosts,
  repairs,
} from '../schema/index.ts';

/** Rows read at a time: whoever reads a long list gives the event loop back in between. */
const PAGE = 200;

type Row = Record<string, unknown>;
type Rows = AsyncGenerator<Row[]>;

/** The row of an item as it is stored, its state as its run wrote it; null where there is none. */
export async function readItemEvidence(db: Db, key: ItemKey): Promise<Row | null> {
  const { updatedAt: _, ...columns } = getTableColumns(items);
  const [row] = await db
    .select({ ...columns, snapshot: sql<Row>`${items.snapshot}` })
    .from(items)
    .where(and(eq(items.id, key.itemId), eq(items.workspaceId, key.workspaceId)));
  return row ?? null;
}

/** The playbook that an item is pinned to. */
export async function readPlaybookEvidence(
  db: Db,
  { workspaceId, name, version }: { workspaceId: string; name: string; version: number },
): Promise<Row | null> {
  const [row] = await db
    .select()
    .from(playbooks)
    .where(
      and(
        eq(playbooks.workspaceId, workspaceId),
        eq(playbooks.name, name),
        eq(playbooks.version, version),
      ),
    );
  return row ?? null;
}

/** What is kept of an item beside its row, by the names that its audit pack uses. */
export function evidenceOf(db: Db, key: ItemKey): Record<string, Rows> {
  const { leaseUntil: _, lastError: __, isQueued: ___, ...command } = getTableColumns(commands);
  const { leaseToken: ____, leaseUntil: _____, ...intent } = getTableColumns(publishIntents);
  const of = (table: Record<'workspaceId' | 'itemId', PgColumn>) => isOfItem(table, key);
  return {
    events: pages(db.select().from(itemEvents).$dynamic(), itemEvents.seq, 'seq', of(itemEvents)),
    commands: pages(db.select(command).from(commands).$dynamic(), commands.id, 'id', of(commands)),
    briefs: pages(db.select().from(briefs).$dynamic(), briefs.version, 'version', of(briefs)),
    drafts: pages(db.select().from(drafts).$dynamic(), drafts.version, 'version', of(drafts)),
    publications: pages(
      db.select().from(publications).$dynamic(),
      publications.id,
      'id',
      of(publications),
    ),
    sends: pages(
      db.select(intent).from(publishIntents).$dynamic(),
      publishIntents.id,
      'id',
      of(publishIntents),
    ),
    posts: pages(
      db.select().from(remotePosts).$dynamic(),
      remotePosts.remoteId,
      'remoteId',
      of(remotePosts),
    ),
    readings: pages(db.select().from(readings).$dynamic(), readings.id, 'id', of(readings)),
    reviews: pages(
      db.select().from(kpiReviews).$dynamic(),
      kpiReviews.number,
      'number',
      of(kpiReviews),
    ),
    addenda: pages(
      db.select().from(kpiAddenda).$dynamic(),
      kpiAddenda.number,
      'number',
      of(kpiAddenda),
    ),
    learnings: pages(db.select().from(learnings).$dynamic(), learnings.id, 'id', of(learnings)),
    comments: pages(db.select().from(comments).$dynamic(), comments.id, 'id', of(comments)),
    repairs: pages(
      db.select().from(repairs).$dynamic(),
      repairs.id,
      'id',
      and(eq(repairs.workspaceId, key.workspaceId), eq(repairs.itemId, key.itemId)),
    ),
  };
}

/** What is known of some files. */
export function fileEvidence(
  db: Db,
  { workspaceId, hashes }: { workspaceId: string; hashes: readonly string[] },
): Rows {
  return pages(
    db.select().from(assets).$dynamic(),
    assets.hash,
    'hash',
    and(eq(assets.workspaceId, workspaceId), inArray(assets.hash, [...hashes])),
  );
}

/**
 * The whole chain of a workspace's administrative acts, in links; with their records only those whose
 * target or credential is named.
 */
export function actEvidence(
  db: Db,
  { workspaceId, about }: { workspaceId: string; about: readonly string[] },
): Rows {
  const { seq, prevHash, hash, record, target } = administrativeActs;
  const isShown = about.length === 0 ? sql`false` : inArray(target, [...about]);
  const shown = sql<string | null>`case when ${isShown} then ${record} end`;
  return pages(
    db.select({ seq, prevHash, hash, record: shown }).from(administrativeActs).$dynamic(),
    seq,
    'seq',
    eq(administrativeActs.workspaceId, workspaceId),
  );
}

/** The kept histories of an item, without their texts. */
export async function listArchivedRuns(
  db: Db,
  key: ItemKey,
): Promise<{ runId: string; sha256: string; archivedAt: string }[]> {
  const { runId, sha256, archivedAt } = archivedHistories;
  return db
    .select({ runId, sha256, archivedAt })
    .from(archivedHistories)
    .where(isOfItem(archivedHistories, key))
    .orderBy(asc(archivedAt), asc(runId));
}

async function* pages(
  query: PgSelect,
  key: PgColumn,
  keyName: string,
  where: SQL | undefined,
): Rows {
  let after: unknown = null;
  for (;;) {
    const isAfter = after === null ? undefined : gt(key, after);
    const rows: Row[] = await query.where(and(where, isAfter)).orderBy(asc(key)).limit(PAGE);
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.[keyName];
  }
}
