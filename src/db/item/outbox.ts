import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { outbox } from '../schema/index.ts';

export type OutboxRow = typeof outbox.$inferSelect;

/**
 * Rows of every workspace that were not handed on, in order per item. There is no order between
 * items, and none is needed: a row is done when it is marked, not when a reader has passed it.
 */
export async function listWaitingOutbox(
  db: Db,
  { limit }: { limit: number },
): Promise<OutboxRow[]> {
  return db
    .select()
    .from(outbox)
    .where(isNull(outbox.dispatchedAt))
    .orderBy(asc(outbox.itemId), asc(outbox.seq), asc(outbox.ordinal))
    .limit(limit);
}

/** Marks a row as handed on. Again is fine. */
export async function markDispatched(
  db: Db,
  { workspaceId, id }: { workspaceId: string; id: string },
): Promise<void> {
  await db
    .update(outbox)
    .set({ dispatchedAt: sql`coalesce(${outbox.dispatchedAt}, now())` })
    .where(and(eq(outbox.id, id), eq(outbox.workspaceId, workspaceId)));
}
