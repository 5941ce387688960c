import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Command } from '../domain/item/commands.ts';
import type { ItemEvent } from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import type { ItemInput } from '../domain/item/start.ts';

/** A person's command on its way into the run. The run stamps it with its own clock. */
export type CommandMessage = {
  [T in Command['type']]: Omit<Command<T>, 'at'>;
}[Command['type']];

/**
 * What the run answers to an accepted command: its events, the snapshot after them, and what the
 * caller is answered. A repeated id gets the first answer, with the events that may not be stored yet;
 * the snapshot only while it is still the present one.
 */
export interface CommandResult {
  answer: CommandAnswer;
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
  /** Ids of applied commands with their answers, oldest first. */
  seen: [id: string, answer: CommandAnswer][];
  /** Events that came while the run was continued, in no table yet as far as it knows. */
  unprojected: ItemEvent[];
}

/** Where a run stands, for the audit and the time travel of the local stack. */
export interface RunState {
  seq: number;
  headHash: string;
  snapshot: ItemSnapshot;
  now: string;
  nextDeadline: string | null;
  /** Nothing runs beside the loop and nothing is due. */
  idle: boolean;
  /** Names of what runs beside the loop, waits included: until it ends the run stays on its build. */
  work: string[];
}

/** A build of the workflows that a run is asked to go on with. */
export interface TargetBuild {
  buildId: string;
  /** The newest snapshot that it can read. */
  machineVersion: number;
}

/** Details of an `ApplicationFailure` of type `Refused`. */
export interface RefusalDetails {
  unmet: Unmet[];
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
/** Asks a run to go on with another build as soon as it is idle. */
export const moveToBuildSignal = defineSignal<[TargetBuild]>('move_to_build');
