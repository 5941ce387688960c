import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ItemInput } from '../domain/item.machine.ts';
import type { Command } from '../domain/item-commands.ts';
import type { ItemEvent } from '../domain/item-event.ts';
import type { ItemSnapshot } from '../domain/item-run.ts';

/** A person's command on its way into the run. The run stamps it with its own clock. */
export type CommandMessage = {
  [T in Command['type']]: Omit<Command<T>, 'at'>;
}[Command['type']];

/**
 * What the run answers to an accepted command: its events, and the snapshot after them. After a
 * continue-as-new a repeated id is answered without snapshot and events: they are projected.
 */
export interface CommandResult {
  seq: number;
  events: ItemEvent[];
  snapshot: ItemSnapshot | null;
}

/** Start of an item's run: the machine's input, and the command that starts it. */
export interface ContentItemInput {
  item: ItemInput;
  commandId: string;
  actor: string;
  /** Continue as new above this many history events; the run's own limit when absent. */
  continueAbove?: number;
  /** State of the run that this one continues. */
  continued?: ContinuedRun;
}

export interface ContinuedRun {
  snapshot: ItemSnapshot;
  head: { seq: number; hash: string };
  /** Ids of applied commands with the seq after each, oldest first. */
  seen: [id: string, seq: number][];
}

/** Where a run stands, for the audit and the time travel of the local stack. */
export interface RunState {
  seq: number;
  headHash: string;
  snapshot: ItemSnapshot;
  now: string;
  nextDeadline: string | null;
}

/** Details of an `ApplicationFailure` of type `Refused`. */
export interface RefusalDetails {
  unmet: import('../domain/item-commands.ts').Unmet[];
  seq: number;
}

export const REFUSED = 'Refused';

export const commandUpdate = defineUpdate<CommandResult, [CommandMessage]>('command');
/** Makes the run take note of its clock: a run shows its old time until its next task. */
export const tickUpdate = defineUpdate<RunState, []>('tick');
export const stateQuery = defineQuery<RunState>('state');
/** Readings were stored by hand: a checkpoint that waits for them looks again. */
export const readingsAddedSignal =
  defineSignal<[{ publicationId: string | null }]>('readings_added');
