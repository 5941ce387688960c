import type { Db } from '../db/client.ts';
import type { StoredItem } from '../db/item/items.ts';
import { listFittingLearnings } from '../db/item/learnings.ts';
import { listReviewSuccessors } from '../db/item/review-successors.ts';
import { getBrief } from '../db/item/versions.ts';
import type { Item } from './item-schema.ts';
import { learningView } from './review-document/learning-view.ts';

/** Learnings that an item in briefing is offered. */
const OFFERED = 5;

/** What other items have to say to an item: where it comes from, what follows it, what they taught. */
export async function readItemsAround(
  db: Db,
  row: StoredItem,
): Promise<Pick<Item, 'carriesOn' | 'carriedOnBy' | 'learnings'>> {
  const key = { workspaceId: row.workspaceId, itemId: row.id };
  const [successions, learnings] = await Promise.all([
    listReviewSuccessors(db, key),
    row.stage === 'briefing' ? fittingLearnings(db, row) : null,
  ]);
  const before = successions.find(({ itemId }) => itemId === row.id);
  const after = successions.filter(({ sourceItemId }) => sourceItemId === row.id);
  return {
    ...(before !== undefined && {
      carriesOn: { reviewId: before.reviewId, itemId: before.sourceItemId },
    }),
    ...(after.length > 0 && {
      carriedOnBy: after.map(({ reviewId, itemId }) => ({ reviewId, itemId })),
    }),
    ...(learnings !== null && { learnings }),
  };
}

async function fittingLearnings(
  db: Db,
  { workspaceId, id: itemId, snapshot }: StoredItem,
): Promise<NonNullable<Item['learnings']>> {
  const { brief: digest } = snapshot.context;
  if (digest === null) return [];
  const brief = await getBrief(db, { workspaceId, itemId, hash: digest.hash });
  if (brief === null) return [];
  const asked = { workspaceId, itemId, brief: brief.body, limit: OFFERED };
  return (await listFittingLearnings(db, asked)).map(learningView);
}
