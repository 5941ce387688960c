import { ACCESS_CHECKS } from './item-access-requirements.ts';
import { APPROVAL_CHECKS } from './item-approval-requirements.ts';
import type { RequirementCode, Unmet } from './item-commands.ts';
import type { ItemContext } from './item-context.ts';
import { HANDOFF_CHECKS } from './item-handoff-requirements.ts';
import { type Check, type Inquiry, MET, type Question, unmet } from './item-question.ts';
import { REVIEW_CHECKS } from './item-review-requirements.ts';
import { COMMAND_RULES } from './item-rules.ts';
import { SCHEDULE_CHECKS } from './item-schedule-requirements.ts';
import { versionTag } from './item-version-tag.ts';
import type { Place } from './stages.ts';

export { type Inquiry, rolesFor } from './item-question.ts';

const CHECKS: Record<RequirementCode, Check> = {
  ...ACCESS_CHECKS,
  ...HANDOFF_CHECKS,
  ...APPROVAL_CHECKS,
  ...SCHEDULE_CHECKS,
  ...REVIEW_CHECKS,
};

/**
 * The one authority on who may do what where: the unmet requirements of a command, in the order of
 * the documentation; none means the command is accepted.
 */
export function unmetRequirements(
  item: { place: Place; context: ItemContext; seq: number },
  ask: Inquiry,
): Unmet[] {
  const question: Question = { place: item.place, context: item.context, ask };
  const closed = CHECKS.item_closed(question);
  if (closed.length > 0) return [...closed];
  const { basisSeq, basisTag } = ask;
  const basis =
    basisSeq !== undefined && basisSeq !== item.seq
      ? unmet('basis_changed', `the item is at ${item.seq}, the command is based on ${basisSeq}`)
      : basisTag !== undefined && basisTag !== versionTag(ask.type, item.context)
        ? unmet('basis_changed', 'someone saved another version in between')
        : MET;
  const standing = [
    ...basis,
    ...CHECKS.command_expired(question),
    ...CHECKS.in_stage(question),
    ...CHECKS.holds_role(question),
  ];
  if (CHECKS.in_stage(question).length > 0) return standing;
  return [
    ...standing,
    ...COMMAND_RULES[ask.type].requires.flatMap((code) => [...CHECKS[code](question)]),
  ];
}
