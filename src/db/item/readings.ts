import { and, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { monotonicFactory } from 'ulid';
import { ID_PREFIXES } from '../../domain/ids.ts';
import type { Reading } from '../../domain/kpi/measures.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { executePrepared } from '../prepared.ts';
import { readings } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { type ItemKey, isOfItem } from './items.ts';

export type ReadingRow = typeof readings.$inferSelect;

export type NewReading = Pick<ReadingRow, 'measure' | 'value' | 'asOf' | 'source' | 'provisional'> &
  Partial<
    Pick<
      ReadingRow,
      | 'publicationId'
      | 'channelAccountId'
      | 'checkpoint'
      | 'idempotencyKey'
      | 'createdBy'
      | 'definition'
    >
  >;

/**
 * Appends readings, all or none. One whose idempotency key stands already is not stored again.
 * @returns one row per addition, in order: the new one or the one that stood.
 */
export function appendReadings(
  db: Db,
  { workspaceId, itemId, additions }: ItemKey & { additions: readonly NewReading[] },
): Promise<ReadingRow[]> {
  // Ids of one batch grow in its order: of two readings as of one instant the later one counts.
  const nextUlid = monotonicFactory();
  const rows = additions.map((reading) => ({
    id: `${ID_PREFIXES.reading}_${nextUlid()}`,
    workspaceId,
    itemId,
    ...reading,
  }));
  if (rows.length === 0) return Promise.resolve([]);
  return inTransaction(db, async (tx) => {
    const created = await tx.insert(readings).values(rows).onConflictDoNothing().returning();
    const byId = new Map(created.map((row) => [row.id, row]));
    const repeated = rows.filter(({ id }) => !byId.has(id));
    const earlier = await findByIdempotencyKey(
      tx,
      workspaceId,
      repeated.flatMap(({ idempotencyKey }) => idempotencyKey ?? []),
    );
    return rows.map((row) => {
      const stored = byId.get(row.id) ?? earlier.get(row.idempotencyKey ?? '');
      if (stored === undefined) throw new Error(`reading ${row.id} is neither new nor stored`);
      return stored;
    });
  });
}

/** Readings of an item, newest `asOf` first. */
export async function listReadings(
  db: Db,
  request: ItemKey &
    PageRequest & { measure?: ReadingRow['measure'] | undefined; checkpoint?: string | undefined },
): Promise<Page<ReadingRow>> {
  const page = pageBy(readings, 'asOf', request, desc);
  const rows = await db
    .select()
    .from(readings)
    .where(
      and(
        isOfItem(readings, request),
        ...ifGiven(request.measure, (measure) => eq(readings.measure, measure)),
        ...ifGiven(request.checkpoint, (checkpoint) => eq(readings.checkpoint, checkpoint)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/**
 * Per measure, scope and checkpoint the reading with the latest `asOf`, of those that people stated
 * and of those that sources measured; of equal ones the one recorded last. Checkpoints are compared as
 * written: `latestReadings` of the domain also knows that `+1d` is `+24h`. They leave the database as one
 * value: hundreds of rows cost more to read than to find.
 */
export async function listLatestReadings(db: Db, key: ItemKey): Promise<Reading[]> {
  const statement = sql`
    select coalesce(json_agg(json_build_array(id, measure, value, ${millisecondsOf(readings.asOf)}, source,
      provisional, ${millisecondsOf(readings.createdAt)}, publication_id, channel_account_id, checkpoint,
      created_by, definition)), '[]') as found
    from (
      select distinct on (measure, publication_id, channel_account_id, checkpoint, created_by is null) *
      from readings where ${isOfItem(readings, key)}
      order by measure, publication_id, channel_account_id, checkpoint, created_by is null, as_of desc,
        readings.id desc
    ) readings`;
  const name = 'list_latest_readings';
  const [row] = await executePrepared<{ found: LatestReading[] }>(db, name, statement);
  return (row?.found ?? []).map(
    ([
      id,
      measure,
      value,
      asOf,
      source,
      provisional,
      createdAt,
      publicationId,
      channelAccountId,
      checkpoint,
      createdBy,
      definition,
    ]) =>
      readingOf({
        id,
        measure,
        value,
        asOf: new Date(asOf).toISOString(),
        source,
        provisional,
        createdAt: new Date(createdAt).toISOString(),
        publicationId,
        channelAccountId,
        checkpoint,
        createdBy,
        definition,
      }),
  );
}

/** Times as milliseconds: their text would cost most of it. */
type LatestReading = [
  id: string,
  measure: ReadingRow['measure'],
  value: number,
  asOf: number,
  source: string,
  provisional: boolean,
  createdAt: number,
  publicationId: string | null,
  channelAccountId: string | null,
  checkpoint: string | null,
  createdBy: string | null,
  definition: string | null,
];

function millisecondsOf(time: AnyPgColumn): SQL {
  return sql`(extract(epoch from ${time}) * 1000)::bigint`;
}

async function findByIdempotencyKey(
  tx: Db,
  workspaceId: string,
  keys: string[],
): Promise<Map<string, ReadingRow>> {
  if (keys.length === 0) return new Map();
  const rows = await tx
    .select()
    .from(readings)
    .where(and(eq(readings.workspaceId, workspaceId), inArray(readings.idempotencyKey, keys)));
  return new Map(rows.map((row) => [row.idempotencyKey ?? '', row]));
}

/** A stored reading in the terms of the KPI arithmetic. */
export function readingOf(
  row: Omit<ReadingRow, 'workspaceId' | 'itemId' | 'idempotencyKey'>,
): Reading {
  const { id, measure, value, asOf, source, provisional, createdAt } = row;
  const { publicationId, channelAccountId, checkpoint, createdBy, definition } = row;
  return {
    id,
    measure,
    value,
    asOf,
    source,
    provisional,
    createdAt,
    ...(createdBy !== null && { createdBy }),
    ...(publicationId !== null && { publicationId }),
    ...(channelAccountId !== null && { channelAccountId }),
    ...(definition !== null && { definition }),
    // Checked by its schema before it was stored.
    ...(checkpoint !== null && { checkpoint: checkpoint as NonNullable<Reading['checkpoint']> }),
  };
}
