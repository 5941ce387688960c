import { isExternal } from '../../people/external.ts';
import { APPROVER_ROLES, type ApproverRole, OWNER_ROLES, type Role } from '../../people/roles.ts';
import {
  approvalsHold,
  awaitsAcknowledgement,
  currentApprovals,
  currentReview,
  type ItemContext,
  rulesThatAsk,
} from '../context.ts';
import { MAY_BE_OUT_STATES } from '../publication-states.ts';
import { isTentativePlace } from '../slots.ts';
import {
  bindsContent,
  draftFactsOf,
  holdersOf,
  MET,
  plansASend,
  type Question,
  type Requirements,
  slotProblem,
  unmet,
} from './question.ts';

function eligibleApprovers(question: Question, role: ApproverRole): string[] {
  const { context, ask } = question;
  const barred = new Set([...context.authors, ask.actor.memberId]);
  return (holdersOf(ask)[role] ?? []).filter((member) => !barred.has(member));
}

/** Records whose variant must stay as it is: they are out, or may be. */
function frozenChannels(context: ItemContext): string[] {
  const frozen = context.publications.filter(({ state }) => MAY_BE_OUT_STATES.includes(state));
  return [...new Set(frozen.map(({ channel }) => channel))];
}

/** Roles of the question's actor for which a decision is still open to them. */
function undecidedRoles({ context, ask }: Question, among: readonly Role[]): readonly Role[] {
  const { roles } = ask.actor;
  const held = among.filter((role) => roles.includes(role));
  if (ask.type === 'sign_off') {
    const signed = currentReview(context)?.signOffs ?? [];
    return held.filter((role) => !signed.some((signOff) => signOff.role === role));
  }
  const decisions = currentApprovals(context)?.decisions ?? [];
  const own = idsOfActor(ask);
  return held.filter(
    (role) => !decisions.some((made) => made.role === role && own.includes(made.memberId)),
  );
}

/** Every id under which the question's actor may have written or decided. */
function idsOfActor(ask: Question['ask']): string[] {
  const others = ask.type === 'decide_approval' ? (ask.facts.samePerson ?? []) : [];
  return [ask.actor.memberId, ...others];
}

/** The draft, its submission, and the decisions on it. */
export const APPROVAL_REQUIREMENTS = {
  variant_frozen: {
    text: 'A variant that is published, or may be, stays as it is.',
    check: ({ context, ask }) => {
      if (ask.type !== 'save_draft' || ask.refs === null) return MET;
      const { variants } = ask.refs.draft;
      const changed = frozenChannels(context).filter(
        (channel) => variants[channel] !== context.draft?.variants[channel],
      );
      return changed.length === 0
        ? MET
        : unmet(`the variant for ${changed.join(', ')} is published or may be`);
    },
  },

  assets_complete: {
    text: 'The draft has every kind of content that the brief asks for.',
    check: ({ context }) => {
      if (context.draft === null) return unmet('no draft is saved yet');
      const kinds = context.draft.assetKinds;
      const lacking = (context.brief?.formats ?? []).filter((kind) => !kinds.includes(kind));
      return lacking.length === 0
        ? MET
        : unmet(`the brief asks for ${lacking.join(', ')}, the draft has none`);
    },
  },

  variants_in_limits: {
    text: 'Every channel of the brief has a variant within its limits. A plan is checked against the limits of today.',
    check: (question) => {
      const { context, ask } = question;
      // What is planned was submitted: only the limits can have changed. A tentative slot holds a time.
      if (bindsContent(question)) return slotProblem('variants_in_limits', question);
      const draft = context.draft;
      if (ask.type !== 'submit_for_review' || draft === null) return MET;
      const lacking = (context.brief?.channels ?? [])
        .filter((channel) => draft.variants[channel] === undefined)
        .map((channel) => `${channel}: no variant`);
      const problems = [...lacking, ...draftFactsOf(question).violations];
      return problems.length === 0 ? MET : unmet(problems.join('; '));
    },
  },

  approvers_exist: {
    text: 'Every role that must approve has enough people who did not write the content.',
    check: (question) =>
      rulesThatAsk(question.context).flatMap(({ role, quorum, externals = 0 }) => {
        const needed = typeof quorum === 'object' ? quorum.atLeast : 1;
        const eligible = eligibleApprovers(question, role).length + externals;
        return eligible >= needed
          ? MET
          : unmet(
              `the gate needs ${needed} ${role} who did not write the content; there are ${eligible}`,
              role,
            );
      }),
  },

  revision_acknowledged: {
    text: 'Past the revision limit, the strategist has acknowledged the round.',
    check: ({ context }) =>
      awaitsAcknowledgement(context)
        ? unmet(
            `round ${context.round} is past the limit of ${context.playbook.revisionLimit}: the strategist has to acknowledge it`,
            'strategist',
          )
        : MET,
  },

  revision_past_limit: {
    text: 'A round past the revision limit waits to be acknowledged.',
    check: ({ context }) =>
      awaitsAcknowledgement(context)
        ? MET
        : unmet('no revision past the limit waits for an acknowledgement'),
  },

  role_asked: {
    text: 'The gate asks this role to approve.',
    check: ({ context, ask }) => {
      if (ask.type !== 'decide_approval' || ask.refs === null) return MET;
      const { role } = ask.refs;
      return currentApprovals(context)?.asked.some((asked) => asked.role === role)
        ? MET
        : unmet(`the gate does not ask ${role}`, role);
    },
  },

  current_hash: {
    text: 'The decision names the current content hash.',
    check: ({ context, ask }) => {
      if (ask.type !== 'decide_approval' || ask.refs === null) return MET;
      return ask.refs.contentHash === context.contentHash
        ? MET
        : unmet(`the content hash is now ${context.contentHash}`);
    },
  },

  four_eyes: {
    text: 'The approver neither wrote nor submitted any version of the draft.',
    about: 'actor',
    check: ({ context, ask }) =>
      idsOfActor(ask).some((id) => context.authors.includes(id))
        ? unmet('a person who wrote or submitted a version of this item may not approve it')
        : MET,
  },

  signed_in: {
    text: 'A rule of the gate that asks for a sign-in is not met by link.',
    about: 'actor',
    check: ({ context, ask }) => {
      if (!isExternal(ask.actor.memberId)) return MET;
      const guarded = rulesThatAsk(context).find(
        ({ role, signIn }) => signIn === true && ask.actor.roles.includes(role),
      );
      return guarded === undefined
        ? MET
        : unmet(`the gate asks ${guarded.role} to sign in: it takes no link`, guarded.role);
    },
  },

  not_decided_before: {
    text: 'This person has not decided in this approval set. In a KPI review, the role has not signed.',
    check: (question) => {
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
        : unmet(`${held.join(', ')} has decided already`, held[0]);
    },
  },

  approvals_hold: {
    text: 'The approvals are granted for the content as it is now.',
    check: ({ place, context, ask }) => {
      if (ask.type === 'accept_handoff' && place !== 'scheduling.offered') return MET;
      if (ask.type === 'plan_schedule' && isTentativePlace(place, context)) return MET;
      if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
      return approvalsHold(context)
        ? MET
        : unmet('the approvals do not hold for the content as it is now');
    },
  },
} as const satisfies Requirements;
