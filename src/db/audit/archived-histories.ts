import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { and, asc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type ItemKey, isOfItem } from '../item/items.ts';
import { archivedHistories } from '../schema/index.ts';

export interface ArchivedHistory {
  runId: string;
  /** JSON of the engine's history, as it was given. */
  history: string;
  /** Hex SHA-256 of the UTF-8 bytes of `history`. */
  sha256: string;
  archivedAt: string;
}

/**
 * Keeps the engine's history of a run. Archived again, the first copy stays.
 * @returns hex SHA-256 of the stored text.
 */
export async function archiveHistory(
  db: Db,
  { workspaceId, itemId, runId, history }: ItemKey & { runId: string; history: string },
): Promise<string> {
  const sha256 = createHash('sha256').update(history, 'utf8').digest('hex');
  const compressed = await promisify(gzip)(history);
  const [created] = await db
    .insert(archivedHistories)
    .values({ workspaceId, itemId, runId, history: compressed, sha256 })
    .onConflictDoNothing()
    .returning({ sha256: archivedHistories.sha256 });
  if (created !== undefined) return created.sha256;
  const [earlier] = await db
    .select({ sha256: archivedHistories.sha256 })
    .from(archivedHistories)
    .where(
      and(isOfItem(archivedHistories, { workspaceId, itemId }), eq(archivedHistories.runId, runId)),
    );
  if (earlier === undefined) throw new Error(`history of ${runId} is neither new nor stored`);
  return earlier.sha256;
}

/** The kept history of one run, as it was given; null when there is none. */
export async function readArchivedHistory(
  db: Db,
  { runId, ...key }: ItemKey & { runId: string },
): Promise<string | null> {
  const [row] = await db
    .select({ history: archivedHistories.history })
    .from(archivedHistories)
    .where(and(isOfItem(archivedHistories, key), eq(archivedHistories.runId, runId)));
  return row === undefined ? null : (await promisify(gunzip)(row.history)).toString('utf8');
}

/** The kept histories of an item, in the order of its runs. */
export async function readArchivedHistories(db: Db, key: ItemKey): Promise<ArchivedHistory[]> {
  const rows = await db
    .select()
    .from(archivedHistories)
    .where(isOfItem(archivedHistories, key))
    .orderBy(asc(archivedHistories.archivedAt), asc(archivedHistories.runId));
  return Promise.all(
    rows.map(async ({ runId, history, sha256, archivedAt }) => {
      const text = (await promisify(gunzip)(history)).toString('utf8');
      return { runId, history: text, sha256, archivedAt };
    }),
  );
}
