import { ageMs, MAX_EXTENSION_DAYS } from './item-ages.ts';
import type {
  Command,
  CommandType,
  Holders,
  PlannedSlot,
  RequirementCode,
  SlotFacts,
  Unmet,
} from './item-commands.ts';
import {
  approvalsHold,
  currentApprovals,
  currentHandoff,
  currentReview,
  type ItemContext,
  isBreached,
  isSending,
  publicationById,
} from './item-context.ts';
import { responsibleRoles } from './item-responsible.ts';
import { COMMAND_RULES } from './item-rules.ts';
import { APPROVER_ROLES, type ApproverRole, OWNER_ROLES, type Role } from './roles.ts';
import { type Place, stageOf } from './stages.ts';

/**
 * A question to the guards. `refs: null` asks "could the actor send this with a complete payload?":
 * then what only the payload can break is taken as met.
 */
export type Inquiry = {
  [T in CommandType]: Omit<Command<T>, 'refs' | 'id'> & { refs: Command<T>['refs'] | null };
}[CommandType];

interface Question {
  place: Place;
  context: ItemContext;
  ask: Inquiry;
}

const MET: readonly Unmet[] = [];

function unmet(code: Unmet['code'], message: string, role?: Role): readonly Unmet[] {
  return [role === undefined ? { code, message } : { code, message, role }];
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}

/** Roles that may give a command where the item is now. */
export function rolesFor(type: CommandType, place: Place, context: ItemContext): readonly Role[] {
  const { by } = COMMAND_RULES[type];
  if (by === 'responsible') {
    const extra: Role[] = type === 'reassign' ? ['strategist', 'admin'] : ['admin'];
    return [...new Set([...responsibleRoles(place, context), ...extra])];
  }
  if (by === 'receiver')
    return place === 'briefing.offered' ? ['creator'] : ['social_media_manager'];
  if (by === 'asked_roles') {
    return currentApprovals(context)?.asked.map(({ role }) => role) ?? [];
  }
  return by;
}

/** The assignee; any holder of the role while nobody is assigned; the assignee's backup after a breach. */
function isReceiver({ place, context, ask }: Question): boolean {
  const role = place === 'briefing.offered' ? 'creator' : 'social_media_manager';
  const assignee = context.team[role];
  if (assignee === null) return ask.actor.roles.includes(role);
  if (assignee === ask.actor.memberId) return true;
  return isBreached(context) && ask.actor.backupFor.includes(assignee);
}

function isTentativePlace(place: Place): boolean {
  const stage = stageOf(place);
  return stage === 'creation' || stage === 'review' || place === 'scheduling.offered';
}

/** Slots that the command asks for, with what the API found out about them. */
function slotsOf(ask: Inquiry): { slots: PlannedSlot[]; facts: SlotFacts[] } {
  if (ask.type === 'plan_schedule') {
    return { slots: ask.refs?.publications ?? [], facts: ask.refs === null ? [] : ask.facts.slots };
  }
  if (ask.type === 'resolve_publication') {
    const slot = ask.refs?.slot;
    return slot === undefined
      ? { slots: [], facts: [] }
      : { slots: [slot], facts: ask.facts.slots };
  }
  return { slots: [], facts: [] };
}

/** `publish_again` and `reschedule` plan a new send: they need what planning needs. */
function plansASend(ask: Inquiry): boolean {
  if (ask.type === 'plan_schedule') return true;
  if (ask.type !== 'resolve_publication' || ask.refs === null) return false;
  return ask.refs.outcome === 'publish_again' || ask.refs.outcome === 'reschedule';
}

function slotProblem(code: SlotFacts['problems'][number]['code']) {
  return ({ ask }: Question): readonly Unmet[] => {
    if (!plansASend(ask)) return MET;
    return slotsOf(ask).facts.flatMap(({ problems }) =>
      problems.filter((problem) => problem.code === code),
    );
  };
}

function holdersOf(ask: Inquiry): Holders {
  return ask.type === 'offer_handoff' || ask.type === 'submit_for_review' ? ask.facts.holders : {};
}

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

const CHECKS: Record<RequirementCode, (question: Question) => readonly Unmet[]> = {
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
    if (asked.some((role) => ask.actor.roles.includes(role))) return MET;
    return unmet('holds_role', `${ask.type} needs the role ${asked.join(' or ')}`, asked[0]);
  },

  brief_complete: ({ place, context, ask }) => {
    if (ask.type === 'save_brief' && (stageOf(place) === 'briefing' || ask.refs === null))
      return MET;
    const brief = ask.type === 'save_brief' ? (ask.refs?.brief ?? null) : context.brief;
    if (brief === null) return unmet('brief_complete', 'no brief is saved yet');
    return brief.missing.length === 0
      ? MET
      : unmet('brief_complete', `the brief lacks ${brief.missing.join(', ')}`);
  },

  checklist_complete: ({ context, ask }) => {
    if (ask.type !== 'offer_handoff' && ask.type !== 'submit_for_review') return MET;
    const isReview = ask.type === 'submit_for_review';
    const human = isReview ? context.playbook.checklists.review : context.playbook.checklists.brief;
    const ticked = ask.refs === null ? human : ask.refs.checklist;
    const open = human.filter((code) => !ticked.includes(code));
    const failed = isReview ? (context.draft?.failedChecks ?? []) : [];
    return [...open, ...failed].map((code) => ({
      code: `checklist.${code}` as const,
      message: `the checklist entry ${code} is not met`,
    }));
  },

  targets_set: ({ context }) =>
    (context.brief?.targetCount ?? 0) > 0
      ? MET
      : unmet('targets_set', 'the brief has no KPI target'),

  targets_unfrozen: ({ context, ask }) => {
    if (ask.type !== 'save_brief' || ask.refs === null || context.brief === null) return MET;
    const out = context.publications.some(({ state }) =>
      ['due', 'sending', 'published', 'unknown'].includes(state),
    );
    return out && ask.refs.brief.targetsHash !== context.brief.targetsHash
      ? unmet('targets_unfrozen', 'KPI targets change only before the first publication')
      : MET;
  },

  receiver_exists: (question) => {
    const creators = holdersOf(question.ask).creator ?? [];
    return creators.length > 0
      ? MET
      : unmet('receiver_exists', 'no active member holds the role creator', 'creator');
  },

  is_receiver: (question) => {
    if (isReceiver(question)) return MET;
    const role = question.place === 'briefing.offered' ? 'creator' : 'social_media_manager';
    return unmet('is_receiver', `the handoff is for the ${role} it is assigned to`, role);
  },

  current_handoff: ({ context, ask }) => {
    if (ask.type !== 'accept_handoff' && ask.type !== 'decline_handoff') return MET;
    const current = currentHandoff(context);
    if (ask.refs === null || ask.refs.handoffId === undefined) return MET;
    return current?.id === ask.refs.handoffId
      ? MET
      : unmet('current_handoff', `the open handoff is ${current?.id ?? 'none'}`);
  },

  approvals_hold: ({ place, context, ask }) => {
    if (ask.type === 'accept_handoff' && place !== 'scheduling.offered') return MET;
    if (ask.type === 'plan_schedule' && isTentativePlace(place)) return MET;
    if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
    return approvalsHold(context)
      ? MET
      : unmet('approvals_hold', 'the approvals do not hold for the content as it is now');
  },

  platform_tag: ({ place, context, ask }) => {
    if (place !== 'scheduling.offered' || ask.type !== 'accept_handoff') return MET;
    const lacking = Object.keys(context.draft?.variants ?? {}).filter(
      (channel) => !((ask.actor.platformTags[channel] ?? 0) >= 1),
    );
    return lacking.length === 0
      ? MET
      : unmet(
          'platform_tag',
          `the publisher lacks the platform tag ${lacking.join(', ')}`,
          'social_media_manager',
        );
  },

  reason_given: ({ ask }) => {
    if (ask.refs === null) return MET;
    switch (ask.type) {
      case 'decide_approval':
        return ask.refs.decision === 'request_changes' && ask.refs.reason === undefined
          ? unmet('reason_given', 'a request for changes needs a reason')
          : MET;
      case 'sign_off':
        return ask.refs.decision === 'dissent' && ask.refs.commentId === undefined
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

  nothing_sending: ({ place, context, ask }) => {
    if (ask.type === 'save_brief' && stageOf(place) === 'briefing') return MET;
    if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
    const sending = context.publications.filter(isSending);
    return sending.length === 0
      ? MET
      : unmet('nothing_sending', `${sending.map(({ id }) => id).join(', ')} is being sent`);
  },

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

  variants_in_limits: ({ context }) => {
    const draft = context.draft;
    if (draft === null) return MET;
    const lacking = (context.brief?.channels ?? [])
      .filter((channel) => draft.variants[channel] === undefined)
      .map((channel) => `${channel}: no variant`);
    const problems = [...lacking, ...draft.violations];
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

  campaign_released: ({ place, context, ask }) => {
    if (!plansASend(ask) || isTentativePlace(place)) return MET;
    return context.campaign === null || context.campaign.released
      ? MET
      : unmet('campaign_released', 'the gate of the campaign is closed');
  },

  account_free: ({ context, ask }) => {
    if (ask.type !== 'plan_schedule') return MET;
    const taken = new Set(
      context.publications
        .filter(({ state }) => ['published', 'unknown', 'missed'].includes(state))
        .map(({ channelAccountId }) => channelAccountId),
    );
    const asked = (ask.refs?.publications ?? []).map(({ channelAccountId }) => channelAccountId);
    const busy = asked.filter((id, index) => taken.has(id) || asked.indexOf(id) !== index);
    return busy.length === 0
      ? MET
      : unmet('account_free', `${[...new Set(busy)].join(', ')} has a publication already`);
  },

  nothing_unknown: ({ context, ask }) => {
    if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
    const resolving =
      ask.type === 'resolve_publication' && ask.refs !== null ? ask.refs.publicationId : null;
    const unknown = context.publications.filter(
      ({ id, state }) => state === 'unknown' && id !== resolving,
    );
    return unknown.length === 0
      ? MET
      : unmet(
          'nothing_unknown',
          `the outcome of ${unknown.map(({ id }) => id).join(', ')} is unknown`,
        );
  },

  slot_valid: (question) => {
    const { ask, context } = question;
    if (ask.refs === null || !plansASend(ask)) return MET;
    const { slots } = slotsOf(ask);
    const found = [...slotProblem('slot_valid')(question)];
    if (ask.type === 'resolve_publication' && slots.length === 0) {
      found.push(...unmet('slot_valid', `${ask.refs.outcome} needs a time`));
    }
    for (const { channel } of slots) {
      if (context.draft !== null && context.draft.variants[channel] === undefined) {
        found.push(...unmet('slot_valid', `the draft has no variant for ${channel}`));
      }
    }
    if (
      ask.type === 'plan_schedule' &&
      slots.length === 0 &&
      !context.publications.some(({ state }) => state === 'tentative' || state === 'planned')
    ) {
      found.push(...unmet('slot_valid', 'the plan names no slot'));
    }
    return found;
  },

  slot_in_future: ({ place, context, ask }) => {
    if (ask.refs === null || !plansASend(ask)) return MET;
    const { slots } = slotsOf(ask);
    const named = new Set(slots.map(({ channelAccountId }) => channelAccountId));
    const kept =
      ask.type === 'plan_schedule' && !isTentativePlace(place)
        ? context.publications.filter(
            ({ state, channelAccountId }) =>
              (state === 'tentative' || state === 'planned') && !named.has(channelAccountId),
          )
        : [];
    const past = [...slots, ...kept].filter(({ at }) => Date.parse(at) <= Date.parse(ask.at));
    return past.flatMap(({ at }) => unmet('slot_in_future', `${at} is not in the future`));
  },

  not_blacked_out: slotProblem('not_blacked_out'),

  embargo_over: (question) => {
    const until = question.context.brief?.embargoUntil ?? null;
    if (until === null || !plansASend(question.ask)) return MET;
    return slotsOf(question.ask)
      .slots.filter(({ at }) => Date.parse(at) < Date.parse(until))
      .flatMap(({ at }) => unmet('embargo_over', `${at} is before the embargo ends at ${until}`));
  },

  token_valid_past_slot: slotProblem('token_valid_past_slot'),

  publication_planned: ({ context, ask }) => {
    if (ask.type !== 'skip_publication') return MET;
    const planned = context.publications.filter(({ state }) => state === 'planned');
    const found =
      ask.refs === null
        ? planned.length > 0
        : planned.some(({ id }) => id === ask.refs?.publicationId);
    return found ? MET : unmet('publication_planned', 'only a planned publication can be skipped');
  },

  another_publication: ({ context, ask }) => {
    if (ask.type !== 'skip_publication') return MET;
    const standing = context.publications.filter(
      ({ state }) => state === 'planned' || state === 'published',
    );
    const skipped = ask.refs?.publicationId;
    const others =
      skipped === undefined
        ? standing.length - 1
        : standing.filter(({ id }) => id !== skipped).length;
    return others >= 1
      ? MET
      : unmet('another_publication', 'no other publication is planned or published');
  },

  is_unknown_or_missed: ({ context, ask }) => {
    if (ask.type !== 'resolve_publication') return MET;
    const open = context.publications.filter(
      ({ state }) => state === 'unknown' || state === 'missed',
    );
    const found =
      ask.refs === null ? open.length > 0 : open.some(({ id }) => id === ask.refs?.publicationId);
    return found
      ? MET
      : unmet('is_unknown_or_missed', 'only an unknown or a missed publication is resolved');
  },

  outcome_fits: ({ place, context, ask }) => {
    if (ask.type !== 'resolve_publication' || ask.refs === null) return MET;
    const { publicationId, outcome } = ask.refs;
    const state = publicationById(context, publicationId)?.state;
    const fitting: readonly string[] =
      state === 'unknown'
        ? ['live', 'not_live', 'publish_again']
        : state === 'missed'
          ? ['reschedule', 'skip']
          : [];
    if (fitting.length > 0 && !fitting.includes(outcome)) {
      return unmet(
        'outcome_fits',
        `a publication that is ${state} is resolved by ${fitting.join(', ')}`,
      );
    }
    if (plansASend(ask) && place !== 'publishing') {
      return unmet('outcome_fits', `${outcome} is possible in publishing; the item is in ${place}`);
    }
    return MET;
  },

  evidence_given: ({ ask }) => {
    if (ask.type !== 'resolve_publication' || ask.refs === null) return MET;
    return isBlank(ask.refs.evidence) ? unmet('evidence_given', 'say what shows the outcome') : MET;
  },

  one_checkpoint_recorded: ({ context }) =>
    context.checkpoints.some(({ state }) => state === 'recorded')
      ? MET
      : unmet('one_checkpoint_recorded', 'no checkpoint is recorded yet'),

  verdicts_seen: ({ context, ask }) => {
    if (ask.type !== 'sign_off') return MET;
    const review = currentReview(context);
    if (review === null || review.hash === null) {
      return unmet('verdicts_seen', 'the readings of this review are not frozen yet');
    }
    const seen = ask.refs?.reviewHash;
    return seen === undefined || seen === review.hash
      ? MET
      : unmet('verdicts_seen', `the review's hash is ${review.hash}`);
  },

  strategist_decides_first: ({ context, ask }) => {
    if (ask.type !== 'sign_off') return MET;
    const signOffs = currentReview(context)?.signOffs ?? [];
    const decided = signOffs.find(({ role }) => role === 'strategist');
    const asksAsStrategist =
      ask.refs === null ? ask.actor.roles.includes('strategist') : ask.refs.role === 'strategist';
    if (asksAsStrategist) {
      return ask.refs !== null && (ask.refs.decision === 'agree' || ask.refs.decision === 'dissent')
        ? unmet(
            'strategist_decides_first',
            'the strategist decides: scale, iterate, retire, recycle or extend_measurement',
          )
        : MET;
    }
    return decided === undefined
      ? unmet('strategist_decides_first', 'the strategist decides first', 'strategist')
      : MET;
  },

  extension_valid: ({ context, ask }) => {
    if (ask.type !== 'sign_off' || ask.refs?.decision !== 'extend_measurement') return MET;
    if (ask.refs.role !== 'strategist') return MET;
    const { extendTo } = ask.refs;
    if (extendTo === undefined) {
      return unmet('extension_valid', 'extend_measurement needs the age to extend to');
    }
    const age = ageMs(extendTo);
    const latest = Math.max(
      ...context.publications.flatMap(({ publishedAt }) =>
        publishedAt === null ? [] : [Date.parse(publishedAt)],
      ),
    );
    if (age > MAX_EXTENSION_DAYS * 86_400_000) {
      return unmet('extension_valid', `${extendTo} is more than ${MAX_EXTENSION_DAYS} days`);
    }
    return latest + age > Date.parse(ask.at)
      ? MET
      : unmet('extension_valid', `${extendTo} after publication is not in the future`);
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
  const basis =
    ask.basisSeq !== undefined && ask.basisSeq !== item.seq
      ? unmet(
          'basis_changed',
          `the item is at ${item.seq}, the command is based on ${ask.basisSeq}`,
        )
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
