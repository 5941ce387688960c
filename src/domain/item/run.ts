import { initialTransition, transition } from 'xstate';
import type { Command, ItemMachineEvent } from './commands.ts';
import type { ItemContext } from './context.ts';
import type { EventRecord } from './event.ts';
import { itemMachine, MACHINE_VERSION } from './item.machine.ts';
import type { Unmet } from './requirements/catalogue.ts';
import { type Inquiry, unmetAccess, unmetRequirements } from './requirements/requirements.ts';
import { type ItemSnapshot, placeOf } from './snapshot.ts';
import type { ItemInput } from './start.ts';
import { isNewer } from './versions/migrate.ts';

export { type ItemSnapshot, placeOf } from './snapshot.ts';

/** What a transition asks of the world; the run interprets it. */
export type ItemEffect =
  | { type: 'start_publication'; publicationId: string }
  | { type: 'freeze_review'; reviewId: string; number: number };

export interface Step {
  snapshot: ItemSnapshot;
  records: EventRecord[];
  effects: ItemEffect[];
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

/**
 * One transition. No requirement is asked: `unmetFor` was, when a command was accepted, and is not when
 * an accepted one is applied again. What happens by itself may mean nothing where the item is.
 * @throws RangeError for a command that this machine has no way for: to apply it as nothing would
 * rewrite what was accepted.
 */
export function stepItem(snapshot: ItemSnapshot, event: ItemMachineEvent): Step {
  const state = restore(snapshot);
  if ('actor' in event && !isPlaced(state, event)) {
    throw new RangeError(`${event.type} was accepted and has no way in ${placeOf(snapshot)}`);
  }
  const [next, actions] = transition(itemMachine, state, event);
  return stepFrom(next, actions);
}

/** The machine has a way for it, though it may be one that changes nothing. */
function isPlaced(state: ReturnType<typeof restore>, event: ItemMachineEvent): boolean {
  return itemMachine.getTransitionData(state, event).length > 0;
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

/** The unmet requirements of a command against a stored snapshot; none means it would be accepted. */
export function unmetFor(snapshot: ItemSnapshot, seq: number, ask: Inquiry): Unmet[] {
  const place = placeOf(snapshot);
  const unmet = unmetRequirements({ place, context: snapshot.context, seq }, ask);
  if (unmet.length > 0 || ask.refs === null || isNewer(snapshot)) return unmet;
  // With its refs an inquiry is a command but for its id.
  if (isPlaced(restore(snapshot), { ...ask, id: '' } as Command)) return [];
  return [{ code: 'in_stage', message: `${ask.type} has no way in ${place}` }];
}

/** What of it rights and stage alone refuse, whatever the command brings. */
export function unmetAccessFor(snapshot: ItemSnapshot, seq: number, ask: Inquiry): Unmet[] {
  return unmetAccess({ place: placeOf(snapshot), context: snapshot.context, seq }, ask);
}
