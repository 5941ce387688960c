import { currentHandoff, isBreached } from '../context.ts';
import { IN_FLIGHT_STATES, MAY_BE_OUT_STATES } from '../publication-states.ts';
import { stageOf } from '../stages.ts';
import {
  draftFactsOf,
  holdersOf,
  MET,
  type Question,
  type Requirements,
  receivingRole,
  unmet,
} from './question.ts';

/** States of a publication that freeze the KPI targets. */
const TARGET_FREEZING_STATES = [...IN_FLIGHT_STATES, ...MAY_BE_OUT_STATES];

/**
 * A holder of the role: the assignee; anyone while nobody is assigned; the assignee's backup after a
 * breach. Whoever accepts becomes the assignee, so the role is asked of the backup too.
 */
function isReceiver({ place, context, ask }: Question): boolean {
  const role = receivingRole(place);
  if (!ask.actor.roles.includes(role)) return false;
  const assignee = context.team[role];
  if (assignee === null || assignee === ask.actor.memberId) return true;
  return isBreached(context) && ask.actor.backupFor.includes(assignee);
}

/** The brief, the exit checklists, and who may take the item over. */
export const HANDOFF_REQUIREMENTS = {
  brief_complete: {
    text: 'The brief has every required field.',
    check: ({ place, context, ask }) => {
      if (ask.type === 'save_brief' && (stageOf(place) === 'briefing' || ask.refs === null))
        return MET;
      const brief = ask.type === 'save_brief' ? (ask.refs?.brief ?? null) : context.brief;
      if (brief === null) return unmet('no brief is saved yet');
      return brief.missing.length === 0
        ? MET
        : unmet(`the brief lacks ${brief.missing.join(', ')}`);
    },
  },

  checklist_complete: {
    text: 'Every entry of the exit checklist is met. The refusal names each open entry as `checklist.<code>`.',
    check: (question) => {
      const { context, ask } = question;
      if (ask.type !== 'offer_handoff' && ask.type !== 'submit_for_review') return MET;
      const isReview = ask.type === 'submit_for_review';
      const human = isReview
        ? context.playbook.checklists.review
        : context.playbook.checklists.brief;
      const ticked = ask.refs === null ? human : ask.refs.checklist;
      const open = human.filter((code) => !ticked.includes(code));
      const failed = isReview ? draftFactsOf(question).failedChecks : [];
      return [...open, ...failed].map((entry) => ({
        entry,
        message: `the checklist entry ${entry} is not met`,
      }));
    },
  },

  targets_set: {
    text: 'The brief has at least one KPI target.',
    check: ({ context }) =>
      (context.brief?.targetCount ?? 0) > 0 ? MET : unmet('the brief has no KPI target'),
  },

  targets_unfrozen: {
    text: 'The KPI targets change only before the first publication.',
    check: ({ context, ask }) => {
      if (ask.type !== 'save_brief' || ask.refs === null || context.brief === null) return MET;
      const isOut = context.publications.some(({ state }) =>
        TARGET_FREEZING_STATES.includes(state),
      );
      return isOut && ask.refs.brief.targetsHash !== context.brief.targetsHash
        ? unmet('KPI targets change only before the first publication')
        : MET;
    },
  },

  receiver_exists: {
    text: 'The assigned creator is active. While none is assigned, there is an active creator.',
    check: (question) => {
      const creators = holdersOf(question.ask).creator ?? [];
      const { creator } = question.context.team;
      if (creators.length === 0) {
        return unmet('no active member holds the role creator', 'creator');
      }
      return creator === null || creators.includes(creator)
        ? MET
        : unmet(`${creator} is not an active creator: reassign the item`, 'creator');
    },
  },

  is_receiver: {
    text: 'The caller holds the receiving role and is assigned. While nobody is assigned, any holder may decide. After a breach, the backup may too.',
    about: 'actor',
    check: (question) => {
      if (isReceiver(question)) return MET;
      const role = receivingRole(question.place);
      return unmet(`only the assigned ${role} decides on the handoff`, role);
    },
  },

  current_handoff: {
    text: 'The command names the open handoff.',
    check: ({ context, ask }) => {
      if (
        ask.type !== 'accept_handoff' &&
        ask.type !== 'decline_handoff' &&
        ask.type !== 'withdraw_handoff'
      ) {
        return MET;
      }
      if (ask.refs === null) return MET;
      const current = currentHandoff(context);
      return current?.id === ask.refs.handoffId
        ? MET
        : unmet(`the open handoff is ${current?.id ?? 'none'}`);
    },
  },

  platform_tag: {
    text: 'The publisher knows every channel of the draft.',
    about: 'actor',
    check: ({ place, context, ask }) => {
      if (place !== 'scheduling.offered' || ask.type !== 'accept_handoff') return MET;
      const lacking = Object.keys(context.draft?.variants ?? {}).filter(
        (channel) => !((ask.actor.platformTags[channel] ?? 0) >= 1),
      );
      return lacking.length === 0
        ? MET
        : unmet(
            `the publisher lacks the platform tag ${lacking.join(', ')}`,
            'social_media_manager',
          );
    },
  },
} as const satisfies Requirements;
