import { and, enqueueActions, not, setup } from 'xstate';
import type { OwnerRole } from '../people/roles.ts';
import type { ClockFacts } from './commands/facts.ts';
import type { Command, ItemMachineEvent } from './commands.ts';
import { type BriefDigest, type ItemContext, isSending, type PinnedPlaybook } from './context.ts';
import type { EventRecord } from './event.ts';
import { closeGate, isGateClosed } from './moves/approval.ts';
import {
  closeReview,
  extendMeasurement,
  isExtensionDecided,
  isReviewSigned,
  openReview,
} from './moves/kpi-review.ts';
import type { Move } from './moves/move.ts';
import { moveOfCommand, moveOfSystem } from './moves/moves.ts';
import { isContentMismatch, isDueUnapproved } from './moves/publication.ts';
import { isPlanStanding } from './moves/schedule.ts';
import { cancel, enterStage, isCancelDue } from './moves/stage.ts';
import { UNRESOLVED_STATES } from './publication-states.ts';
import { unmetRequirements } from './requirements/requirements.ts';
import { OPEN_PLACES, type Place, type Stage } from './stages.ts';
import { initialContext, startItem } from './start.ts';

/** Raised when a stored snapshot of an older machine must be migrated. */
export const MACHINE_VERSION = 1;

export interface ItemInput {
  itemId: string;
  workspaceId: string;
  playbook: PinnedPlaybook;
  team: Record<OwnerRole, string | null>;
  campaign: { id: string; released: boolean } | null;
  brief: BriefDigest | null;
  at: string;
  clocks?: ClockFacts;
}

function isCommand(event: ItemMachineEvent): event is Command {
  return 'actor' in event;
}

function clocksOf(event: ItemMachineEvent): ClockFacts | undefined {
  if (isCommand(event)) return event.facts.clocks;
  return 'clocks' in event ? event.clocks : undefined;
}

/** Enqueues a move: its change of the context, then one `record` per event of the chain. */
interface Queue {
  assign(change: Partial<ItemContext>): void;
  (action: { type: string; params: unknown }): void;
}

function enqueueMove(enqueue: Queue, { change, records }: Move): void {
  enqueue.assign(change);
  for (const record of records) enqueue({ type: 'record', params: record });
}

/** XState types `enqueue` by the finished setup; inside the setup every action named here exists. */
function queueOf(enqueue: unknown): Queue {
  return enqueue as Queue;
}

/** The event of an initial transition carries the input instead of an instant. */
function stampOf(event: ItemMachineEvent): { at: string; clocks: ClockFacts | undefined } {
  const initial = event as unknown as { input?: ItemInput };
  if (initial.input !== undefined)
    return initial.input as { at: string; clocks: ClockFacts | undefined };
  return { at: event.at, clocks: clocksOf(event) };
}

const base = setup({
  types: {
    context: {} as ItemContext,
    events: {} as ItemMachineEvent,
    input: {} as ItemInput,
  },
  guards: {
    /** Every requirement of the command is met. Whether its basis is current is asked in item-run.ts. */
    allowed: ({ context, event }, { place }: { place: Place }) =>
      isCommand(event) &&
      unmetRequirements({ place, context, seq: event.basisSeq ?? 0 }, event).length === 0,
    sameBrief: ({ context, event }) =>
      event.type === 'save_brief' && event.refs.brief.hash === context.brief?.hash,
    sameDraft: ({ context, event }) =>
      event.type === 'save_draft' && event.refs.draft.hash === context.draft?.hash,
    requestsChanges: ({ event }) =>
      event.type === 'decide_approval' && event.refs.decision === 'request_changes',
    planStands: ({ context, event }) =>
      event.type === 'skip_publication' && isPlanStanding(context, event.refs.publicationId),
    contentMismatch: ({ context, event }) =>
      event.type === 'publication_settled' && isContentMismatch(context, event),
    dueUnapproved: ({ context, event }) =>
      event.type === 'publication_due' && isDueUnapproved(context, event),
    cancelDue: ({ context }) => isCancelDue(context),
    gateClosed: ({ context }) => isGateClosed(context),
    anyActive: ({ context }) =>
      context.publications.some(
        (record) => isSending(record) || UNRESOLVED_STATES.includes(record.state),
      ),
    anyPlanned: ({ context }) => context.publications.some(({ state }) => state === 'planned'),
    anyPublished: ({ context }) => context.publications.some(({ state }) => state === 'published'),
    checkpointsSettled: ({ context }) =>
      context.checkpoints.every(({ required, state }) => !required || state !== 'due'),
    reviewSigned: ({ context }) => isReviewSigned(context),
    extensionDecided: ({ context }) => isExtensionDecided(context),
    heldFrom: ({ context }, { place }: { place: Place }) => context.heldFrom === place,
  },
  actions: {
    /** An event for the item's chain: data that the run stores. */
    record: (_, _record: EventRecord) => {},
    /** Send a publication whose slot is due: the run starts a child. */
    start_publication: (_, _params: { publicationId: string }) => {},
    /** Freeze the readings of a review and compute its verdicts: the run calls an activity. */
    freeze_review: (_, _params: { reviewId: string; number: number }) => {},

    apply: enqueueActions(({ context, event, enqueue }, { place }: { place: Place }) => {
      const move = isCommand(event)
        ? moveOfCommand(context, event, place)
        : moveOfSystem(context, event);
      enqueueMove(queueOf(enqueue), move);
      for (const { type, data } of move.records) {
        if (type !== 'publication.due') continue;
        const params = { publicationId: data['publicationId'] };
        queueOf(enqueue)({ type: 'start_publication', params });
      }
    }),
    cancelNow: enqueueActions(({ context, event, enqueue }) => {
      const by = { at: event.at, memberId: 'system' };
      enqueueMove(queueOf(enqueue), cancel(context, context.cancelling, by));
    }),
    start: enqueueActions(({ context, enqueue }) => {
      enqueueMove(queueOf(enqueue), startItem(context));
    }),
    enter: enqueueActions(({ context, event, enqueue }, { stage }: { stage: Stage }) => {
      const { at, clocks } = stampOf(event);
      enqueueMove(queueOf(enqueue), enterStage(context, stage, at, clocks));
    }),
    closeGate: enqueueActions(({ context, event, enqueue }) => {
      enqueueMove(queueOf(enqueue), closeGate(context, event.at));
    }),
    openReview: enqueueActions(({ context, enqueue }) => {
      const move = openReview(context);
      enqueueMove(queueOf(enqueue), move);
      const review = move.change.reviews?.at(-1);
      if (review !== undefined) {
        const params = { reviewId: review.id, number: review.number };
        queueOf(enqueue)({ type: 'freeze_review', params });
      }
    }),
    closeReview: enqueueActions(({ context, event, enqueue }) => {
      enqueueMove(queueOf(enqueue), closeReview(context, event.at));
    }),
    extendMeasurement: enqueueActions(({ context, enqueue }) => {
      enqueueMove(queueOf(enqueue), extendMeasurement(context));
    }),
  },
});

function apply<P extends Place>(place: P) {
  return { type: 'apply', params: { place } } as const;
}

function enter<S extends Stage>(stage: S) {
  return { type: 'enter', params: { stage } } as const;
}

/** A command that keeps the place; an always-rule may then move the item on. */
function stays<P extends Place>(place: P) {
  return { guard: { type: 'allowed', params: { place } }, actions: apply(place) } as const;
}

/** A command that moves the item. */
function goes<P extends Place, T extends string>(place: P, target: T) {
  return { ...stays(place), target } as const;
}

/** What may happen in every open stage. */
function anywhere<P extends Place>(place: P) {
  const kept = { actions: apply(place) } as const;
  return {
    reassign: stays(place),
    extend: stays(place),
    resolve_publication: stays(place),
    cancel: goes(place, '#item.cancelled'),
    publication_sending: kept,
    publication_settled: kept,
    slot_passed: kept,
    approval_deadline_passed: kept,
    checkpoint_recorded: kept,
    checkpoint_missed: kept,
    review_frozen: kept,
    clock_step: kept,
    campaign_released: kept,
    campaign_cancelled: kept,
  } as const;
}

/** An outcome, where a failed content check takes the item back to its gate. */
function settles<P extends Place>(place: P) {
  return [
    { guard: 'contentMismatch', actions: apply(place), target: '#item.creation.drafting' },
    { actions: apply(place) },
  ] as const;
}

/** A slot's time has come: it is sent, unless its approvals died. */
function becomesDue<P extends Place>(place: P) {
  return [
    { guard: 'dueUnapproved', actions: apply(place), target: '#item.creation.drafting' },
    { actions: apply(place) },
  ] as const;
}

/** First of the always-rules: once its campaign is cancelled, an item goes nowhere else. */
const CANCELLED_WITH_CAMPAIGN = {
  guard: 'cancelDue',
  actions: 'cancelNow',
  target: '#item.cancelled',
} as const;

function holdable<P extends Place>(place: P) {
  return { ...anywhere(place), hold: goes(place, '#item.on_hold') } as const;
}

function allowedAnd<P extends Place, G extends string>(place: P, ...guards: G[]) {
  return and([{ type: 'allowed', params: { place } }, ...guards] as never);
}

/** A saved brief takes an item that has left briefing back to creation; the same brief again does nothing. */
function revisesBrief<P extends Place>(place: P) {
  return [
    { guard: allowedAnd(place, 'sameBrief') },
    goes(place, '#item.creation.drafting'),
  ] as const;
}

/** A changed draft re-opens the gate from wherever the item is; the same draft again does nothing. */
function revisesDraft<P extends Place>(place: P) {
  return [
    { guard: allowedAnd(place, 'sameDraft') },
    goes(place, '#item.creation.drafting'),
  ] as const;
}

/**
 * XState's `transition` makes an inert actor of the machine first, without input, whose initial
 * state it never looks at: an error made once is the cheapest end of that.
 */
const NO_INPUT = new TypeError('an item starts with an input');

function givenInput(input: ItemInput | undefined): ItemInput {
  if (input === undefined) throw NO_INPUT;
  return input;
}

/** Where a held item may return to. */
const RESUMABLE = OPEN_PLACES.filter((place) => place !== 'on_hold');

const CREATION = 'creation.drafting';
const REVIEW = 'review.deciding';
const OFFERED = 'scheduling.offered';
const PLANNING = 'scheduling.planning';

/** One content item, from brief to signed-off KPI verdict. Pure: no clock, no effects, no actors. */
export const itemMachine = base.createMachine({
  id: 'item',
  context: ({ input }) => initialContext(givenInput(input)),
  entry: 'start',
  initial: 'briefing',
  always: CANCELLED_WITH_CAMPAIGN,
  states: {
    briefing: {
      entry: enter('briefing'),
      initial: 'drafting',
      states: {
        drafting: {
          on: {
            ...holdable('briefing.drafting'),
            save_brief: [
              { guard: allowedAnd('briefing.drafting', 'sameBrief') },
              stays('briefing.drafting'),
            ],
            offer_handoff: goes('briefing.drafting', 'offered'),
          },
        },
        offered: {
          on: {
            ...holdable('briefing.offered'),
            save_brief: [
              { guard: allowedAnd('briefing.offered', 'sameBrief') },
              goes('briefing.offered', 'drafting'),
            ],
            withdraw_handoff: goes('briefing.offered', 'drafting'),
            accept_handoff: goes('briefing.offered', '#item.creation'),
            decline_handoff: goes('briefing.offered', 'drafting'),
          },
        },
      },
    },
    creation: {
      entry: enter('creation'),
      initial: 'drafting',
      states: {
        drafting: {
          on: {
            ...holdable(CREATION),
            save_brief: [{ guard: allowedAnd(CREATION, 'sameBrief') }, stays(CREATION)],
            save_draft: [{ guard: allowedAnd(CREATION, 'sameDraft') }, stays(CREATION)],
            submit_for_review: goes(CREATION, '#item.review'),
            acknowledge_revision: stays(CREATION),
            plan_schedule: stays(CREATION),
          },
        },
      },
    },
    review: {
      entry: enter('review'),
      initial: 'deciding',
      states: {
        deciding: {
          on: {
            ...holdable(REVIEW),
            publication_settled: settles(REVIEW),
            save_brief: revisesBrief(REVIEW),
            save_draft: revisesDraft(REVIEW),
            decide_approval: [
              {
                guard: allowedAnd(REVIEW, 'requestsChanges'),
                actions: apply(REVIEW),
                target: '#item.creation',
              },
              stays(REVIEW),
            ],
            plan_schedule: stays(REVIEW),
          },
          always: { guard: 'gateClosed', actions: 'closeGate', target: '#item.scheduling.offered' },
        },
      },
    },
    scheduling: {
      entry: enter('scheduling'),
      initial: 'offered',
      states: {
        offered: {
          on: {
            ...holdable(OFFERED),
            publication_settled: settles(OFFERED),
            save_brief: revisesBrief(OFFERED),
            save_draft: revisesDraft(OFFERED),
            accept_handoff: goes(OFFERED, 'planning'),
            decline_handoff: goes(OFFERED, '#item.creation'),
            plan_schedule: stays(OFFERED),
          },
        },
        planning: {
          on: {
            ...holdable(PLANNING),
            publication_settled: settles(PLANNING),
            save_brief: revisesBrief(PLANNING),
            save_draft: revisesDraft(PLANNING),
            plan_schedule: goes(PLANNING, '#item.scheduled'),
            skip_publication: [
              {
                guard: allowedAnd(PLANNING, 'planStands'),
                actions: apply(PLANNING),
                target: '#item.scheduled',
              },
              stays(PLANNING),
            ],
          },
        },
      },
    },
    scheduled: {
      entry: enter('scheduled'),
      always: [
        CANCELLED_WITH_CAMPAIGN,
        { guard: 'anyActive', target: 'publishing' },
        { guard: and([not('anyPlanned'), 'anyPublished']), target: 'measuring' },
        { guard: not('anyPlanned'), target: 'scheduling.planning' },
      ],
      on: {
        ...holdable('scheduled'),
        save_brief: revisesBrief('scheduled'),
        save_draft: revisesDraft('scheduled'),
        plan_schedule: stays('scheduled'),
        unschedule: goes('scheduled', 'scheduling.planning'),
        skip_publication: stays('scheduled'),
        publication_due: becomesDue('scheduled'),
      },
    },
    publishing: {
      entry: enter('publishing'),
      always: [
        CANCELLED_WITH_CAMPAIGN,
        { guard: and([not('anyActive'), 'anyPlanned']), target: 'scheduled' },
        { guard: and([not('anyActive'), 'anyPublished']), target: 'measuring' },
        { guard: not('anyActive'), target: 'scheduling.planning' },
      ],
      on: {
        ...holdable('publishing'),
        publication_settled: settles('publishing'),
        save_draft: revisesDraft('publishing'),
        plan_schedule: stays('publishing'),
        unschedule: goes('publishing', 'scheduling.planning'),
        skip_publication: stays('publishing'),
        publication_due: becomesDue('publishing'),
      },
    },
    measuring: {
      entry: enter('measuring'),
      always: [
        CANCELLED_WITH_CAMPAIGN,
        { guard: 'anyActive', target: 'publishing' },
        { guard: 'anyPlanned', target: 'scheduled' },
        { guard: not('anyPublished'), target: 'scheduling.planning' },
        { guard: 'checkpointsSettled', actions: 'openReview', target: 'kpi_review' },
      ],
      on: {
        ...holdable('measuring'),
        open_kpi_review: {
          guard: { type: 'allowed', params: { place: 'measuring' } },
          actions: [apply('measuring'), 'openReview'],
          target: 'kpi_review',
        },
      },
    },
    kpi_review: {
      entry: enter('kpi_review'),
      always: [
        CANCELLED_WITH_CAMPAIGN,
        { guard: 'extensionDecided', actions: 'extendMeasurement', target: 'measuring' },
        { guard: 'reviewSigned', actions: 'closeReview', target: 'closed' },
      ],
      on: { ...holdable('kpi_review'), sign_off: stays('kpi_review') },
    },
    on_hold: {
      entry: enter('on_hold'),
      on: {
        ...anywhere('on_hold'),
        resume: RESUMABLE.map((place) => ({
          guard: and([
            { type: 'allowed', params: { place: 'on_hold' } } as const,
            { type: 'heldFrom', params: { place } } as const,
          ]),
          actions: apply('on_hold'),
          target: `#item.${place}`,
        })),
      },
    },
    closed: { type: 'final', entry: enter('closed') },
    cancelled: { type: 'final', entry: enter('cancelled') },
  },
});
