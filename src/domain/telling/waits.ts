import {
  currentApprovals,
  currentHandoff,
  currentReview,
  type ItemContext,
} from '../item/context.ts';
import { UNRESOLVED_STATES } from '../item/publication-states.ts';
import { openRefusals } from '../item/refusals.ts';
import { type WaitingOn, waitingOn } from '../item/responsible.ts';
import type { Place } from '../item/stages.ts';

/** Somebody is waited for. */
export interface Wait extends WaitingOn {
  /**
   * The same as long as this very wait lasts: another round, another handoff or another person is another
   * wait, so a notice of the one before is settled.
   */
  key: string;
}

/** Whom the item waits for, each with the key of that wait. */
export function waitsOf(place: Place, context: ItemContext): Wait[] {
  const { handoffs, approvals, reviews, stageEnteredAt } = context;
  const round = [handoffs.length, approvals.length, reviews.length, Date.parse(stageEnteredAt)];
  return waitingOn(place, context).map((wait) => {
    const parts = [wait.for, wait.role, wait.memberId ?? '', ...round, ...detailOf(wait, context)];
    return { ...wait, key: parts.join(':') };
  });
}

/** What tells a wait from one before it in the same round: its posts, or that a decision came back. */
function detailOf({ for: command }: WaitingOn, context: ItemContext): string[] {
  const returnedAt = currentReview(context)?.returnedAt;
  if (command === 'sign_off') return returnedAt === undefined ? [] : [returnedAt];
  const posts =
    command === 'resolve_publication'
      ? context.publications.filter(({ state }) => UNRESOLVED_STATES.includes(state))
      : command === 'plan_schedule'
        ? openRefusals(context)
        : [];
  return posts.map(({ id, slotNumber }) => `${id}/${slotNumber}`);
}

/** What an answer to the wait has to name. */
export function answerOf(
  { for: command }: WaitingOn,
  context: ItemContext,
): { handoffId?: string; contentHash?: string; reviewHash?: string } {
  switch (command) {
    case 'accept_handoff': {
      const handoff = currentHandoff(context);
      return handoff === null ? {} : { handoffId: handoff.id };
    }
    case 'decide_approval': {
      const set = currentApprovals(context);
      return set === null ? {} : { contentHash: set.contentHash };
    }
    case 'sign_off': {
      const hash = currentReview(context)?.hash ?? null;
      return hash === null ? {} : { reviewHash: hash };
    }
    default:
      return {};
  }
}
