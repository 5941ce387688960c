import { type ItemContext, isSending, publicationById } from '../context.ts';
import { type PublicationState, UNRESOLVED_STATES } from '../publication-states.ts';
import { accountsToReplace, openRefusals } from '../refusals.ts';
import { heldUntil, isPlanned, isTentativePlace, slotsBesidePlan } from '../slots.ts';
import { stageOf } from '../stages.ts';
import {
  type Inquiry,
  isBlank,
  MET,
  plansASend,
  type Question,
  type Requirements,
  slotProblem,
  slotsOf,
  unmet,
} from './question.ts';

/** States in which a record keeps others off its account, and what would free it. */
const HOLDS_ACCOUNT: Partial<Record<PublicationState, string>> = {
  published: 'it is published',
  unknown: 'its outcome is unknown, resolve it first',
  missed: 'its slot was missed, resolve it first',
};

/** The slots that the command would bind to the content: those it names and those it keeps. */
function slotsToSend({ place, context, ask }: Question): { at: string }[] {
  const { slots } = slotsOf(ask);
  if (ask.type !== 'plan_schedule' || isTentativePlace(place, context)) return slots;
  return [...slots, ...slotsBesidePlan(context, slots).kept];
}

/** A plan may name no slot where others stand, or where what is published is all there will be. */
function isPlanWithoutSlots({ place, context }: Question): boolean {
  if (isTentativePlace(place, context)) return false;
  if (slotsBesidePlan(context, []).kept.length > 0) return true;
  return (
    place === 'scheduling.planning' &&
    context.publications.some(({ state }) => state === 'published')
  );
}

/** True when the command skips a post that was refused or, asked without a payload, could. */
function skipsRefusal(context: ItemContext, ask: Inquiry): boolean {
  if (ask.type !== 'skip_publication') return false;
  const { refs } = ask;
  return openRefusals(context).some(({ id }) => refs === null || id === refs.publicationId);
}

/** Slots, what is in flight, and what became of a publication. */
export const SCHEDULE_REQUIREMENTS = {
  nothing_sending: {
    text: 'No publication is due or being sent.',
    check: ({ place, context, ask }) => {
      if (ask.type === 'save_brief' && stageOf(place) === 'briefing') return MET;
      if (ask.type === 'save_draft' && stageOf(place) === 'creation') return MET;
      if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
      if (skipsRefusal(context, ask)) return MET;
      const sending = context.publications.filter(isSending);
      return sending.length === 0
        ? MET
        : unmet(`${sending.map(({ id }) => id).join(', ')} is due or being sent`);
    },
  },

  account_free: {
    text: 'The plan names each account once. No post of this item on it is published, unknown or missed.',
    check: ({ context, ask }) => {
      if (ask.type !== 'plan_schedule') return MET;
      const asked = (ask.refs?.publications ?? []).map(({ channelAccountId }) => channelAccountId);
      const twice = new Set(asked.filter((id, index) => asked.indexOf(id) !== index));
      const busy = context.publications.filter(
        ({ channelAccountId, state }) =>
          HOLDS_ACCOUNT[state] !== undefined && asked.includes(channelAccountId),
      );
      return [
        ...[...twice].flatMap((id) => unmet(`${id} is named twice`)),
        ...busy.flatMap(({ channelAccountId, id, state }) =>
          unmet(`${channelAccountId} has ${id}: ${HOLDS_ACCOUNT[state]}`),
        ),
      ];
    },
  },

  replaces_post: {
    text: 'In measuring, KPI review and on hold a plan names only accounts whose post was refused or is not live.',
    check: ({ place, context, ask, access }) => {
      if (ask.type !== 'plan_schedule' || ask.refs === null || access.in.includes(place))
        return MET;
      const replaceable = accountsToReplace(context);
      const { publications } = ask.refs;
      if (publications.length === 0) return unmet('the plan names no account');
      return publications
        .filter(({ channelAccountId }) => !replaceable.includes(channelAccountId))
        .flatMap(({ channelAccountId }) =>
          unmet(`no post of this item on ${channelAccountId} was refused or is not live`),
        );
    },
  },

  nothing_unknown: {
    text: 'No publication has an unknown outcome.',
    check: ({ context, ask }) => {
      if (ask.type === 'resolve_publication' && !plansASend(ask)) return MET;
      const resolving =
        ask.type === 'resolve_publication' && ask.refs !== null ? ask.refs.publicationId : null;
      const unknown = context.publications.filter(
        ({ id, state }) => state === 'unknown' && id !== resolving,
      );
      return unknown.length === 0
        ? MET
        : unmet(`the outcome of ${unknown.map(({ id }) => id).join(', ')} is unknown`);
    },
  },

  slot_valid: {
    text: 'The plan names or keeps a slot. Each slot has an active account, a variant and a time.',
    check: (question) => {
      const { ask, context } = question;
      if (ask.refs === null || !plansASend(ask)) return MET;
      const { slots } = slotsOf(ask);
      const found = [...slotProblem('slot_valid', question)];
      if (ask.type === 'resolve_publication') {
        const record = publicationById(context, ask.refs.publicationId);
        const [slot] = slots;
        if (slot === undefined) {
          found.push(...unmet(`${ask.refs.outcome} needs a time`));
        } else if (record !== null && slot.channelAccountId !== record.channelAccountId) {
          found.push(...unmet(`${record.id} belongs to ${record.channelAccountId}`));
        }
      }
      for (const { channel } of slots) {
        if (context.draft !== null && context.draft.variants[channel] === undefined) {
          found.push(...unmet(`the draft has no variant for ${channel}`));
        }
      }
      if (ask.type === 'plan_schedule' && slots.length === 0 && !isPlanWithoutSlots(question)) {
        found.push(...unmet('the plan names no slot'));
      }
      return found;
    },
  },

  slot_in_future: {
    text: 'The slot lies ahead. A tentative slot leaves time for the approval.',
    check: (question) => {
      const { place, context, ask } = question;
      if (ask.refs === null || !plansASend(ask)) return MET;
      const now = Date.parse(ask.at);
      if (ask.type === 'plan_schedule' && isTentativePlace(place, context)) {
        return slotsOf(ask).slots.flatMap((slot) => {
          const until = heldUntil(context, slot);
          return until > now
            ? MET
            : unmet(`${slot.at} is too soon: its deadline was ${new Date(until).toISOString()}`);
        });
      }
      return slotsToSend(question)
        .filter(({ at }) => Date.parse(at) <= now)
        .flatMap(({ at }) => unmet(`${at} is not in the future`));
    },
  },

  not_blacked_out: {
    text: 'The slot lies outside every blackout window.',
    check: (question) => slotProblem('not_blacked_out', question),
  },

  embargo_over: {
    text: 'The slot lies after the embargo of the brief.',
    check: (question) => {
      const { context, ask } = question;
      const until = context.brief?.embargoUntil ?? null;
      // A plan may move every slot it keeps.
      if (ask.refs === null || until === null || !plansASend(ask)) return MET;
      return slotsToSend(question)
        .filter(({ at }) => Date.parse(at) < Date.parse(until))
        .flatMap(({ at }) => unmet(`${at} is before the embargo ends at ${until}`));
    },
  },

  token_valid_past_slot: {
    text: 'The account’s token is still valid when the slot comes.',
    check: (question) => slotProblem('token_valid_past_slot', question),
  },

  publication_planned: {
    text: 'The publication is planned or tentative, or it was refused and not planned again. Outside planning, scheduled and publishing only a refused one can be skipped.',
    check: ({ place, context, ask, access }) => {
      if (ask.type !== 'skip_publication' || skipsRefusal(context, ask)) return MET;
      if (!access.in.includes(place)) {
        return unmet(`in ${place} only a post that was refused can be skipped`);
      }
      const planned = context.publications.filter(isPlanned);
      const found =
        ask.refs === null
          ? planned.length > 0
          : planned.some(({ id }) => id === ask.refs?.publicationId);
      return found ? MET : unmet('only a planned, tentative or refused publication can be skipped');
    },
  },

  another_publication: {
    text: 'Another publication is planned or published. A slot that waits for its plan, and a refused post, may be the last.',
    check: ({ place, context, ask }) => {
      if (ask.type !== 'skip_publication' || skipsRefusal(context, ask)) return MET;
      const publicationId = ask.refs?.publicationId;
      // What waits for a plan is missed by none: a tentative slot, and in planning a kept one.
      const isHeld = context.publications.some(
        ({ id, state }) =>
          (publicationId === undefined || id === publicationId) &&
          (state === 'tentative' || (state === 'planned' && place === 'scheduling.planning')),
      );
      if (isHeld) return MET;
      const candidates = context.publications.filter(
        ({ state }) => state === 'planned' || state === 'published',
      );
      const others =
        publicationId === undefined
          ? candidates.length - 1
          : candidates.filter(({ id }) => id !== publicationId).length;
      return others >= 1 ? MET : unmet('no other publication is planned or published');
    },
  },

  is_unknown_or_missed: {
    text: 'The publication is unknown or missed.',
    check: ({ context, ask }) => {
      if (ask.type !== 'resolve_publication') return MET;
      const open = context.publications.filter(({ state }) => UNRESOLVED_STATES.includes(state));
      const found =
        ask.refs === null ? open.length > 0 : open.some(({ id }) => id === ask.refs?.publicationId);
      return found ? MET : unmet('only an unknown or a missed publication can be resolved');
    },
  },

  outcome_fits: {
    text: 'The outcome fits the publication’s state and the item’s stage.',
    check: ({ place, context, ask }) => {
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
        return unmet(`a publication that is ${state} takes the outcome ${fitting.join(', ')}`);
      }
      if (plansASend(ask) && place !== 'publishing') {
        return unmet(`${outcome} is possible in publishing; the item is in ${place}`);
      }
      return MET;
    },
  },

  post_free: {
    text: 'No other publication holds the post that the command names.',
    check: ({ ask }) => {
      if (ask.type !== 'resolve_publication' || ask.facts.holder === undefined) return MET;
      const { publicationId, itemId } = ask.facts.holder;
      return unmet(
        `remoteId or permalink is the post of publication ${publicationId} of item ${itemId}: a post belongs to one publication`,
      );
    },
  },

  evidence_given: {
    text: 'The command gives evidence of the outcome.',
    check: ({ ask }) => {
      if (ask.type !== 'resolve_publication' || ask.refs === null) return MET;
      return isBlank(ask.refs.evidence) ? unmet('give evidence of the outcome') : MET;
    },
  },
} as const satisfies Requirements;
