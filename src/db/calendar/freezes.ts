import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { lockSends } from '../publishing/send-blocks.ts';
import { freezes } from '../schema/index.ts';

export type FreezeRow = typeof freezes.$inferSelect;

/**
 * Stops every send of a workspace: once this is committed, nobody takes the right to send. Call it in
 * a transaction.
 * @returns null when a freeze stands already.
 */
export async function insertFreeze(
  tx: Db,
  freeze: Pick<FreezeRow, 'workspaceId' | 'reason' | 'frozenBy'>,
): Promise<FreezeRow | null> {
  await lockSends(tx, freeze);
  const [row] = await tx
    .insert(freezes)
    .values({ id: newId('freeze'), ...freeze })
    .onConflictDoNothing()
    .returning();
  return row ?? null;
}

/** @returns null when none stands. */
export async function liftFreeze(
  db: Db,
  {
    workspaceId,
    liftReason,
    liftedBy,
  }: { workspaceId: string; liftReason: string; liftedBy: string },
): Promise<FreezeRow | null> {
  const [row] = await db
    .update(freezes)
    .set({ liftReason, liftedBy, liftedAt: sql`now()` })
    .where(and(eq(freezes.workspaceId, workspaceId), isNull(freezes.liftedAt)))
    .returning();
  return row ?? null;
}

/** The latest freezes of a workspace; the first one stands if it is not lifted. */
export async function listFreezes(
  db: Db,
  { workspaceId, limit }: { workspaceId: string; limit: number },
): Promise<FreezeRow[]> {
  return db
    .select()
    .from(freezes)
    .where(eq(freezes.workspaceId, workspaceId))
    .orderBy(desc(freezes.frozenAt), desc(freezes.id))
    .limit(limit);
}
