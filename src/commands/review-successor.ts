import type { Db } from '../db/client.ts';
import { type CommandRow, getCommand } from '../db/item/commands.ts';
import { getItem, type ItemKey } from '../db/item/items.ts';
import { getAddendum } from '../db/item/kpi-addenda.ts';
import { findKpiReview } from '../db/item/kpi-reviews.ts';
import { listReviewLearnings } from '../db/item/learnings.ts';
import { getReviewSuccessor, lockReview } from '../db/item/review-successors.ts';
import { getBrief } from '../db/item/versions.ts';
import type { StartItemBody } from '../domain/item/command-bodies.ts';
import type { Brief } from '../domain/item/content/brief.ts';
import type { Review } from '../domain/item/context.ts';
import { leadDecision } from '../domain/item/review-decision.ts';
import { learningsText } from '../domain/kpi/learning.ts';
import type { ReviewDecision } from '../domain/kpi/recommendation.ts';
import type { BodyIssue } from './command-outcome.ts';

/** Decisions that ask for a next piece. */
const CARRIED_ON: readonly (string | null)[] = [
  'iterate',
  'scale',
  'recycle',
] satisfies ReviewDecision[];

const MAX_TITLE = 280;
const MAX_LEARNINGS = 10_000;

/** A start as it is stored: with its title, and with the item whose review it carries on. */
export interface CompleteStart {
  body: StartItemBody & { title: string };
  sourceItemId: string | null;
}

/**
 * What a start is with what the review gives it: the brief of its item without what was of its time, and
 * the learnings. What the body itself says comes first.
 */
export async function completeStart(
  db: Db,
  { workspaceId, body }: { workspaceId: string; body: StartItemBody },
): Promise<CompleteStart | { issues: BodyIssue[] }> {
  const { fromReview: reviewId, title } = body;
  if (reviewId === undefined) {
    return { body: { ...body, title: title ?? '' }, sourceItemId: null };
  }
  const review = await findKpiReview(db, { workspaceId, reviewId });
  if (review === null) return refused('is not a review of this workspace');
  const { itemId } = review;
  const item = await getItem(db, { workspaceId, itemId });
  const context = item?.snapshot.context;
  const signed = context?.reviews.find(({ id }) => id === reviewId);
  if (item === null || context === undefined || signed === undefined || item.stage !== 'closed') {
    return refused('is not signed by all three roles yet');
  }
  const decision = await standingDecision(db, { workspaceId, itemId }, signed);
  if (!CARRIED_ON.includes(decision)) {
    return refused(`decided ${decision}: only iterate, scale and recycle start a next item`);
  }
  const [brief, learnings] = await Promise.all([
    getBrief(db, { workspaceId, itemId, hash: context.brief?.hash ?? '' }),
    listReviewLearnings(db, { workspaceId, itemId, reviewId }),
  ]);
  const head = `From the KPI review ${reviewId} of ${itemId}, “${item.title}”. It decided: ${decision}.`;
  const claims = learnings.map(({ claim, evidence, confidence }) => ({
    claim,
    ...(evidence !== null && { evidence }),
    ...(confidence !== null && { confidence }),
  }));
  const taught = [head, ...(claims.length === 0 ? [] : [learningsText(claims)])].join('\n');
  return {
    sourceItemId: itemId,
    body: {
      ...body,
      title: title ?? `${item.title.slice(0, MAX_TITLE).toWellFormed()} (${decision})`,
      brief: {
        ...lastingParts(brief?.body ?? {}),
        learnings: taught.slice(0, MAX_LEARNINGS).toWellFormed(),
        ...body.brief,
      },
    },
  };
}

/** What was decided on a review that is signed, or decided again by late readings. */
export async function standingDecision(
  db: Db,
  key: ItemKey,
  review: Review,
): Promise<string | null> {
  const turned = await getAddendum(db, { ...key, reviewNumber: review.number, decided: true });
  return turned?.decision ?? leadDecision(review);
}

function lastingParts({
  dueAt: _,
  embargoUntil: __,
  notes: ___,
  learnings: ____,
  ...brief
}: Brief): Brief {
  return brief;
}

function refused(message: string): { issues: BodyIssue[] } {
  return { issues: [{ path: ['fromReview'], message }] };
}

/**
 * The start that carries on a review already, if one does.
 * @param tx the transaction that stores the start: until it ends, nobody else carries on the review.
 */
export async function earlierSuccessor(
  tx: Db,
  key: { workspaceId: string; reviewId: string },
): Promise<CommandRow | { issues: BodyIssue[] } | null> {
  await lockReview(tx, key);
  const successor = await getReviewSuccessor(tx, key);
  if (successor === null) return null;
  const { workspaceId } = key;
  const command = await getCommand(tx, { workspaceId, id: successor.commandId });
  // Tidied away: its item was closed long ago.
  if (command === null) return refused(`is carried on by ${successor.itemId} already`);
  const isOver = command.state === 'refused' || command.state === 'expired';
  return isOver ? null : command;
}
