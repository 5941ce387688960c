import { and, desc, eq, gt, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { MeasureId } from '../../domain/kpi/measures.ts';
import type { Db } from '../client.ts';
import type { ReadingRow } from '../item/readings.ts';
import { readings } from '../schema/index.ts';

/** One reading of a row. */
export interface ImportedReading {
  id: string;
  itemId: string;
  publicationId: string | null;
  measure: MeasureId;
  value: number;
  asOf: string;
  /** Of what it says: the same is never stored twice. */
  key: string;
}

/**
 * Stores readings of which some may stand already.
 * @param tx the transaction that also keeps the rows they are of.
 * @returns ids of those that are new; null: all of them.
 */
export async function storeImportedReadings(
  tx: Db,
  batch: {
    workspaceId: string;
    createdBy: string;
    checkpoint: string | null;
    readings: readonly ImportedReading[];
  },
): Promise<ReadonlySet<string> | null> {
  const { workspaceId, createdBy, checkpoint, readings: all } = batch;
  if (all.length === 0) return null;
  const column = <Key extends keyof ImportedReading>(key: Key) => all.map((one) => one[key]);
  const text = `
    insert into readings (id, workspace_id, item_id, publication_id, measure, value, as_of, checkpoint,
      source, idempotency_key, created_by)
    select r.id, $1, r.item_id, r.publication_id, r.measure, r.value, r.as_of, $2, 'csv', r.key, $3
    from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::double precision[],
      $9::timestamptz[], $10::text[])
      as r (id, item_id, publication_id, measure, value, as_of, key)
    -- In the order of their index: neighbours share its pages, and two imports wait for each other one way.
    order by r.key
    on conflict (workspace_id, idempotency_key) do nothing`;
  const ids = column('id');
  const values = [
    workspaceId,
    checkpoint,
    createdBy,
    ids,
    column('itemId'),
    column('publicationId'),
    column('measure'),
    column('value'),
    column('asOf'),
    column('key'),
  ];
  const { rowCount } = await tx.$client.query({ name: 'store_imported_readings', text, values });
  if (rowCount === all.length) return null;
  if (rowCount === 0) return new Set();
  const { rows } = await tx.execute<{ id: string }>(
    sql`select id from readings
      where workspace_id = ${workspaceId} and id = any (${sql.param(ids)}::text[])`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** Keys of readings that stand already. */
export async function findStoredKeys(
  db: Db,
  { workspaceId, keys }: { workspaceId: string; keys: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const { rows } = await db.execute<{ key: string }>(sql`
    select idempotency_key as key from readings
    where workspace_id = ${workspaceId} and idempotency_key = any (${sql.param(keys)}::text[])`);
  return new Set(rows.map(({ key }) => key));
}

/**
 * What was stored after readings that stand, of the same instant, piece and measure: of each checkpoint and
 * channel account the last one.
 */
export async function findLaterReadings(
  db: Db,
  { workspaceId, keys }: { workspaceId: string; keys: readonly string[] },
): Promise<{ key: string | null; later: ReadingRow }[]> {
  if (keys.length === 0) return [];
  const stood = alias(readings, 'stood');
  return db
    .selectDistinctOn([stood.idempotencyKey, readings.checkpoint, readings.channelAccountId], {
      key: stood.idempotencyKey,
      later: readings,
    })
    .from(stood)
    .innerJoin(
      readings,
      and(
        eq(readings.workspaceId, workspaceId),
        eq(readings.itemId, stood.itemId),
        eq(readings.asOf, stood.asOf),
        gt(readings.id, stood.id),
        eq(readings.measure, stood.measure),
        sql`${readings.publicationId} is not distinct from ${stood.publicationId}`,
      ),
    )
    .where(
      and(
        eq(stood.workspaceId, workspaceId),
        sql`${stood.idempotencyKey} = any (${sql.param(keys)}::text[])`,
      ),
    )
    .orderBy(
      stood.idempotencyKey,
      readings.checkpoint,
      readings.channelAccountId,
      desc(readings.id),
    );
}
