import { currentHandoff, isBreached } from '../context.ts';
import { stageOf } from '../stages.ts';
import { type Checks, draftFactsOf, holdersOf, MET, type Question, unmet } from './question.ts';

/**
 * A holder of the role: the assignee; anyone while nobody is assigned; the assignee's backup after a
 * breach. Whoever accepts becomes the assignee, so the role is asked of the backup too.
 */
function isReceiver({ place, context, ask }: Question): boolean {
  const role = place === 'briefing.offered' ? 'creator' : 'social_media_manager';
  if (!ask.actor.roles.includes(role)) return false;
  const assignee = context.team[role];
  if (assignee === null || assignee === ask.actor.memberId) return true;
  return isBreached(context) && ask.actor.backupFor.includes(assignee);
}

/** The brief, the exit checklists, and who may take the item over. */
export const HANDOFF_CHECKS = {
  brief_complete: ({ place, context, ask }) => {
    if (ask.type === 'save_brief' && (stageOf(place) === 'briefing' || ask.refs === null))
      return MET;
    const brief = ask.type === 'save_brief' ? (ask.refs?.brief ?? null) : context.brief;
    if (brief === null) return unmet('brief_complete', 'no brief is saved yet');
    return brief.missing.length === 0
      ? MET
      : unmet('brief_complete', `the brief lacks ${brief.missing.join(', ')}`);
  },

  checklist_complete: (question) => {
    const { context, ask } = question;
    if (ask.type !== 'offer_handoff' && ask.type !== 'submit_for_review') return MET;
    const isReview = ask.type === 'submit_for_review';
    const human = isReview ? context.playbook.checklists.review : context.playbook.checklists.brief;
    const ticked = ask.refs === null ? human : ask.refs.checklist;
    const open = human.filter((code) => !ticked.includes(code));
    const failed = isReview ? draftFactsOf(question).failedChecks : [];
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
    const { creator } = question.context.team;
    if (creators.length === 0) {
      return unmet('receiver_exists', 'no active member holds the role creator', 'creator');
    }
    return creator === null || creators.includes(creator)
      ? MET
      : unmet('receiver_exists', `${creator} is no active creator: reassign the item`, 'creator');
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
} as const satisfies Checks;
