import type { RequirementCode, Unmet } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import { COMMAND_RULES } from '../rules.ts';
import type { Place } from '../stages.ts';
import { versionTag } from '../version-tag.ts';
import { ACCESS_CHECKS } from './access.ts';
import { APPROVAL_CHECKS } from './approval.ts';
import { HANDOFF_CHECKS } from './handoff.ts';
import { REVIEW_CHECKS } from './kpi-review.ts';
import { type Check, type Inquiry, MET, type Question, unmet } from './question.ts';
import { SCHEDULE_CHECKS } from './schedule.ts';

export { type Inquiry, rolesFor } from './question.ts';

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
