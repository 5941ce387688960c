import {
  approvalsHold,
  type ItemContext,
  type PinnedPlaybook,
  type PublicationRecord,
} from './context.ts';
import { WAITING_STATES } from './publication-states.ts';
import { MAKING_STAGES, type Place, type Stage, stageOf } from './stages.ts';

const MINUTE_MS = 60_000;

/** Epoch milliseconds after which a slot is missed and may no longer be sent. */
export function slotEndsAt(
  { at }: Pick<PublicationRecord, 'at'>,
  { slotGraceMinutes }: Pick<PinnedPlaybook, 'slotGraceMinutes'>,
): number {
  return Date.parse(at) + slotGraceMinutes * MINUTE_MS;
}

/** The stage the item is in or, on hold, will return to. */
export function workingStage(context: ItemContext): Stage {
  return context.heldFrom === null ? context.stage : stageOf(context.heldFrom);
}

/** Where a plan only holds its slots: their content is not approved yet, or not handed over. */
export function isTentativePlace(
  place: Place,
  { heldFrom }: Pick<ItemContext, 'heldFrom'>,
): boolean {
  const working = heldFrom ?? place;
  const stage = stageOf(working);
  return stage === 'creation' || stage === 'review' || working === 'scheduling.offered';
}

/** True once the gate has closed on the content as it is and nobody sent the item back since. */
export function isApproved(context: ItemContext): boolean {
  return !MAKING_STAGES.includes(workingStage(context)) && approvalsHold(context);
}

/** Epoch milliseconds at which a slot of an item without its approvals is given up. */
export function approvalDeadlineOf(
  { at }: Pick<PublicationRecord, 'at'>,
  { approvalDeadlineMinutes }: Pick<PinnedPlaybook, 'approvalDeadlineMinutes'>,
): number {
  return Date.parse(at) - approvalDeadlineMinutes * MINUTE_MS;
}

/**
 * When a planned slot is given up because its item went back to its gate, in epoch milliseconds; null
 * where nothing is awaited, or while the content is approved again.
 */
export function givenUpAt(
  context: ItemContext,
  { state, heldUntil: until }: Pick<PublicationRecord, 'state' | 'heldUntil'>,
): number | null {
  if (state !== 'planned' || until === undefined || isApproved(context)) return null;
  return Date.parse(until);
}

/**
 * Epoch milliseconds until which a tentative slot is held: so long before its time that nothing is
 * approved too late; once approved, up to its time, for it then only waits for the plan.
 */
export function heldUntil(context: ItemContext, { at }: Pick<PublicationRecord, 'at'>): number {
  return isApproved(context) ? Date.parse(at) : approvalDeadlineOf({ at }, context.playbook);
}

/** True when the record carries the content that the approvals bind. */
export function isBound(context: ItemContext, { contentHash }: PublicationRecord): boolean {
  return approvalsHold(context) && contentHash === context.contentHash;
}

/** Publications whose slot was given up at its deadline, and which nothing has replaced. */
export function releasedSlots({ publications }: ItemContext): PublicationRecord[] {
  return publications.filter(
    ({ released, channelAccountId, slotNumber }) =>
      released === true &&
      !publications.some(
        (other) => other.channelAccountId === channelAccountId && other.slotNumber > slotNumber,
      ),
  );
}

export function isPlanned({ state }: Pick<PublicationRecord, 'state'>): boolean {
  return WAITING_STATES.includes(state);
}

/**
 * What a plan does with the slots of the accounts it does not name: they are kept, but for those
 * whose channel has no variant in the draft any more.
 */
export function slotsBesidePlan(
  context: ItemContext,
  plan: readonly { channelAccountId: string }[],
): { kept: PublicationRecord[]; dropped: PublicationRecord[] } {
  const named = new Set(plan.map(({ channelAccountId }) => channelAccountId));
  const others = context.publications.filter(
    (record) => isPlanned(record) && !named.has(record.channelAccountId),
  );
  const hasVariant = ({ channel }: PublicationRecord) =>
    context.draft === null || context.draft.variants[channel] !== undefined;
  return {
    kept: others.filter(hasVariant),
    dropped: others.filter((record) => !hasVariant(record)),
  };
}
