import { and, asc, eq, or, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { reviewSuccessors } from '../schema/index.ts';
import type { ItemKey } from './items.ts';

export type ReviewSuccessorRow = typeof reviewSuccessors.$inferSelect;

/** The item that carries on a review; null while nobody started one. */
export async function getReviewSuccessor(
  db: Db,
  { workspaceId, reviewId }: Pick<ReviewSuccessorRow, 'workspaceId' | 'reviewId'>,
): Promise<ReviewSuccessorRow | null> {
  const [row] = await db
    .select()
    .from(reviewSuccessors)
    .where(
      and(eq(reviewSuccessors.workspaceId, workspaceId), eq(reviewSuccessors.reviewId, reviewId)),
    );
  return row ?? null;
}

/**
 * Holds whoever else carries on the same review until the transaction ends: the second one then finds
 * the first one's item.
 */
export async function lockReview(
  tx: Db,
  { workspaceId, reviewId }: Pick<ReviewSuccessorRow, 'workspaceId' | 'reviewId'>,
): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`successor ${workspaceId} ${reviewId}`}, 0))`,
  );
}

/** Notes the item that carries on a review. One whose start came to nothing makes room. */
export async function setReviewSuccessor(
  tx: Db,
  row: Omit<ReviewSuccessorRow, 'createdAt'>,
): Promise<void> {
  const { itemId, commandId } = row;
  await tx
    .insert(reviewSuccessors)
    .values(row)
    .onConflictDoUpdate({
      target: [reviewSuccessors.workspaceId, reviewSuccessors.reviewId],
      set: { itemId, commandId },
    });
}

/** What an item carries on, and what carries it on. */
export async function listReviewSuccessors(
  db: Db,
  { workspaceId, itemId }: ItemKey,
): Promise<ReviewSuccessorRow[]> {
  return db
    .select()
    .from(reviewSuccessors)
    .where(
      and(
        eq(reviewSuccessors.workspaceId, workspaceId),
        or(eq(reviewSuccessors.itemId, itemId), eq(reviewSuccessors.sourceItemId, itemId)),
      ),
    )
    .orderBy(asc(reviewSuccessors.createdAt), asc(reviewSuccessors.reviewId));
}
