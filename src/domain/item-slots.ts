import {
  approvalsHold,
  type ItemContext,
  type PinnedPlaybook,
  type PublicationRecord,
} from './item-context.ts';
import { type Stage, stageOf } from './stages.ts';

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

/** True once the gate has closed on the content as it is and nobody sent the item back since. */
export function isApproved(context: ItemContext): boolean {
  const stage = workingStage(context);
  return stage !== 'creation' && stage !== 'review' && approvalsHold(context);
}

/**
 * Epoch milliseconds until which a tentative slot is held: so long before its time that nothing is
 * approved too late; once approved, up to its time, for it then only waits for the plan.
 */
export function heldUntil(context: ItemContext, { at }: Pick<PublicationRecord, 'at'>): number {
  const slot = Date.parse(at);
  return isApproved(context) ? slot : slot - context.playbook.approvalDeadlineMinutes * MINUTE_MS;
}

/** True when the record carries the content that the approvals bind. */
export function isBound(context: ItemContext, { contentHash }: PublicationRecord): boolean {
  return approvalsHold(context) && contentHash === context.contentHash;
}

export function isPlanned({ state }: Pick<PublicationRecord, 'state'>): boolean {
  return state === 'planned' || state === 'tentative';
}

/**
 * What a plan does with the slots of the accounts it does not name: they are kept, but for those
 * whose channel has no variant in the draft any more.
 */
export function standingSlots(
  context: ItemContext,
  plan: readonly { channelAccountId: string }[],
): { kept: PublicationRecord[]; dropped: PublicationRecord[] } {
  const named = new Set(plan.map(({ channelAccountId }) => channelAccountId));
  const standing = context.publications.filter(
    (record) => isPlanned(record) && !named.has(record.channelAccountId),
  );
  const hasVariant = ({ channel }: PublicationRecord) =>
    context.draft === null || context.draft.variants[channel] !== undefined;
  return {
    kept: standing.filter(hasVariant),
    dropped: standing.filter((record) => !hasVariant(record)),
  };
}
