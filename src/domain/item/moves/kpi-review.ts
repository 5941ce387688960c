import { derivedId } from '../../ids.ts';
import type { ReviewDecision } from '../../kpi/recommendation.ts';
import type { ReviewPayloads } from '../commands/kpi-review.ts';
import type { Command, SystemEvent } from '../commands.ts';
import { currentReview, type ItemContext } from '../context.ts';
import { newCheckpoint, skipped } from '../publication-record.ts';
import type { Checkpoint, SignOff } from '../record-schema.ts';
import { openRefusals } from '../refusals.ts';
import { rolesYetToSign } from '../responsible.ts';
import { decisionAlone, leadDecision, peerDecision } from '../review-decision.ts';
import type { CommandDefinitions } from './command.ts';
import { type Move, merge, NOTHING, recorded } from './move.ts';

export function settleCheckpoint(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'checkpoint_recorded' | 'checkpoint_missed' }>,
): Move {
  const { publicationId, checkpoint, at: settledAt, unavailable } = event;
  const state = event.type === 'checkpoint_recorded' ? 'recorded' : 'missing';
  const isMeant = (record: Checkpoint) =>
    record.state === 'due' &&
    record.publicationId === publicationId &&
    record.checkpoint === checkpoint;
  if (!context.checkpoints.some(isMeant)) return NOTHING;
  const checkpoints = context.checkpoints.map(
    (record): Checkpoint => (isMeant(record) ? { ...record, state, settledAt } : record),
  );
  return recorded({ checkpoints }, `kpi_checkpoint.${state}`, {
    publicationId,
    checkpoint,
    ...(unavailable !== undefined && { unavailable }),
  });
}

/** Opens a KPI review; its readings are frozen by the effect that goes with it. */
export function openReview(context: ItemContext): Move {
  const number = context.reviews.length + 1;
  const review = {
    id: derivedId('review', context.itemId, number),
    number,
    hash: null,
    signOffs: [],
    extendTo: null,
  };
  const reviews = [...context.reviews, review];
  return recorded({ reviews }, 'kpi_review.opened', { reviewId: review.id, number });
}

/**
 * Binds the review to its frozen readings, once. The activity that froze them could ask the business
 * calendar, which the checkpoint that opened the review could not: its clock replaces the plain one.
 */
export function freezeReview(
  context: ItemContext,
  { reviewId, hash, recommended, clocks }: Extract<SystemEvent, { type: 'review_frozen' }>,
): Move {
  const review = context.reviews.find(({ id }) => id === reviewId);
  if (review === undefined || review.hash !== null) return NOTHING;
  const { clock } = context;
  const steps = clocks?.kpi_review;
  const advice = recommended === undefined ? {} : { recommended };
  const change = {
    reviews: context.reviews.map((open) =>
      open.id === reviewId ? { ...open, hash, ...advice } : open,
    ),
    ...(steps !== undefined &&
      clock?.stage === 'kpi_review' &&
      clock.fired === 0 && { clock: { ...clock, steps } }),
  };
  return recorded(change, 'kpi_review.frozen', { reviewId, hash, ...advice });
}

function signOff(context: ItemContext, { refs, actor, at }: Command<'sign_off'>): Move {
  const review = currentReview(context);
  if (review === null) return NOTHING;
  const lead = review.signOffs.find(({ role }) => role === 'strategist')?.decision;
  const decision = refs.role === 'strategist' ? refs.decision : peerDecision(refs.decision, lead);
  const signed = {
    ...review,
    signOffs: [...review.signOffs, { role: refs.role, memberId: actor.memberId, decision, at }],
    extendTo:
      refs.role === 'strategist' && refs.decision === 'extend_measurement'
        ? (refs.extendTo ?? null)
        : review.extendTo,
  };
  const reviews = [...context.reviews.slice(0, -1), signed];
  const move = recorded({ reviews }, 'kpi_review.signed_off', {
    reviewId: review.id,
    reviewHash: review.hash,
    role: refs.role,
    decision,
    commentId: refs.commentId ?? null,
  });
  const alone = decisionAlone(signed);
  return alone === null ? move : merge(move, returnDecision({ ...context, reviews }, alone, at));
}

/** The strategist decides again: the chain keeps what was signed. */
function returnDecision(context: ItemContext, decision: SignOff['decision'], at: string): Move {
  const review = currentReview(context);
  if (review === null) return NOTHING;
  const open = { ...review, signOffs: [], extendTo: null, returnedAt: at };
  const reviews = [...context.reviews.slice(0, -1), open];
  return recorded({ reviews }, 'kpi_review.returned', { reviewId: review.id, decision });
}

export function isReviewSigned(context: ItemContext): boolean {
  return currentReview(context) !== null && rolesYetToSign(context).length === 0;
}

function reviewDecision(context: ItemContext): ReviewDecision | null {
  const review = currentReview(context);
  return review === null ? null : leadDecision(review);
}

export function isExtensionDecided(context: ItemContext): boolean {
  return isReviewSigned(context) && reviewDecision(context) === 'extend_measurement';
}

/** Back to measuring with one more checkpoint per published post; a new review opens later. */
export function extendMeasurement(context: ItemContext): Move {
  const review = currentReview(context);
  const age = review?.extendTo ?? null;
  if (review === null || age === null) return NOTHING;
  const added = context.publications.flatMap(({ id, state, publishedAt }) =>
    state === 'published' && publishedAt !== null
      ? [newCheckpoint({ id, publishedAt }, { name: age, required: true })]
      : [],
  );
  const known = new Set(context.checkpoints.map((c) => `${c.publicationId} ${c.checkpoint}`));
  const fresh = added.filter((c) => !known.has(`${c.publicationId} ${c.checkpoint}`));
  // An age that the playbook takes anyway, but does not ask for, is asked for now.
  const asked = context.checkpoints.map((c) =>
    c.checkpoint === age && c.state === 'due' ? { ...c, required: true } : c,
  );
  const checkpoints = [...asked, ...fresh];
  return recorded({ checkpoints }, 'kpi_review.extended', { reviewId: review.id, to: age });
}

/** Closing marks what was not measured yet and lets go of a slot that is still held. */
export function closeReview(context: ItemContext, at: string): Move {
  const review = currentReview(context);
  const refused = openRefusals(context).map(({ id }) => id);
  return {
    change: {
      checkpoints: context.checkpoints.map((record) =>
        record.state === 'due' ? { ...record, state: 'missing', settledAt: at } : record,
      ),
      publications: skipped(context, ['tentative'], 'closed'),
    },
    records: [
      {
        type: 'kpi_review.closed',
        data: {
          reviewId: review?.id ?? null,
          decision: reviewDecision(context),
          dissent: (review?.signOffs ?? [])
            .filter(({ decision }) => decision === 'dissent')
            .map(({ role }) => role),
          notMeasured: context.checkpoints
            .filter(({ state }) => state === 'due')
            .map(({ publicationId, checkpoint }) => ({ publicationId, checkpoint })),
        },
      },
      {
        type: 'item.closed',
        data: { decision: reviewDecision(context), ...(refused.length > 0 && { refused }) },
      },
    ],
  };
}

export const REVIEW_COMMANDS = {
  open_kpi_review: {
    in: ['measuring'],
    by: ['strategist'],
    requires: ['one_checkpoint_recorded'],
    move: () => NOTHING,
  },
  sign_off: {
    in: ['kpi_review'],
    by: ['strategist', 'creator', 'social_media_manager'],
    requires: [
      'verdicts_seen',
      'not_decided_before',
      'strategist_decides_first',
      'extension_valid',
      'reason_given',
      'decision_reasoned',
      'item_has_room',
    ],
    move: signOff,
  },
} as const satisfies CommandDefinitions<keyof ReviewPayloads>;
