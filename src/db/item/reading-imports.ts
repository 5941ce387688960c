import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import type { MatchKind } from '../../domain/csv/mapping.ts';
import type { ImportCounts, ImportedRow } from '../../domain/csv/row-result.ts';
import type { MeasureId } from '../../domain/kpi/measures.ts';
import type { Db } from '../client.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { readingImportBlocks, readingImports } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';

export type ReadingImportRow = typeof readingImports.$inferSelect;

export interface ImportKey {
  workspaceId: string;
  importId: string;
}

/** An import that has been silent for so long has died. */
const SILENT_AFTER = sql`interval '60 seconds'`;

/** @returns null when as many imports of the workspace run as may. */
export function beginImport(
  db: Db,
  {
    limit,
    ...row
  }: Pick<ReadingImportRow, 'id' | 'workspaceId' | 'mapping' | 'createdBy'> & {
    limit: number;
  },
): Promise<ReadingImportRow | null> {
  const { workspaceId } = row;
  return inTransaction(db, async (tx) => {
    await tx.execute(
      sql`select pg_advisory_xact_lock(hashtextextended(${`imports ${workspaceId}`}, 0))`,
    );
    await tx.execute(sql`update reading_imports set state = 'failed', ended_at = now(),
      failure = 'whoever imported it was stopped: send the file again'
      where workspace_id = ${workspaceId} and state = 'running'
        and seen_at < now() - ${SILENT_AFTER}`);
    const { rows } = await tx.execute(sql`select from reading_imports
      where workspace_id = ${workspaceId} and state = 'running' limit ${limit}`);
    if (rows.length >= limit) return null;
    const [made] = await tx.insert(readingImports).values(row).returning();
    return made ?? null;
  });
}

/** It is alive. */
export async function noteImport(db: Db, key: ImportKey): Promise<void> {
  await db.update(readingImports).set({ seenAt: sql`now()` }).where(isRunning(key));
}

export async function endImport(
  db: Db,
  { failure, ...key }: ImportKey & { failure: string | null },
): Promise<void> {
  await db
    .update(readingImports)
    .set({
      state: failure === null ? 'done' : 'failed',
      failure: failure?.slice(0, 500) ?? null,
      endedAt: sql`now()`,
    })
    .where(isRunning(key));
}

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
  const { workspaceId, createdBy, checkpoint, readings } = batch;
  if (readings.length === 0) return null;
  const column = <Key extends keyof ImportedReading>(key: Key) => readings.map((one) => one[key]);
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
  if (rowCount === readings.length) return null;
  if (rowCount === 0) return new Set();
  const { rows } = await tx.execute<{ id: string }>(
    sql`select id from readings where id = any (${sql.param(ids)}::text[])`,
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

/** Keeps what became of some rows, and how far the import is. */
export async function keepImportedRows(
  tx: Db,
  {
    lastLine,
    rows,
    counts,
    readings,
    ...key
  }: ImportKey & {
    lastLine: number;
    rows: ImportedRow[];
    /** Of the whole import until now. */
    counts: ImportCounts;
    readings: number;
  },
): Promise<void> {
  const { workspaceId, importId } = key;
  await tx.insert(readingImportBlocks).values({ importId, workspaceId, lastLine, rows });
  const moved = await tx
    .update(readingImports)
    .set({ counts, readings, line: lastLine, seenAt: sql`now()` })
    .where(isRunning(key))
    .returning({ id: readingImports.id });
  if (moved.length === 0) throw new Error(`import ${importId} was taken for dead`);
}

export async function getReadingImport(db: Db, key: ImportKey): Promise<ReadingImportRow | null> {
  const [row] = await db.select().from(readingImports).where(isImport(key));
  return row ?? null;
}

/** Latest first. */
export async function listReadingImports(
  db: Db,
  request: PageRequest & { workspaceId: string },
): Promise<Page<ReadingImportRow>> {
  const page = pageBy(readingImports, 'createdAt', request, desc);
  const rows = await db
    .select()
    .from(readingImports)
    .where(and(eq(readingImports.workspaceId, request.workspaceId), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Blocks of rows in the order of the file, from the one that holds what follows `line`. */
export async function* readImportedRows(
  db: Db,
  { line, ...key }: ImportKey & { line: number },
): AsyncGenerator<ImportedRow[]> {
  let after = line;
  for (;;) {
    const [block] = await db
      .select()
      .from(readingImportBlocks)
      .where(
        and(
          eq(readingImportBlocks.workspaceId, key.workspaceId),
          eq(readingImportBlocks.importId, key.importId),
          gt(readingImportBlocks.lastLine, after),
        ),
      )
      .orderBy(asc(readingImportBlocks.lastLine))
      .limit(1);
    if (block === undefined) return;
    yield block.rows;
    after = block.lastLine;
  }
}

/** A piece that a row of an export is about. */
export interface MatchedPiece {
  /** As it was asked for. */
  ref: string;
  itemId: string;
  /** Null: the item itself. */
  publicationId: string | null;
  clockOffsetMs: number;
  isOpen: boolean;
}

/** The pieces of the workspace that have one of the names. One name may be of more than one piece. */
export async function findPieces(
  db: Db,
  { workspaceId, by, refs }: { workspaceId: string; by: MatchKind; refs: readonly string[] },
): Promise<MatchedPiece[]> {
  const { rows } = await db.execute<MatchedPiece & Record<string, unknown>>(sql`
    select p.ref, p.item_id as "itemId", p.publication_id as "publicationId",
      i.clock_offset_ms::double precision as "clockOffsetMs", i.closed_at is null as "isOpen"
    from (${namedPieces(workspaceId, by)(sql`any (${sql.param(refs)}::text[])`)}) p
    join items i on i.workspace_id = ${workspaceId} and i.id = p.item_id`);
  return rows;
}

function namedPieces(workspaceId: string, by: MatchKind) {
  return (names: ReturnType<typeof sql>) => {
    switch (by) {
      case 'publication_id':
      case 'utm_content':
        return sql`select id as ref, item_id, id as publication_id from publications
          where workspace_id = ${workspaceId} and id = ${names}`;
      case 'remote_id':
        // Of a thread its first text stands for all of it.
        return sql`select remote_id as ref, item_id, publication_id from remote_posts
          where workspace_id = ${workspaceId} and remote_id = ${names} and position = 0`;
      case 'url':
        return sql`select permalink as ref, item_id, id as publication_id from publications
          where workspace_id = ${workspaceId} and permalink = ${names}`;
      case 'page':
        return sql`select distinct b.body #>> '{callToAction,url}' as ref, b.item_id,
            null::text as publication_id
          from briefs b join items o on o.workspace_id = b.workspace_id and o.id = b.item_id
            and o.snapshot #>> '{context,brief,hash}' = b.hash
          where b.workspace_id = ${workspaceId} and b.body #>> '{callToAction,url}' = ${names}`;
    }
  };
}

function isImport({ workspaceId, importId }: ImportKey) {
  return and(eq(readingImports.id, importId), eq(readingImports.workspaceId, workspaceId));
}

function isRunning(key: ImportKey) {
  return and(isImport(key), eq(readingImports.state, 'running'));
}
