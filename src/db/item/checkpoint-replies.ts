import { and, eq, isNotNull, lte, ne, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { checkpointReplies, items } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { type ItemKey, isOfItem } from './items.ts';
import { appendReadings, type NewReading } from './readings.ts';

export type ReplyRow = typeof checkpointReplies.$inferSelect;

export interface CheckpointKey {
  workspaceId: string;
  publicationId: string;
  checkpoint: string;
}

export type ReplyKey = ItemKey & CheckpointKey & { source: string };

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
 * @param answer `settleAt`: when provisional ones may be read for good, by the item's clock.
 * @returns false when the source had answered before: then that set stands, and this one is dropped.
 */
export function storeAnswer(
  db: Db,
  {
    key,
    at,
    readings,
    settleAt,
  }: {
    key: ReplyKey;
    at: string;
    readings: readonly NewReading[];
    settleAt: string | null;
  },
): Promise<boolean> {
  const { workspaceId, itemId } = key;
  return inTransaction(db, async (tx) => {
    const said = { reason: null, askAfter: null, askedAt: at, settleAt };
    const answered = { state: 'answered', ...said } as const;
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

/** An answer with provisional numbers, and which of those looks for settled ones this would be. */
export interface UnsettledReply extends ReplyKey {
  settleAt: string;
  attempts: number;
}

/** Answers whose numbers should have settled by the clock of their item, the longest waiting first. */
export async function listUnsettled(
  db: Db,
  { workspaceId, limit }: { workspaceId: string; limit: number },
): Promise<UnsettledReply[]> {
  const { itemId, publicationId, checkpoint, source, settleAt, settleAttempts } = checkpointReplies;
  const itemNow = sql`now() + ${items.clockOffsetMs} * interval '1 millisecond'`;
  const rows = await db
    .select({ itemId, publicationId, checkpoint, source, settleAt, attempts: settleAttempts })
    .from(checkpointReplies)
    .innerJoin(
      items,
      and(eq(items.workspaceId, checkpointReplies.workspaceId), eq(items.id, itemId)),
    )
    .where(
      and(
        eq(checkpointReplies.workspaceId, workspaceId),
        isNotNull(settleAt),
        lte(settleAt, itemNow),
      ),
    )
    .orderBy(settleAt, publicationId, checkpoint, source)
    .limit(limit);
  return rows.map((row) => ({ ...row, workspaceId, settleAt: row.settleAt ?? '' }));
}

/**
 * Stores what a source says once its numbers have settled, beside its answer of before.
 * @returns false when somebody else has: then this is dropped.
 */
export function storeSettled(
  db: Db,
  { reply, readings }: { reply: UnsettledReply; readings: readonly NewReading[] },
): Promise<boolean> {
  const { workspaceId, itemId } = reply;
  return inTransaction(db, async (tx) => {
    if (!(await settle(tx, reply, { settleAt: null }))) return false;
    await appendReadings(tx, { workspaceId, itemId, additions: readings });
    return true;
  });
}

/** @param next when the source is asked again; null: no more, and its answer stays provisional. */
export async function postponeSettling(
  db: Db,
  reply: UnsettledReply,
  next: { settleAt: string | null; attempts: number },
): Promise<void> {
  await settle(db, reply, { settleAt: next.settleAt, settleAttempts: next.attempts });
}

async function settle(
  db: Db,
  { settleAt, source, ...key }: UnsettledReply,
  change: { settleAt: string | null; settleAttempts?: number },
): Promise<boolean> {
  const changed = await db
    .update(checkpointReplies)
    .set(change)
    .where(
      and(
        isOfCheckpoint(key),
        eq(checkpointReplies.source, source),
        eq(checkpointReplies.settleAt, settleAt),
      ),
    )
    .returning({ source: checkpointReplies.source });
  return changed.length > 0;
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
