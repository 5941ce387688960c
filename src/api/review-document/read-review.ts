import { itemTime } from '../../commands/command-facts.ts';
import type { Db } from '../../db/client.ts';
import { listUnavailable } from '../../db/item/checkpoint-replies.ts';
import { listStageChanges } from '../../db/item/item-events.ts';
import { getItem, type StoredItem } from '../../db/item/items.ts';
import { listPastFigures, listPastGrowth } from '../../db/item/kpi-figures.ts';
import { getKpiReview, listSignOffTexts } from '../../db/item/kpi-reviews.ts';
import { listReviewLearnings } from '../../db/item/learnings.ts';
import { listLatestReadings } from '../../db/item/readings.ts';
import { getReviewSuccessor } from '../../db/item/review-successors.ts';
import { getBrief } from '../../db/item/versions.ts';
import { inSnapshot } from '../../db/transaction.ts';
import { readMemberNames } from '../../db/workspace/members.ts';
import { currentReview, type Review } from '../../domain/item/context.ts';
import { comparedGrowth, ownGrowth } from '../../domain/kpi/growth.ts';
import { comparedAges, comparedPiece } from '../../domain/kpi/past-figures.ts';
import { runInThread } from '../../threads/threads.ts';
import { notFound } from '../gates/errors.ts';
import type { KpiReview } from './kpi-review-schema.ts';
import {
  frozenReviewView,
  PREVIEW,
  previewReview,
  type ReviewSurroundings,
} from './kpi-review-view.ts';

/** Readings that take less than the way to a thread. */
const JUDGED_HERE = 500;

/**
 * The review of a number, or the latest: as it was frozen, or what the readings say so far.
 * @throws ApiError `not_found`
 */
export async function readReview(
  db: Db,
  {
    workspaceId,
    itemId,
    number,
  }: { workspaceId: string; itemId: string; number: number | undefined },
): Promise<KpiReview> {
  const parts = await inSnapshot(db, (tx) => readParts(tx, { workspaceId, itemId, number }));
  if (parts.frozen !== null) {
    return frozenReviewView(parts.frozen, parts.context, parts.texts, parts.surroundings);
  }
  const { asked } = parts;
  return asked.readings.length > JUDGED_HERE
    ? runInThread(PREVIEW, asked, { workspaceId })
    : previewReview(asked);
}

/** The frozen review and what it is shown with, or what one that is not frozen is computed from. */
async function readParts(
  db: Db,
  { number, ...key }: { workspaceId: string; itemId: string; number: number | undefined },
) {
  const item = await getItem(db, key);
  if (item === null) throw notFound('item', key.itemId);
  const { context } = item.snapshot;
  const wanted = number ?? currentReview(context)?.number;
  const review = context.reviews.find((one) => one.number === wanted);
  const readNumbers = () =>
    Promise.all([
      context.brief === null ? null : getBrief(db, { ...key, hash: context.brief.hash }),
      listLatestReadings(db, key),
      listUnavailable(db, key),
    ]);
  const [stored, surroundings, numbers] = await Promise.all([
    wanted === undefined ? null : getKpiReview(db, { ...key, number: wanted }),
    readSurroundings(db, item, review),
    // A frozen review has its own.
    wanted === undefined ? readNumbers() : null,
  ]);
  // Stored a moment before the run hears of it: until then nothing can be signed on it.
  const frozen = context.reviews.some(({ hash }) => hash === stored?.hash) ? stored : null;
  if (frozen !== null) {
    const texts = await listSignOffTexts(db, { ...key, reviewId: frozen.id });
    return { frozen, context, texts, surroundings };
  }
  if (number !== undefined && number !== currentReview(context)?.number) {
    throw notFound('review', String(number));
  }
  const [brief, readings, unavailable] = numbers ?? (await readNumbers());
  const { kpiTargets: targets = [], guardrails = [] } = brief?.body ?? {};
  const ages = comparedAges({ targets, guardrails, readings });
  const compared = comparedGrowth(readings);
  const piece = { ...key, ...comparedPiece(context) };
  const [past, pastGrowth] = await Promise.all([
    listPastFigures(db, { ...piece, ages }),
    listPastGrowth(db, { ...piece, compared }),
  ]);
  const own = ownGrowth(compared, pastGrowth);
  const asked = { context, brief, readings, unavailable, past, own, surroundings };
  return { frozen: null, asked };
}

async function readSurroundings(
  db: Db,
  item: StoredItem,
  review: Review | undefined,
): Promise<ReviewSurroundings> {
  const { workspaceId, id: itemId, title } = item;
  const reviewId = review?.id ?? null;
  const memberIds = (review?.signOffs ?? []).map(({ memberId }) => memberId);
  const [stages, learnings, names, successor] = await Promise.all([
    listStageChanges(db, { workspaceId, itemId }),
    reviewId === null ? [] : listReviewLearnings(db, { workspaceId, itemId, reviewId }),
    memberIds.length === 0 ? new Map() : readMemberNames(db, { workspaceId, memberIds }),
    reviewId === null ? null : getReviewSuccessor(db, { workspaceId, reviewId }),
  ]);
  const carriedOnBy = successor?.itemId ?? null;
  return { title, stages, now: itemTime(item), learnings, names, carriedOnBy };
}
