import { canonicalJson } from '../../canonical.ts';
import type { Command, SystemEvent } from '../commands.ts';
import type { EventRecord, ItemEvent } from '../event.ts';
import { type ItemSnapshot, type Step, startItem, stepItem } from '../run.ts';
import type { ItemInput } from '../start.ts';
import { adoptClock, causesOf, withClockOf } from './causes.ts';

/** A command as it was sent; its instant is that of its first event. */
export type AskedCommand = Omit<Command, 'at'>;

/** What an item's chain is replayed from. */
export interface ReplaySource {
  start: { item: ItemInput; actor: string; commandId: string };
  events: readonly ItemEvent[];
  /** Null for a command that nothing tells of. */
  commandOf: (id: string) => AskedCommand | null;
  /** The state after an event, where something else than the chain tells it: it says what the clock was. */
  stateAt?: (seq: number) => ItemSnapshot | null;
}

/** Where the chain says something else than the machine, given what caused it. */
export interface ReplayFault {
  seq: number;
  field: string;
  message: string;
}

/** The state after an event, as the machine computes it. */
export interface ReplayedStep {
  seq: number;
  snapshot: ItemSnapshot;
  /** Null for what happened by itself. */
  command: AskedCommand | null;
  /** False while the steps of the stage's clock were computed from a calendar that the chain does not have. */
  isClockTold: boolean;
}

/**
 * Runs the machine over a chain, from the item's start: each command as it was sent, each event of the
 * system as the chain tells it. Yields the state after each step; returns the first event that the
 * machine would not have written.
 */
export function* replayItem(source: ReplaySource): Generator<ReplayedStep, ReplayFault | null> {
  const { events, start } = source;
  const first = startItem(start.item);
  const startFault = compare(first.records, events, 0, {
    at: start.item.at,
    actor: start.actor,
    commandId: start.commandId,
  });
  if (startFault !== null) return startFault;
  let { snapshot } = first;
  let isClockTold = true;
  let otherFault: ReplayFault | null = null;
  let index = first.records.length;
  yield { seq: index, snapshot, command: null, isClockTold };
  for (;;) {
    const event = events[index];
    if (event === undefined) return null;
    if (event.type === 'run.replaced') {
      index += 1;
      yield { seq: event.seq, snapshot, command: null, isClockTold };
      continue;
    }
    if (!isClockTold) snapshot = withClockOf(snapshot, event);
    const step = stepOf(source, snapshot, event, index);
    if ('fault' in step) return further(step.fault, otherFault);
    ({ snapshot, otherFault } = step);
    index += step.records.length;
    const { seq } = events[index - 1] ?? event;
    if (step.clockMayDiffer) isClockTold = false;
    if (event.type === 'clock.extended' || snapshot.context.clock === null) isClockTold = true;
    const told = isClockTold ? null : (source.stateAt?.(seq) ?? null);
    if (told !== null) {
      snapshot = adoptClock(snapshot, told.context.clock);
      isClockTold = true;
    }
    yield { seq, snapshot, command: step.command, isClockTold };
  }
}

type Found =
  | (Step & {
      command: AskedCommand | null;
      clockMayDiffer: boolean;
      /** Where the other causes that the first event may have had came to an end. */
      otherFault: ReplayFault | null;
    })
  | { fault: ReplayFault };

/**
 * A cause that writes less than another fits as well where a later event of the other is forged: what is
 * left of it then has no cause. The fault of the one that came further is the true one, in the same event too.
 */
function further(fault: ReplayFault, other: ReplayFault | null): ReplayFault {
  return other !== null && isFurther(other, fault) ? other : fault;
}

/** In the order in which `compare` looks at them; the data of an event come last. */
const COMPARED = ['seq', 'type', 'actor', 'at', 'data'];

function isFurther(a: ReplayFault, b: ReplayFault): boolean {
  const depth = ({ field }: ReplayFault) => COMPARED.indexOf(field.split('.')[0] ?? field);
  return a.seq === b.seq ? depth(a) > depth(b) : a.seq > b.seq;
}

function stepOf(
  { commandOf, events }: ReplaySource,
  snapshot: ItemSnapshot,
  event: ItemEvent,
  index: number,
): Found {
  const { seq, at, data } = event;
  const commandId = data['commandId'];
  if (typeof commandId === 'string') {
    const command = commandOf(commandId);
    if (command === null) {
      return faultAt(seq, 'data.commandId', `nothing tells of the command ${commandId}`);
    }
    const step = tryStep(snapshot, { ...command, at } as Command);
    if (step === null || step.records.length === 0) {
      return faultAt(seq, 'type', `${command.type} writes nothing there`);
    }
    const fault = compare(step.records, events, index, {
      at,
      actor: command.actor.memberId,
      commandId,
    });
    return fault === null
      ? { ...step, command, clockMayDiffer: false, otherFault: null }
      : { fault };
  }
  if (event.actor !== 'system') {
    return faultAt(seq, 'actor', `${event.actor} caused it by no command`);
  }
  let nearest: ReplayFault | null = null;
  for (const cause of causesOf(snapshot.context, event)) {
    const step = tryStep(snapshot, cause);
    if (step === null || step.records.length === 0) continue;
    const fault = compare(step.records, events, index, { at, actor: 'system', commandId: null });
    if (fault === null) {
      const clockMayDiffer = bringsClock(cause, step);
      return { ...step, command: null, clockMayDiffer, otherFault: nearest };
    }
    nearest = nearest === null ? fault : further(nearest, fault);
  }
  return nearest === null
    ? faultAt(seq, 'type', `nothing in this state causes ${event.type}`)
    : { fault: nearest };
}

function faultAt(seq: number, field: string, message: string): { fault: ReplayFault } {
  return { fault: { seq, field, message } };
}

/** Null where the machine has no way for it. */
function tryStep(snapshot: ItemSnapshot, event: Command | SystemEvent): Step | null {
  try {
    return stepItem(snapshot, event);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}

/** The first difference between what the machine writes and what stands in the chain. */
function compare(
  records: readonly EventRecord[],
  events: readonly ItemEvent[],
  from: number,
  { at, actor, commandId }: { at: string; actor: string; commandId: string | null },
): ReplayFault | null {
  for (const [offset, { type, data }] of records.entries()) {
    const event = events[from + offset];
    const seq = from + offset + 1;
    if (event === undefined) {
      return { seq, field: 'seq', message: `the machine writes ${type} here; the chain has ended` };
    }
    const stamped = offset === 0 && commandId !== null ? { commandId, ...data } : data;
    if (event.seq !== seq) return { seq, field: 'seq', message: `is ${event.seq}` };
    if (event.type !== type) {
      return { seq, field: 'type', message: `is ${event.type}; the machine writes ${type}` };
    }
    if (event.actor !== actor) {
      return { seq, field: 'actor', message: `is ${event.actor}; its cause came from ${actor}` };
    }
    if (event.at !== at) return { seq, field: 'at', message: `is ${event.at}, beside ${at}` };
    const field = differingField(event.data, stamped);
    if (field !== null) {
      return { seq, field: `data.${field}`, message: 'is not what the machine writes' };
    }
  }
  return null;
}

/** The first key in which two JSON objects differ; an undefined value is no key. */
export function differingField(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): string | null {
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)].sort())) {
    if (textOf(a[key]) !== textOf(b[key])) return key;
  }
  return null;
}

function textOf(value: unknown): string {
  return value === undefined ? '' : canonicalJson(JSON.parse(JSON.stringify(value)));
}

/** Activities that settled a send or froze a review asked the business calendar: the chain does not say it. */
function bringsClock({ type }: SystemEvent, { snapshot, records }: Step): boolean {
  if (type !== 'publication_settled' && type !== 'review_frozen') return false;
  if (snapshot.context.clock === null) return false;
  return type === 'review_frozen' || records.some((one) => one.type === 'item.stage_changed');
}
