import type { Role } from '../../people/roles.ts';
import type { CommandPayloads } from '../commands.ts';
import { currentReview, type ItemContext, peerDecision } from '../context.ts';
import { COMMAND_RULES } from '../rules.ts';
import type { Place } from '../stages.ts';
import { type Checks, isBlank, MET, rolesFor, unmet } from './question.ts';

function isDissent(context: ItemContext, refs: CommandPayloads['sign_off']['refs']): boolean {
  if (refs.role === 'strategist') return false;
  const lead = currentReview(context)?.signOffs.find(({ role }) => role === 'strategist');
  return peerDecision(refs.decision, lead?.decision) === 'dissent';
}

/** Whether this command may be given here, now, by this member; who may receive the item. */
export const ACCESS_CHECKS = {
  item_closed: ({ place }) =>
    place === 'closed' || place === 'cancelled'
      ? unmet('item_closed', `the item is ${place}`)
      : MET,

  basis_changed: () => MET,

  command_expired: ({ ask }) =>
    ask.expiresAt !== undefined && Date.parse(ask.expiresAt) <= Date.parse(ask.at)
      ? unmet('command_expired', `the command expired at ${ask.expiresAt}`)
      : MET,

  in_stage: ({ place, ask }) => {
    const allowed: readonly Place[] = COMMAND_RULES[ask.type].in;
    return allowed.includes(place)
      ? MET
      : unmet('in_stage', `${ask.type} is for ${allowed.join(', ')}; the item is in ${place}`);
  },

  holds_role: ({ place, context, ask }) => {
    if (COMMAND_RULES[ask.type].by === 'receiver') return MET;
    if (ask.type === 'save_draft' && context.coAuthors.includes(ask.actor.memberId)) return MET;
    const roles = rolesFor(ask.type, place, context);
    const asked: readonly Role[] =
      (ask.type === 'decide_approval' || ask.type === 'sign_off') && ask.refs !== null
        ? [ask.refs.role]
        : roles;
    if (asked.length === 0 || asked.some((role) => ask.actor.roles.includes(role))) return MET;
    return unmet('holds_role', `${ask.type} needs the role ${asked.join(' or ')}`, asked[0]);
  },

  reason_given: ({ context, ask }) => {
    if (ask.refs === null) return MET;
    switch (ask.type) {
      case 'decide_approval':
        return ask.refs.decision === 'request_changes' && ask.refs.reason === undefined
          ? unmet('reason_given', 'a request for changes needs a reason')
          : MET;
      case 'sign_off':
        return isDissent(context, ask.refs) && ask.refs.commentId === undefined
          ? unmet('reason_given', 'a dissent needs a comment')
          : MET;
      case 'decline_handoff':
      case 'hold':
      case 'resume':
      case 'cancel':
      case 'extend':
        return isBlank(ask.refs.reason) ? unmet('reason_given', `${ask.type} needs a reason`) : MET;
      default:
        return MET;
    }
  },

  receiver_holds_role: ({ ask }) => {
    if (ask.type !== 'reassign' || ask.refs === null || ask.refs.as === 'co_author') return MET;
    return ask.facts.receiverRoles.includes(ask.refs.role)
      ? MET
      : unmet(
          'receiver_holds_role',
          `the receiver does not hold the role ${ask.refs.role}`,
          ask.refs.role,
        );
  },

  receiver_active: ({ ask }) => {
    if (ask.type !== 'reassign' || ask.refs === null) return MET;
    return ask.facts.receiverActive
      ? MET
      : unmet('receiver_active', 'the receiver is not an active member of this workspace');
  },

  clock_running: ({ context }) =>
    context.clock === null ? unmet('clock_running', 'no clock runs in this stage') : MET,
} as const satisfies Checks;
