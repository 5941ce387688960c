import { initialTransition, transition } from 'xstate';
import type { ItemMachineEvent } from './commands.ts';
import { currentReview, type ItemContext, isSending } from './context.ts';
import type { EventRecord } from './event.ts';
import { itemMachine, MACHINE_VERSION } from './item.machine.ts';
import type { Unmet } from './requirements/catalogue.ts';
import { type Inquiry, unmetAccess, unmetRequirements } from './requirements/requirements.ts';
import { PLACES, type Place } from './stages.ts';
import type { ItemInput } from './start.ts';

/** What is stored of a run between two transitions. Restored by `resolveState`: no history, no actors. */
export interface ItemSnapshot {
  machineVersion: number;
  value: string | Record<string, string>;
  context: ItemContext;
}

/** What a transition asks of the world; the run interprets it. */
export type ItemEffect =
  | { type: 'start_publication'; publicationId: string }
  | { type: 'freeze_review'; reviewId: string; number: number };

export interface Step {
  snapshot: ItemSnapshot;
  records: EventRecord[];
  effects: ItemEffect[];
}

/** Where the item is. */
export function placeOf(snapshot: Pick<ItemSnapshot, 'value'>): Place {
  const { value } = snapshot;
  const path =
    typeof value === 'string' ? value : Object.entries(value).map(([a, b]) => `${a}.${b}`)[0];
  const place = PLACES.find((known) => known === path);
  if (place === undefined) throw new RangeError(`unknown place ${JSON.stringify(value)}`);
  return place;
}

function stepFrom(
  snapshot: { value: unknown; context: ItemContext },
  actions: readonly { type: string; params?: unknown }[],
): Step {
  const records: EventRecord[] = [];
  const effects: ItemEffect[] = [];
  for (const { type, params } of actions) {
    // setup() in item.machine.ts types these three actions and their params.
    if (type === 'record') records.push(params as EventRecord);
    if (type === 'start_publication' || type === 'freeze_review') {
      effects.push({ type, ...(params as object) } as ItemEffect);
    }
  }
  return {
    snapshot: {
      machineVersion: MACHINE_VERSION,
      value: snapshot.value as ItemSnapshot['value'],
      context: snapshot.context,
    },
    records,
    effects,
  };
}

/** The first snapshot of a run. */
export function startItem(input: ItemInput): Step {
  const [next, actions] = initialTransition(itemMachine, input);
  return stepFrom(next, actions);
}

/** One transition. A command that is not allowed changes nothing and records nothing. */
export function stepItem(snapshot: ItemSnapshot, event: ItemMachineEvent): Step {
  const [next, actions] = transition(itemMachine, restore(snapshot), event);
  return stepFrom(next, actions);
}

function restore(snapshot: ItemSnapshot) {
  if (snapshot.machineVersion !== MACHINE_VERSION) {
    throw new RangeError(`snapshot of machine version ${snapshot.machineVersion}`);
  }
  return itemMachine.resolveState({
    value: snapshot.value as never,
    context: snapshot.context,
  });
}

/**
 * What a run that was replaced had under way: only it could have seen the end of that. A run that
 * continues by itself has nothing.
 */
export function effectsUnderWay({ context }: ItemSnapshot): ItemEffect[] {
  const sends = context.publications
    .filter(isSending)
    .map(({ id }): ItemEffect => ({ type: 'start_publication', publicationId: id }));
  const review = context.stage === 'kpi_review' ? currentReview(context) : null;
  if (review?.hash !== null || review === null) return sends;
  return [...sends, { type: 'freeze_review', reviewId: review.id, number: review.number }];
}

/** The unmet requirements of a command against a stored snapshot; none means it would be accepted. */
export function unmetFor(snapshot: ItemSnapshot, seq: number, ask: Inquiry): Unmet[] {
  return unmetRequirements({ place: placeOf(snapshot), context: snapshot.context, seq }, ask);
}

/** What of it rights and stage alone refuse, whatever the command brings. */
export function unmetAccessFor(snapshot: ItemSnapshot, seq: number, ask: Inquiry): Unmet[] {
  return unmetAccess({ place: placeOf(snapshot), context: snapshot.context, seq }, ask);
}
