import { and, asc, eq, isNotNull, lte, ne, or, sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import type { CommandRow } from './commands.ts';
import { commands, itemEvents, items } from './schema/index.ts';

/** Commands that still have no verdict `olderThanMs` after they were stored, oldest first. */
export async function findCommandsWithoutVerdict(
  db: Db,
  {
    workspaceId,
    olderThanMs,
    limit = 200,
  }: { workspaceId: string; olderThanMs: number; limit?: number },
): Promise<CommandRow[]> {
  return db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.workspaceId, workspaceId),
        eq(commands.state, 'pending'),
        lte(commands.createdAt, sql`now() - ${olderThanMs} * interval '1 millisecond'`),
      ),
    )
    .orderBy(asc(commands.createdAt), asc(commands.id))
    .limit(limit);
}

/** Commands that stand refused although the run applied them. There should never be one. */
export async function findContradictions(
  db: Db,
  { workspaceId, limit = 200 }: { workspaceId: string; limit?: number },
): Promise<CommandRow[]> {
  return db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.workspaceId, workspaceId),
        eq(commands.state, 'refused'),
        isNotNull(commands.appliedSeq),
      ),
    )
    .orderBy(asc(commands.settledAt), asc(commands.id))
    .limit(limit);
}

export interface EventGap {
  itemId: string;
  /** Where the item's row stands. */
  seq: number;
  /** The last event stored. */
  lastSeq: number;
  /** How many events up to `lastSeq` are not stored. */
  missing: number;
  updatedAt: string;
}

/**
 * Items whose stored events have a hole, or do not reach exactly as far as their row. One that has
 * just appeared may heal by itself: events of two commands can be projected in either order.
 */
export async function findEventGaps(
  db: Db,
  { workspaceId, limit = 200 }: { workspaceId: string; limit?: number },
): Promise<EventGap[]> {
  const chain = db
    .select({
      itemId: itemEvents.itemId,
      stored: sql<number>`count(*)::integer`.as('stored'),
      lastSeq: sql<number>`max(${itemEvents.seq})`.as('last_seq'),
    })
    .from(itemEvents)
    .where(eq(itemEvents.workspaceId, workspaceId))
    .groupBy(itemEvents.itemId)
    .as('chain');
  const lastSeq = sql<number>`coalesce(${chain.lastSeq}, 0)`;
  const missing = sql<number>`coalesce(${chain.lastSeq} - ${chain.stored}, 0)`;
  return db
    .select({ itemId: items.id, seq: items.seq, lastSeq, missing, updatedAt: items.updatedAt })
    .from(items)
    .leftJoin(chain, eq(chain.itemId, items.id))
    .where(
      and(eq(items.workspaceId, workspaceId), or(ne(missing, 0), sql`${lastSeq} <> ${items.seq}`)),
    )
    .orderBy(asc(items.updatedAt), asc(items.id))
    .limit(limit);
}
