import { answerOf } from '../../domain/item/command-answer.ts';
import type { Command } from '../../domain/item/commands.ts';
import {
  type AskedCommand,
  differingField,
  type ReplayedStep,
  type ReplayFault,
  replayItem,
} from '../../domain/item/replay/replay.ts';
import { itemRowOf } from '../../domain/item/row.ts';
import { type ItemSnapshot, placeOf } from '../../domain/item/run.ts';
import { readSnapshot } from '../../domain/item/versions/migrate.ts';
import type { ContentItemInput } from '../../workflows/messages.ts';
import { type Fault, ITEM, pathOf } from '../pack-format.ts';
import { type CommandRow, messageOf, type PackRows, startOf } from './pack-rows.ts';
import type { ToldByHistory } from './read-histories.ts';
import { eventOf } from './verify-chain.ts';

const EVENTS = pathOf('events');
const COMMANDS = pathOf('commands');

/**
 * Replays the machine over the chain, and compares what it makes with all that tells of it: the answers
 * that people were given, the states in the engine's history, the item's row.
 */
export function findStateFaults(rows: PackRows, told: ToldByHistory): Fault[] {
  const start = startIn(rows, told);
  if (start === null) {
    const message = 'nothing tells what the item was started with';
    return [{ file: COMMANDS, row: null, field: null, message }];
  }
  const commands = new Map(rows.commands.map((row, index) => [row.id, { row, number: index + 1 }]));
  const steps = replayItem({
    start: { item: start.item, actor: start.actor, commandId: start.commandId },
    events: rows.events.map(eventOf),
    commandOf: (id) => commandOf(commands.get(id)?.row, told, id),
    stateAt: (seq) => told.states.get(seq)?.snapshot ?? null,
  });
  const faults: Fault[] = [];
  let last: ReplayedStep | null = null;
  for (;;) {
    const next = steps.next();
    if (next.done === true) {
      if (next.value !== null) faults.push(asFault(next.value));
      break;
    }
    last = next.value;
    faults.push(...answerFaults(last, commands), ...historyFaults(last, told));
  }
  // After an event that it does not know the machine is nowhere.
  if (last !== null && faults.length === 0) faults.push(...itemFaults(rows, last));
  return faults;
}

function startIn({ commands }: PackRows, told: ToldByHistory): ContentItemInput | null {
  for (const row of commands) {
    const start = startOf(row);
    if (start !== null && row.state === 'applied') return start;
  }
  return told.start;
}

function commandOf(
  row: CommandRow | undefined,
  told: ToldByHistory,
  id: string,
): AskedCommand | null {
  const message = row === undefined ? null : messageOf(row);
  return message ?? told.messages.get(id) ?? null;
}

function asFault({ seq, field, message }: ReplayFault): Fault {
  return { file: EVENTS, row: seq, field, message };
}

/** What whoever gave the command was answered. */
function answerFaults(
  { command, snapshot, seq }: ReplayedStep,
  commands: ReadonlyMap<string, { row: CommandRow; number: number }>,
): Fault[] {
  const found = command === null ? undefined : commands.get(command.id);
  if (command === null || found === undefined) return [];
  const { row, number } = found;
  const faultOf = (field: string, message: string): Fault[] => [
    { file: COMMANDS, row: number, field, message },
  ];
  if (row.state !== 'applied') {
    // The audit finds it; its events are what counts.
    if (row.appliedSeq === seq) return [];
    return faultOf('state', `is ${row.state}; the chain has it applied at event ${seq}`);
  }
  if (row.appliedSeq !== seq) return faultOf('appliedSeq', `is not ${seq}`);
  const expected: Record<string, unknown> = {
    // The command as the machine took it.
    ...answerOf(command as Command, snapshot, seq),
  };
  for (const [key, value] of Object.entries(row.answer ?? {})) {
    // An answer that was read back from the chain does not know it.
    if (key === 'substage' && value === null) continue;
    if (differingField({ value }, { value: expected[key] }) !== null) {
      return faultOf(`answer.${key}`, 'is not what the machine answers');
    }
  }
  return [];
}

function historyFaults(step: ReplayedStep, told: ToldByHistory): Fault[] {
  const found = told.states.get(step.seq);
  if (found === undefined) return [];
  const field = stateDifference(step, found.snapshot);
  if (field === null) return [];
  const message = `the machine comes to another state after event ${step.seq}`;
  return [{ file: found.file, row: found.row, field, message }];
}

function itemFaults({ item }: PackRows, last: ReplayedStep): Fault[] {
  const stored = readSnapshot(item.snapshot);
  const message = 'is not what the events make of it';
  const field = stateDifference(last, stored);
  if (field !== null) return [{ file: ITEM, row: 1, field: `snapshot.${field}`, message }];
  const { snapshot: _, ...row } = itemRowOf(stored, last.seq);
  const shown = Object.fromEntries(Object.keys(row).map((key) => [key, item[key]]));
  const differing = differingField(shown, row);
  return differing === null ? [] : [{ file: ITEM, row: 1, field: differing, message }];
}

/** The first field in which a state differs from the one that the machine computed; null when none does. */
export function stateDifference(step: ReplayedStep, told: ItemSnapshot): string | null {
  if (placeOf(step.snapshot) !== placeOf(told)) return 'value';
  const { clock: computed, ...context } = step.snapshot.context;
  const { clock, ...toldContext } = told.context;
  const field = differingField({ ...context }, { ...toldContext });
  if (field !== null) return `context.${field}`;
  const known = (one: typeof clock) =>
    one === null || step.isClockTold ? { ...one } : { ...one, steps: null };
  return differingField(known(computed), known(clock)) === null ? null : 'context.clock';
}
