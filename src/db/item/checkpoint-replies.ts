import { and, eq, ne, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { checkpointReplies } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { type ItemKey, isOfItem } from './items.ts';
import { appendReadings, type NewReading } from './readings.ts';

export type ReplyRow = typeof checkpointReplies.$inferSelect;

export interface CheckpointKey {
  workspaceId: string;
  publicationId: string;
  checkpoint: string;
}

type ReplyKey = ItemKey & CheckpointKey & { source: string };

/** What the sources said so far for a checkpoint. */
export async function listReplies(db: Db, key: CheckpointKey): Promise<ReplyRow[]> {
  return db
    .select()
    .from(checkpointReplies)
    .where(isOfCheckpoint(key))
    .orderBy(checkpointReplies.source);
}

/** Sources that gave no numbers for a checkpoint, and what they said instead. At most `MOST_SHOWN`. */
export async function listUnavailable(
  db: Db,
  key: ItemKey,
): Promise<{ publicationId: string; checkpoint: string; source: string; reason: string }[]> {
  const { publicationId, checkpoint, source, reason } = checkpointReplies;
  const rows = await db
    .select({ publicationId, checkpoint, source, reason })
    .from(checkpointReplies)
    .where(and(isOfItem(checkpointReplies, key), ne(checkpointReplies.state, 'answered')))
    .orderBy(publicationId, checkpoint, source)
    .limit(MOST_SHOWN);
  return rows.map((row) => ({ ...row, reason: row.reason ?? '' }));
}

const MOST_SHOWN = 1_000;

/**
 * Stores the one set of readings of a source at a checkpoint, whole or not at all.
 * @returns false when the source had answered before: then that set stands, and this one is dropped.
 */
export function storeAnswer(
  db: Db,
  { key, at, readings }: { key: ReplyKey; at: string; readings: readonly NewReading[] },
): Promise<boolean> {
  const { workspaceId, itemId } = key;
  return inTransaction(db, async (tx) => {
    const answered = { state: 'answered', reason: null, askAfter: null, askedAt: at } as const;
    // Whoever comes second waits for the row, and then finds it answered.
    const [row] = await tx
      .insert(checkpointReplies)
      .values({ ...key, ...answered, attempts: 1 })
      .onConflictDoUpdate({
        target: KEY,
        set: { ...answered, attempts: sql`${checkpointReplies.attempts} + 1` },
        setWhere: ne(checkpointReplies.state, 'answered'),
      })
      .returning();
    if (row === undefined) return false;
    await appendReadings(tx, { workspaceId, itemId, additions: readings });
    return true;
  });
}

/** Notes what a source said instead of numbers. An answer that stands is not touched. */
export async function noteFailure(
  db: Db,
  {
    key,
    ...failure
  }: { key: ReplyKey } & Pick<ReplyRow, 'reason' | 'askAfter'> & {
      state: 'waits' | 'gave_up';
      at: string;
    },
): Promise<void> {
  const { at: askedAt, ...said } = failure;
  await db
    .insert(checkpointReplies)
    .values({ ...key, ...said, askedAt, attempts: 1 })
    .onConflictDoUpdate({
      target: KEY,
      set: { ...said, askedAt, attempts: sql`${checkpointReplies.attempts} + 1` },
      setWhere: ne(checkpointReplies.state, 'answered'),
    });
}

const KEY = [
  checkpointReplies.workspaceId,
  checkpointReplies.publicationId,
  checkpointReplies.checkpoint,
  checkpointReplies.source,
];

function isOfCheckpoint({ workspaceId, publicationId, checkpoint }: CheckpointKey) {
  return and(
    eq(checkpointReplies.workspaceId, workspaceId),
    eq(checkpointReplies.publicationId, publicationId),
    eq(checkpointReplies.checkpoint, checkpoint),
  );
}
