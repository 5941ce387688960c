import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { readingImports, readingPreviews } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { type ImportKey, isRunning, type ReadingImportRow } from './reading-imports.ts';

/** Whoever has a turn and has been silent for so long has died. */
export const SILENT_MS = 60_000;

/** Why an import failed that has been silent. */
export const DIED = 'whoever imported it was stopped: send the file again';

export interface PreviewKey {
  workspaceId: string;
  previewId: string;
}

/** @param limit of imports and previews of the workspace that run at once. */
interface Limited {
  limit: number;
}

/** @returns null when as many of the workspace run as may. */
export function beginImport(
  db: Db,
  {
    limit,
    ...row
  }: Pick<ReadingImportRow, 'id' | 'workspaceId' | 'mapping' | 'createdBy'> & Limited,
): Promise<ReadingImportRow | null> {
  return inTransaction(db, async (tx) => {
    if (!(await hasRoom(tx, { workspaceId: row.workspaceId, limit }))) return null;
    const [made] = await tx.insert(readingImports).values(row).returning();
    return made ?? null;
  });
}

/** @returns false when as many of the workspace run as may. */
export function beginPreview(
  db: Db,
  { limit, workspaceId, previewId: id }: PreviewKey & Limited,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    if (!(await hasRoom(tx, { workspaceId, limit }))) return false;
    await tx.insert(readingPreviews).values({ id, workspaceId });
    return true;
  });
}

/** Puts away whoever has died first. One after the other asks: two never take the last turn. */
async function hasRoom(
  tx: Db,
  { workspaceId, limit }: { workspaceId: string } & Limited,
): Promise<boolean> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`imports ${workspaceId}`}, 0))`,
  );
  const isSilent = sql`seen_at < now() - make_interval(secs => ${SILENT_MS / 1_000})`;
  await tx.execute(sql`update reading_imports
    set state = 'failed', ended_at = now(), failure = ${DIED}
    where workspace_id = ${workspaceId} and state = 'running' and ${isSilent}`);
  await tx.execute(
    sql`delete from reading_previews where workspace_id = ${workspaceId} and ${isSilent}`,
  );
  const { rows } = await tx.execute(sql`
    select from reading_imports where workspace_id = ${workspaceId} and state = 'running'
    union all
    select from reading_previews where workspace_id = ${workspaceId}
    limit ${limit}`);
  return rows.length < limit;
}

/** It is alive. */
export async function noteImport(db: Db, key: ImportKey): Promise<void> {
  await db.update(readingImports).set({ seenAt: sql`now()` }).where(isRunning(key));
}

/** It is alive. */
export async function notePreview(db: Db, key: PreviewKey): Promise<void> {
  await db.update(readingPreviews).set({ seenAt: sql`now()` }).where(isPreview(key));
}

export async function endImport(
  db: Db,
  { failure, ...key }: ImportKey & { failure: string | null },
): Promise<void> {
  await db
    .update(readingImports)
    .set({
      state: failure === null ? 'done' : 'failed',
      failure: failure?.slice(0, 500).toWellFormed() ?? null,
      endedAt: sql`now()`,
    })
    .where(isRunning(key));
}

export async function endPreview(db: Db, key: PreviewKey): Promise<void> {
  await db.delete(readingPreviews).where(isPreview(key));
}

function isPreview({ workspaceId, previewId }: PreviewKey) {
  return and(eq(readingPreviews.id, previewId), eq(readingPreviews.workspaceId, workspaceId));
}
