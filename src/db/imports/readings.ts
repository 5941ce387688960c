import { and, eq, sql } from 'drizzle-orm';
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
 * What counts as of the instant of each reading, of its piece and measure: of each checkpoint and channel
 * account what was stored last. Readings of which all of that says the same are left out.
 * @param readings neighbours by item and instant, so that each instant is read once.
 */
export async function findOtherReadings(
  db: Db,
  { workspaceId, readings: asked }: { workspaceId: string; readings: readonly ImportedReading[] },
): Promise<{ key: string; reading: ReadingRow }[]> {
  if (asked.length === 0) return [];
  const column = <Key extends keyof ImportedReading>(key: Key) =>
    sql.param(asked.map((one) => one[key]));
  // Laid out once: a look per reading would go through all readings of its instant each time.
  const { rows } = await db.execute<{ key: string; id: string }>(sql`
    with asked as materialized (
      select * from unnest(${column('key')}::text[], ${column('itemId')}::text[],
        ${column('publicationId')}::text[], ${column('measure')}::text[],
        ${column('asOf')}::timestamptz[], ${column('value')}::double precision[])
        as a (key, item_id, publication_id, measure, as_of, value)
    ), known as materialized (
      select r.id, r.item_id, r.publication_id, r.channel_account_id, r.measure, r.checkpoint, r.as_of,
        r.value
      from (select distinct item_id, as_of from asked) a
      join readings r on r.workspace_id = ${workspaceId} and r.item_id = a.item_id and r.as_of = a.as_of
    ), latest as (
      select distinct on (a.key, k.checkpoint, k.channel_account_id)
        a.key, k.id, k.value <> a.value as is_other
      from asked a
      join known k on k.item_id = a.item_id and k.as_of = a.as_of and k.measure = a.measure
        and coalesce(k.publication_id, '') = coalesce(a.publication_id, '')
      order by a.key, k.checkpoint, k.channel_account_id, k.id desc
    )
    select key, id from (
      select key, id, bool_or(is_other) over (partition by key) as has_other from latest
    ) l where has_other`);
  if (rows.length === 0) return [];
  const ids = [...new Set(rows.map(({ id }) => id))];
  const found = await db
    .select()
    .from(readings)
    .where(
      and(
        eq(readings.workspaceId, workspaceId),
        sql`${readings.id} = any (${sql.param(ids)}::text[])`,
      ),
    );
  const byId = new Map(found.map((row) => [row.id, row]));
  return rows.flatMap(({ key, id }) => {
    const reading = byId.get(id);
    return reading === undefined ? [] : [{ key, reading }];
  });
}
