import type { Db } from '../db/client.ts';
import { getItem } from '../db/item/items.ts';
import {
  forgetLateItem,
  getAddendum,
  insertAddendum,
  type LateItem,
  listLateItems,
  lockReadings,
  putOffLateItem,
} from '../db/item/kpi-addenda.ts';
import { getKpiReview, type KpiReviewRow } from '../db/item/kpi-reviews.ts';
import { listLatestReadings } from '../db/item/readings.ts';
import { addOutboxEvent } from '../db/outbound/outbox.ts';
import { inTransaction } from '../db/transaction.ts';
import { currentReview } from '../domain/item/context.ts';
import { placeOf } from '../domain/item/run.ts';
import { type Flip, flipsBetween } from '../domain/kpi/flips.ts';
import { judgeHereOrInThread, type judgeReview } from './review-judgement.ts';

/** Items that one look at a workspace judges; the rest waits for the next. */
const ITEMS_PER_LOOK = 50;
/** Flips that an event names; the addendum has all. */
const FLIPS_TOLD = 20;

type Judged = ReturnType<typeof judgeReview>['body'];

/** What is frozen in a review and in an addendum to it. Reviews of before have targets and verdicts alone. */
type Frozen = Pick<Judged, 'targets' | 'verdicts'> &
  Partial<Pick<Judged, 'guardrails' | 'evergreen' | 'checkpoints' | 'past'>>;

/**
 * Judges what came after reviews were frozen. Where a verdict is another by it, an addendum says so and the
 * strategist is asked; the review stays as it is. An item that cannot be judged keeps no other from it: it is
 * tried again after the others that wait.
 * @returns how many addenda there are more.
 * @throws Error when the database does not answer.
 */
export async function judgeLateReadings(
  db: Db,
  {
    workspaceId,
    onFailure,
  }: { workspaceId: string; onFailure: (itemId: string, error: unknown) => void },
): Promise<number> {
  let added = 0;
  for (const late of await listLateItems(db, { workspaceId, limit: ITEMS_PER_LOOK })) {
    try {
      if (await judgeItem(db, { workspaceId, ...late })) added += 1;
    } catch (error) {
      onFailure(late.itemId, error);
      await putOffLateItem(db, { workspaceId, itemId: late.itemId });
    }
  }
  return added;
}

async function judgeItem(
  db: Db,
  { workspaceId, itemId, times }: LateItem & { workspaceId: string },
): Promise<boolean> {
  const key = { workspaceId, itemId };
  return inTransaction(db, async (tx) => {
    await lockReadings(tx, key);
    const flipped = await judge(tx, key);
    await forgetLateItem(tx, { ...key, times });
    return flipped;
  });
}

async function judge(tx: Db, key: { workspaceId: string; itemId: string }): Promise<boolean> {
  const [item, review, last] = await Promise.all([
    getItem(tx, key),
    getKpiReview(tx, key),
    getAddendum(tx, key),
  ]);
  if (item === null || review === null) return false;
  const { context: present } = item.snapshot;
  // It is measured again: the review that follows judges with these readings itself.
  const isOver = (currentReview(present)?.number ?? review.number) > review.number;
  if (isOver || placeOf(item.snapshot) === 'measuring') return false;
  const before = frozenBefore(review, last);
  const readings = await listLatestReadings(tx, key);
  // By all that it was judged by then: nothing but the readings may turn a verdict.
  const { targets: kpiTargets, guardrails = [], evergreen = false, past = [] } = before;
  const brief = { kpiTargets, guardrails, evergreen };
  const context = { ...present, checkpoints: before.checkpoints ?? present.checkpoints };
  const { hash, body } = await judgeHereOrInThread({ context, brief, readings, past }, key);
  const flips = flipsBetween(before.verdicts, body.verdicts);
  if (flips.length === 0) return false;
  const number = (last?.number ?? 0) + 1;
  const addendum = await insertAddendum(tx, {
    ...key,
    id: `${review.id}_a${number}`,
    reviewNumber: review.number,
    number,
    hash,
    body: { ...body, flips, reviewHash: review.hash },
  });
  if (addendum === null) return false;
  const told = { reviewId: review.id, addendum: number, hash, flips: flips.slice(0, FLIPS_TOLD) };
  await addOutboxEvent(tx, {
    ...key,
    type: 'kpi_review.verdict_flipped',
    payload: { at: addendum.createdAt, actor: 'system', data: { ...told, ...leading(flips) } },
  });
  return true;
}

/** What was judged last: the review, or the latest addendum to it. */
function frozenBefore(review: KpiReviewRow, last: Awaited<ReturnType<typeof getAddendum>>): Frozen {
  const row = last !== null && last.reviewNumber === review.number ? last : review;
  // Both were stored by `judgeReview`.
  return row.body as unknown as Frozen;
}

/** The flip that a notice names: of the primary KPI, else the first. */
function leading(flips: readonly Flip[]): Record<string, string> {
  const lead = flips.find(({ primary }) => primary) ?? flips[0];
  return lead === undefined ? {} : { kpi: lead.kpi, was: lead.was, is: lead.is };
}
