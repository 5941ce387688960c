import type { OverduePolicy } from '../../playbook/overdue.ts';
import type { Place, Stage } from '../stages.ts';
import type { RETURNABLE } from './overdue.ts';

export function apply<P extends Place>(place: P) {
  return { type: 'apply', params: { place } } as const;
}

export function enter<S extends Stage>(stage: S) {
  return { type: 'enter', params: { stage } } as const;
}

/**
 * A command that keeps the place; an always-rule may then move the item on. Its requirements are not
 * asked here: they were when it was accepted, and what was accepted stays so under any later code.
 */
export function stays<P extends Place>(place: P) {
  return { actions: apply(place) } as const;
}

/** A command that moves the item. */
export function goes<P extends Place, T extends string>(place: P, target: T) {
  return { ...stays(place), target } as const;
}

/** What may happen in every open stage. */
export function anywhere<P extends Place>(place: P) {
  const here = { actions: apply(place) } as const;
  return {
    reassign: stays(place),
    extend: stays(place),
    set_campaign: stays(place),
    resolve_publication: stays(place),
    cancel: goes(place, '#item.cancelled'),
    publication_sending: here,
    publication_settled: here,
    slot_passed: here,
    approval_deadline_passed: here,
    checkpoint_recorded: here,
    checkpoint_missed: here,
    review_frozen: here,
    clock_step: here,
    campaign_released: here,
    campaign_cancelled: here,
  } as const;
}

/** An outcome, where a failed content check takes the item back to its gate. */
export function settles<P extends Place>(place: P) {
  return [
    { guard: 'contentMismatch', actions: apply(place), target: '#item.creation.drafting' },
    { actions: apply(place) },
  ] as const;
}

/** A slot's time has come: it is sent, unless its approvals died. */
export function becomesDue<P extends Place>(place: P) {
  return [
    { guard: 'dueUnapproved', actions: apply(place), target: '#item.creation.drafting' },
    { actions: apply(place) },
  ] as const;
}

/** First of the always-rules: once its campaign is cancelled, an item goes nowhere else. */
export const CANCELLED_WITH_CAMPAIGN = {
  guard: 'cancelDue',
  actions: 'cancelNow',
  target: '#item.cancelled',
} as const;

/** The last step of the stage's clock may end or pause the stage, as the item's playbook says. */
function runsOut<P extends Place>(place: P) {
  const as = <Policy extends OverduePolicy>(policy: Policy) =>
    ({ guard: { type: 'overdue', params: { place, policy } }, actions: apply(place) }) as const;
  return {
    cancelled: { ...as('cancel'), target: '#item.cancelled' },
    onHold: { ...as('hold'), target: '#item.on_hold' },
    isReturned: as('return'),
    isTold: { actions: apply(place) },
  } as const;
}

export function holdable<P extends Place>(place: P) {
  const { cancelled, onHold, isTold } = runsOut(place);
  return {
    ...anywhere(place),
    hold: goes(place, '#item.on_hold'),
    clock_step: [cancelled, onHold, isTold],
  } as const;
}

/** A place to which the work was handed over: overdue, it may go back. */
export function returnable<P extends (typeof RETURNABLE)[number], T extends string>(
  place: P,
  target: T,
) {
  const { cancelled, onHold, isReturned, isTold } = runsOut(place);
  return {
    ...holdable(place),
    clock_step: [cancelled, onHold, { ...isReturned, target }, isTold],
  } as const;
}

/** A refused post is planned again or skipped: an always-rule takes the item to its new slot. */
export function replacesRefused<P extends Place>(place: P) {
  return { plan_schedule: stays(place), skip_publication: stays(place) } as const;
}

/** Another version re-opens the gate, from wherever the item is; the same one again does nothing. */
export function revises<P extends Place>(place: P, same: 'sameBrief' | 'sameDraft') {
  return [{ guard: same }, goes(place, '#item.creation.drafting')] as const;
}
