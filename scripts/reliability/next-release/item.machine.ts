import { itemMachine as present } from '../../../src/domain/item/item.machine.ts';
import { machineSetup } from '../../../src/domain/item/machine/setup.ts';
import { goes, holdable, stays } from '../../../src/domain/item/machine/transitions.ts';
import { COMMAND_RULES } from '../../../src/domain/item/rules.ts';
import { OPEN_PLACES, PLACES, type Place } from '../../../src/domain/item/stages.ts';
import { DRAFTING, REVISING } from './revising.ts';

export const MACHINE_VERSION = 2;

/** What may be given while a first draft is written may be given while it is revised. */
const lists = new Set<readonly Place[]>([
  PLACES,
  OPEN_PLACES,
  ...Object.values(COMMAND_RULES).flatMap((rule) => [rule.in, rule.toReplacePost ?? []]),
]);
for (const list of lists) if (list.includes(DRAFTING)) (list as Place[]).push(REVISING);

const REVISING_STATE = {
  on: {
    ...holdable(REVISING),
    save_brief: [{ guard: 'sameBrief' }, stays(REVISING)],
    save_draft: [{ guard: 'sameDraft' }, stays(REVISING)],
    submit_for_review: goes(REVISING, '#item.review'),
    acknowledge_revision: stays(REVISING),
    plan_schedule: stays(REVISING),
    skip_publication: stays(REVISING),
  },
};

/** Only these parts of the chart are of interest: its type knows each state by name. */
interface Chart {
  states: Record<string, { states: Record<string, { on: Record<string, object[]> }> }> & {
    on_hold: { on: { resume: object[] } };
  };
}

/** The present chart with one more state, which a request for changes leads to. */
function chart(): typeof present.config {
  const { states, ...rest } = present.config as unknown as Chart;
  const { creation, review, on_hold } = states;
  const deciding = review?.states['deciding'];
  const [toCreation, ...others] = deciding?.on['decide_approval'] ?? [];
  const resumed = {
    ...on_hold.on.resume[0],
    guard: { type: 'heldFrom', params: { place: REVISING } },
  };
  return {
    ...rest,
    states: {
      ...states,
      creation: { ...creation, states: { ...creation?.states, revising: REVISING_STATE } },
      review: {
        ...review,
        states: {
          deciding: {
            ...deciding,
            on: {
              ...deciding?.on,
              decide_approval: [{ ...toCreation, target: `#item.${REVISING}` }, ...others],
            },
          },
        },
      },
      on_hold: {
        ...on_hold,
        on: {
          ...on_hold.on,
          resume: [...on_hold.on.resume, { ...resumed, target: `#item.${REVISING}` }],
        },
      },
    },
  } as unknown as typeof present.config;
}

/** The machine of the next release. */
export const itemMachine = machineSetup.createMachine(
  chart() as never,
) as unknown as typeof present;
