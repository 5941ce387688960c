import { APPROVER_ROLES, type ApproverRole, OWNER_ROLES, type Role } from '../../people/roles.ts';
import { approvalsHold, currentApprovals, currentReview, type ItemContext } from '../context.ts';
import {
  bindsContent,
  type Checks,
  draftFactsOf,
  holdersOf,
  isTentativePlace,
  MET,
  plansASend,
  type Question,
  slotProblem,
  unmet,
} from './question.ts';

function askedRoles(context: ItemContext): ApproverRole[] {
  const facts = context.brief?.facts ?? [];
  return context.playbook.gate
    .filter(({ when }) => when === undefined || when.some((fact) => facts.includes(fact)))
    .map(({ role }) => role);
}

function eligibleApprovers(question: Question, role: ApproverRole): string[] {
  const { context, ask } = question;
  const barred = new Set([...context.authors, ask.actor.memberId]);
  return (holdersOf(ask)[role] ?? []).filter((member) => !barred.has(member));
}

/** Records whose variant must stay as it is: they are out, or may be. */
function frozenChannels(context: ItemContext): string[] {
  const frozen = context.publications.filter(
    ({ state }) => state === 'published' || state === 'sending' || state === 'unknown',
  );
  return [...new Set(frozen.map(({ channel }) => channel))];
}

/** Roles of the question's actor for which a decision is still open to them. */
function undecidedRoles({ context, ask }: Question, among: readonly Role[]): readonly Role[] {
  const { memberId, roles } = ask.actor;
  const held = among.filter((role) => roles.includes(role));
  if (ask.type === 'sign_off') {
    const signed = currentReview(context)?.signOffs ?? [];
    return held.filter((role) => !signed.some((signOff) => signOff.role === role));
  }
  const decisions = currentApprovals(context)?.decisions ?? [];
  return held.filter(
    (role) => !decisions.some((made) => made.role === role && made.memberId === memberId),
  );
}

/** The draft, its submission, and the decisions on it. */
export const APPROVAL_CHECKS = {
  variant_frozen: ({ context, ask }) => {
    if (ask.type !== 'save_draft' || ask.refs === null) return MET;
    const { variants } = ask.refs.draft;
    const changed = frozenChannels(context).filter(
      (channel) => variants[channel] !== context.draft?.variants[channel],
    );
    return changed.length === 0
      ? MET
      : unmet('variant_frozen', `the variant for ${changed.join(', ')} is published or may be`);
  },

  assets_complete: ({ context }) => {
    if (context.draft === null) return unmet('assets_complete', 'no draft is saved yet');
    const kinds = context.draft.assetKinds;
    const lacking = (context.brief?.formats ?? []).filter((kind) => !kinds.includes(kind));
    return lacking.length === 0
      ? MET
      : unmet('assets_complete', `the brief asks for ${lacking.join(', ')}, the draft has none`);
  },

  variants_in_limits: (question) => {
    const { context, ask } = question;
    // What is planned was submitted: only the limits can have changed. A tentative slot holds a time.
    if (bindsContent(question)) return slotProblem('variants_in_limits', question);
    const draft = context.draft;
    if (ask.type !== 'submit_for_review' || draft === null) return MET;
    const lacking = (context.brief?.channels ?? [])
      .filter((channel) => draft.variants[channel] === undefined)
      .map((channel) => `${channel}: no variant`);
    const problems = [...lacking, ...draftFactsOf(question).violations];
    return problems.length === 0 ? MET : unmet('variants_in_limits', problems.join('; '));
  },

  approvers_exist: (question) =>
    askedRoles(question.context).flatMap((role) => {
      const rule = question.context.playbook.gate.find((gate) => gate.role === role);
      const needed = typeof rule?.quorum === 'object' ? rule.quorum.atLeast : 1;
      const eligible = eligibleApprovers(question, role).length;
      return eligible >= needed
        ? MET
        : unmet(
            'approvers_exist',
            `the gate needs ${needed} ${role} who did not write it; there are ${eligible}`,
            role,
          );
    }),

  revision_acknowledged: ({ context }) =>
    context.round > context.playbook.revisionLimit && !context.revisionAcknowledged
      ? unmet(
          'revision_acknowledged',
          `round ${context.round} is past the limit of ${context.playbook.revisionLimit}: the strategist must acknowledge it`,
          'strategist',
        )
      : MET,

  revision_past_limit: ({ context }) =>
    context.round > context.playbook.revisionLimit && !context.revisionAcknowledged
      ? MET
      : unmet('revision_past_limit', 'no revision past the limit waits for an acknowledgement'),

  role_asked: ({ context, ask }) => {
    if (ask.type !== 'decide_approval' || ask.refs === null) return MET;
    const { role } = ask.refs;
    return currentApprovals(context)?.asked.some((asked) => asked.role === role)
      ? MET
      : unmet('role_asked', `the gate does not ask ${role}`, role);
  },

  current_hash: ({ context, ask }) => {
    if (ask.type !== 'decide_approval' || ask.refs === null) return MET;
    return ask.refs.contentHash === context.contentHash
      ? MET
      : unmet('current_hash', `the content hash is now ${context.contentHash}`);
  },

  four_eyes: ({ context, ask }) =>
    context.authors.includes(ask.actor.memberId)
      ? unmet('four_eyes', 'who wrote or submitted a version of this item may not approve it')
      : MET,

  not_decided_before: (question) => {
    const { context, ask } = question;
    if (ask.type !== 'decide_approval' && ask.type !== 'sign_off') return MET;
    const among: readonly Role[] =
      ask.refs !== null
        ? [ask.refs.role]
        : ask.type === 'sign_off'
          ? OWNER_ROLES
          : (currentApprovals(context)?.asked.map(({ role }) => role) ?? APPROVER_ROLES);
    const held = among.filter((role) => ask.actor.roles.includes(role));
    return held.length === 0 || undecidedRoles(question, among).length > 0
      ? MET
      : unmet('not_decided_before', `${held.join(', ')} has decided already`, held[0]);
  },

  approvals_hold: ({ place, context, ask }) => {
    if (ask.type === 'accept_handoff' && place !== 'scheduling.offered') return MET;
    if (ask.type === 'plan_schedule' && isTentativePlace(place)) return MET;
    if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
    return approvalsHold(context)
      ? MET
      : unmet('approvals_hold', 'the approvals do not hold for the content as it is now');
  },
} as const satisfies Checks;
