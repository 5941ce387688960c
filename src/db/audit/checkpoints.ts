import { and, asc, desc, eq, getTableColumns, gt, lt, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { decodeSeqCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { checkpointHeads, checkpoints } from '../schema/index.ts';

export type CheckpointRow = typeof checkpoints.$inferSelect;
/** A checkpoint without the heads that it lists. */
export type CheckpointSummary = Omit<CheckpointRow, 'heads'>;

const { heads: _, ...summaryColumns } = getTableColumns(checkpoints);

/** Where a chain ends. */
export interface ChainHead {
  stream: string;
  seq: number;
  hash: string;
}

/** The chain of the workspace's administrative acts; every other stream is an item. */
export const ACTS_STREAM = 'acts';

/** One checkpoint of a workspace after the other, as long as the transaction lasts. */
export async function lockCheckpoints(tx: Db, { workspaceId }: { workspaceId: string }) {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`checkpoints:${workspaceId}`}, 0))`,
  );
}

/** Heads that no checkpoint has told as they are now, sorted by their stream. */
export async function listChangedHeads(
  db: Db,
  { workspaceId, limit }: { workspaceId: string; limit: number },
): Promise<ChainHead[]> {
  const { rows } = await db.execute<{ stream: string; seq: number; hash: string }>(sql`
    with heads as (
      select id as stream, seq, head_hash as hash from items
      where workspace_id = ${workspaceId} and seq > 0
      union all
      (select ${ACTS_STREAM}, seq, hash from administrative_acts
       where workspace_id = ${workspaceId} order by seq desc limit 1)
    )
    select heads.stream, heads.seq, heads.hash from heads
    left join ${checkpointHeads} told
      on told.workspace_id = ${workspaceId} and told.stream = heads.stream
    where (told.seq, told.hash) is distinct from (heads.seq, heads.hash)
    order by heads.stream collate "C" limit ${limit}`);
  return rows;
}

/** Appends a checkpoint, and notes what it tells. Part of the caller's transaction. */
export async function insertCheckpoint(
  tx: Db,
  row: CheckpointRow,
  told: readonly ChainHead[],
): Promise<void> {
  await tx.insert(checkpoints).values(row);
  await tx.execute(sql`
    insert into ${checkpointHeads} (workspace_id, stream, seq, hash)
    select ${row.workspaceId}, h.stream, h.seq, h.hash
    from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as h (stream text, seq integer, hash text)
    on conflict (workspace_id, stream) do update set seq = excluded.seq, hash = excluded.hash`);
}

/** The newest checkpoints of a workspace, newest first; `before` a number where one is given. */
export async function listNewestCheckpoints(
  db: Db,
  { workspaceId, limit, before }: { workspaceId: string; limit: number; before?: number },
): Promise<CheckpointSummary[]> {
  const isBefore = before === undefined ? undefined : lt(checkpoints.seq, before);
  return db
    .select(summaryColumns)
    .from(checkpoints)
    .where(and(eq(checkpoints.workspaceId, workspaceId), isBefore))
    .orderBy(desc(checkpoints.seq))
    .limit(limit);
}

/** A page of checkpoints, oldest first. */
export async function listCheckpoints(
  db: Db,
  { workspaceId, ...request }: PageRequest & { workspaceId: string },
): Promise<Page<CheckpointSummary>> {
  const limit = pageLimit(request);
  const after = request.cursor === undefined ? 0 : decodeSeqCursor(request.cursor);
  const rows = await db
    .select(summaryColumns)
    .from(checkpoints)
    .where(and(eq(checkpoints.workspaceId, workspaceId), gt(checkpoints.seq, after)))
    .orderBy(asc(checkpoints.seq))
    .limit(limit + 1);
  return toPage(rows, limit, ({ seq }) => [seq]);
}

/** One checkpoint with its heads; null when there is none of this number. */
export async function getCheckpoint(
  db: Db,
  { workspaceId, seq }: { workspaceId: string; seq: number },
): Promise<CheckpointRow | null> {
  const [row] = await db
    .select()
    .from(checkpoints)
    .where(and(eq(checkpoints.workspaceId, workspaceId), eq(checkpoints.seq, seq)));
  return row ?? null;
}

/** A page of the keys that a workspace's checkpoints are signed with, each with its first checkpoint. */
export async function listCheckpointKeys(
  db: Db,
  { workspaceId, ...request }: PageRequest & { workspaceId: string },
): Promise<Page<{ keyId: string; publicKey: string; fromSeq: number }>> {
  const limit = pageLimit(request);
  const after = request.cursor === undefined ? 0 : decodeSeqCursor(request.cursor);
  const { keyId, publicKey, seq } = checkpoints;
  const rows = await db
    .select({ keyId, publicKey, fromSeq: sql<number>`min(${seq})`.mapWith(Number) })
    .from(checkpoints)
    .where(eq(checkpoints.workspaceId, workspaceId))
    .groupBy(keyId, publicKey)
    .having(sql`min(${seq}) > ${after}`)
    .orderBy(asc(sql`min(${seq})`))
    .limit(limit + 1);
  return toPage(rows, limit, ({ fromSeq }) => [fromSeq]);
}
