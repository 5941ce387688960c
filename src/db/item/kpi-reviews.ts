import { and, asc, desc, eq, sql } from 'drizzle-orm';
import type { OwnerRole } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { comments, itemEvents, kpiReviews } from '../schema/index.ts';
import type { CommentRow } from './comments.ts';
import { type ItemKey, isOfItem } from './items.ts';

export type KpiReviewRow = typeof kpiReviews.$inferSelect;

/**
 * Freezes a review, or finds the one frozen before under the same number: a repeated freeze must
 * not see readings that came in between, so the first one stays.
 */
export async function freezeKpiReview(
  db: Db,
  review: Omit<KpiReviewRow, 'createdAt'>,
): Promise<KpiReviewRow> {
  const [created] = await db.insert(kpiReviews).values(review).onConflictDoNothing().returning();
  const row = created ?? (await getKpiReview(db, review));
  if (row === null) throw new Error(`review ${review.id} is neither new nor stored`);
  return row;
}

/** One review of an item, the latest when no number is given. */
export async function getKpiReview(
  db: Db,
  { number, ...key }: ItemKey & { number?: number | undefined },
): Promise<KpiReviewRow | null> {
  const [row] = await db
    .select()
    .from(kpiReviews)
    .where(
      and(isOfItem(kpiReviews, key), ...ifGiven(number, (wanted) => eq(kpiReviews.number, wanted))),
    )
    .orderBy(desc(kpiReviews.number))
    .limit(1);
  return row ?? null;
}

/** A frozen review by its id. */
export async function findKpiReview(
  db: Db,
  { workspaceId, reviewId }: { workspaceId: string; reviewId: string },
): Promise<KpiReviewRow | null> {
  const [row] = await db
    .select()
    .from(kpiReviews)
    .where(and(eq(kpiReviews.workspaceId, workspaceId), eq(kpiReviews.id, reviewId)));
  return row ?? null;
}

/** What was written with a sign-off. */
export interface SignOffText extends Pick<CommentRow, 'kind' | 'text'> {
  role: OwnerRole;
}

/** The comments and learnings of a review's sign-offs, oldest first: only what was applied has an event. */
export async function listSignOffTexts(
  db: Db,
  { reviewId, ...key }: ItemKey & { reviewId: string },
): Promise<SignOffText[]> {
  return db
    .select({
      role: sql<OwnerRole>`${itemEvents.data} ->> 'role'`,
      kind: comments.kind,
      text: comments.text,
    })
    .from(itemEvents)
    .innerJoin(
      comments,
      and(
        eq(comments.commandId, itemEvents.commandId),
        eq(comments.workspaceId, itemEvents.workspaceId),
      ),
    )
    .where(
      and(
        isOfItem(itemEvents, key),
        eq(itemEvents.type, 'kpi_review.signed_off'),
        sql`${itemEvents.data} ->> 'reviewId' = ${reviewId}`,
      ),
    )
    .orderBy(asc(itemEvents.seq));
}
