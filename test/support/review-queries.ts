import type { Db } from '../../src/db/client.ts';
import { listStageChanges } from '../../src/db/item/item-events.ts';
import { type ItemKey, listReviewSteps } from '../../src/db/item/items.ts';
import * as kpiReviews from '../../src/db/item/kpi-reviews.ts';
import * as learnings from '../../src/db/item/learnings.ts';
import * as successors from '../../src/db/item/review-successors.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { readMemberNames } from '../../src/db/workspace/members.ts';
import { attemptsOf } from './reads.ts';

/** What a sign-off taught, and the item that carries its review on: the same one here. */
export async function fillReview(
  db: Db,
  { memberId, commandId, ...item }: ItemKey & { memberId: string; commandId: string },
): Promise<void> {
  const reviewId = `rev_${item.itemId}`;
  await learnings.insertLearnings(db, {
    ...item,
    reviewId,
    commandId,
    authorId: memberId,
    briefHash: 'h',
    learnings: [{ claim: 'learned' }],
  });
  await successors.setReviewSuccessor(db, {
    ...item,
    reviewId,
    sourceItemId: item.itemId,
    commandId,
  });
}

/** Each query of a review's answers, asked by a workspace. */
export function reviewReads(db: Db, { itemId }: ItemKey) {
  const reviewId = `rev_${itemId}`;
  return {
    listStageChanges: (workspaceId: string) => listStageChanges(db, { workspaceId, itemId }),
    findKpiReview: (workspaceId: string) => kpiReviews.findKpiReview(db, { workspaceId, reviewId }),
    listLearnings: (workspaceId: string) => learnings.listLearnings(db, { workspaceId }),
    listFittingLearnings: (workspaceId: string) =>
      learnings.listFittingLearnings(db, {
        workspaceId,
        itemId: 'itm_other',
        brief: { formats: ['written'] },
        limit: 5,
      }),
    listReviewLearnings: (workspaceId: string) =>
      learnings.listReviewLearnings(db, { workspaceId, itemId, reviewId }),
    getReviewSuccessor: (workspaceId: string) =>
      successors.getReviewSuccessor(db, { workspaceId, reviewId }),
    listReviewSuccessors: (workspaceId: string) =>
      successors.listReviewSuccessors(db, { workspaceId, itemId }),
  };
}

/** The same functions where they write, on what is not one's own. */
export function reviewAttempts(
  db: Db,
  { memberId, ...item }: ItemKey & { memberId: string },
): Record<string, () => Promise<unknown>> {
  const { workspaceId } = item;
  const reviewId = 'rev_stolen';
  const commandId = 'http:key_x:stolen';
  return {
    ...attemptsOf(reviewReads(db, item), item),
    listReviewSteps: () => listReviewSteps(db, { workspaceId }),
    readMemberNames: async () => [
      ...(await readMemberNames(db, { workspaceId, memberIds: [memberId] })),
    ],
    insertLearnings: () =>
      learnings.insertLearnings(db, {
        ...item,
        reviewId,
        commandId,
        authorId: memberId,
        briefHash: 'h',
        learnings: [{ claim: 'stolen' }],
      }),
    setReviewSuccessor: () =>
      successors.setReviewSuccessor(db, {
        ...item,
        reviewId: `rev_${item.itemId}`,
        sourceItemId: item.itemId,
        commandId,
      }),
    lockReview: () =>
      inTransaction(db, (tx) => successors.lockReview(tx, { workspaceId, reviewId })),
  };
}
