import { and, not } from 'xstate';
import { machineSetup } from './machine/setup.ts';
import {
  anywhere,
  apply,
  becomesDue,
  CANCELLED_WITH_CAMPAIGN,
  enter,
  goes,
  holdable,
  replacesRefused,
  returnable,
  revises,
  settles,
  stays,
} from './machine/transitions.ts';
import { OPEN_PLACES } from './stages.ts';
import { type ItemInput, initialContext } from './start.ts';

/** Raised when a stored snapshot of an older machine must be migrated. */
export const MACHINE_VERSION = 1;

/**
 * XState's `transition` first makes an actor without input, whose initial state it never reads. That
 * attempt ends with an error; made once, it costs least.
 */
const NO_INPUT = new TypeError('an item starts with an input');

function inputOf(input: ItemInput | undefined): ItemInput {
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
export const itemMachine = machineSetup.createMachine({
  id: 'item',
  context: ({ input }) => initialContext(inputOf(input)),
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
            save_brief: [{ guard: 'sameBrief' }, stays('briefing.drafting')],
            offer_handoff: goes('briefing.drafting', 'offered'),
          },
        },
        offered: {
          on: {
            ...returnable('briefing.offered', 'drafting'),
            save_brief: [{ guard: 'sameBrief' }, goes('briefing.offered', 'drafting')],
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
            save_brief: [{ guard: 'sameBrief' }, stays(CREATION)],
            save_draft: [{ guard: 'sameDraft' }, stays(CREATION)],
            submit_for_review: goes(CREATION, '#item.review'),
            acknowledge_revision: stays(CREATION),
            plan_schedule: stays(CREATION),
            skip_publication: stays(CREATION),
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
            ...returnable(REVIEW, '#item.creation.drafting'),
            publication_settled: settles(REVIEW),
            save_brief: revises(REVIEW, 'sameBrief'),
            save_draft: revises(REVIEW, 'sameDraft'),
            decide_approval: [
              {
                guard: 'requestsChanges',
                actions: apply(REVIEW),
                target: '#item.creation',
              },
              stays(REVIEW),
            ],
            plan_schedule: stays(REVIEW),
            skip_publication: stays(REVIEW),
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
            ...returnable(OFFERED, '#item.creation.drafting'),
            publication_settled: settles(OFFERED),
            save_brief: revises(OFFERED, 'sameBrief'),
            save_draft: revises(OFFERED, 'sameDraft'),
            accept_handoff: goes(OFFERED, 'planning'),
            decline_handoff: goes(OFFERED, '#item.creation'),
            plan_schedule: stays(OFFERED),
            skip_publication: stays(OFFERED),
          },
        },
        planning: {
          on: {
            ...holdable(PLANNING),
            publication_settled: settles(PLANNING),
            save_brief: revises(PLANNING, 'sameBrief'),
            save_draft: revises(PLANNING, 'sameDraft'),
            plan_schedule: goes(PLANNING, '#item.scheduled'),
            skip_publication: [
              {
                guard: 'planStands',
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
        save_brief: revises('scheduled', 'sameBrief'),
        save_draft: revises('scheduled', 'sameDraft'),
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
        save_draft: revises('publishing', 'sameDraft'),
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
        ...replacesRefused('measuring'),
        open_kpi_review: {
          actions: [apply('measuring'), 'openReview'],
          target: 'kpi_review',
        },
      },
    },
    kpi_review: {
      entry: enter('kpi_review'),
      always: [
        CANCELLED_WITH_CAMPAIGN,
        { guard: 'anyActive', target: 'publishing' },
        { guard: 'anyPlanned', target: 'scheduled' },
        { guard: 'extensionDecided', actions: 'extendMeasurement', target: 'measuring' },
        { guard: 'reviewSigned', actions: 'closeReview', target: 'closed' },
      ],
      on: {
        ...holdable('kpi_review'),
        ...replacesRefused('kpi_review'),
        sign_off: stays('kpi_review'),
      },
    },
    on_hold: {
      entry: enter('on_hold'),
      on: {
        ...anywhere('on_hold'),
        ...replacesRefused('on_hold'),
        resume: RESUMABLE.map((place) => ({
          guard: { type: 'heldFrom', params: { place } } as const,
          actions: apply('on_hold'),
          target: `#item.${place}`,
        })),
      },
    },
    closed: { type: 'final', entry: enter('closed') },
    cancelled: { type: 'final', entry: enter('cancelled') },
  },
});
