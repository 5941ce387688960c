import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { CAMPAIGN_WORD_SIGNAL, type CampaignWord } from '../domain/campaign/campaign-run.ts';
import type { Command } from '../domain/item/commands.ts';
import type { RowHead } from '../domain/item/divergence.ts';
import type { ItemEvent } from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import type { ItemInput } from '../domain/item/start.ts';

/** A person's command on its way into the run. The run stamps it with its own clock. */
export type CommandMessage = {
  [T in Command['type']]: Omit<Command<T>, 'at'>;
}[Command['type']];

/** The same as it is sent: with where the item's row stood at that moment. */
export type SentCommand = CommandMessage & { row?: RowHead };

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
  /** Its first events as whoever starts it made them: the run may be of another build, and takes them over. */
  first?: ItemEvent[];
  /** Continue as new above this many history events; the run's own limit when absent. */
  continueAbove?: number;
  continued?: undefined;
}

/** What a run continues with: of its start only whose it is. */
export interface ContinuedInput {
  item: Pick<ItemInput, 'workspaceId' | 'itemId'>;
  continueAbove?: number;
  /** State of the run that this one continues. */
  continued: ContinuedRun;
}

export type ItemRunInput = ContentItemInput | ContinuedInput;

export interface ContinuedRun {
  snapshot: ItemSnapshot;
  head: { seq: number; hash: string };
  /** Ids of applied commands with their answers, oldest first. */
  seen: [id: string, answer: CommandAnswer][];
  /** Events that came while the run was continued, in no table yet as far as it knows. */
  unprojected: ItemEvent[];
  /** The tables alone know the answers to commands up to this one. */
  forgottenSeq?: number;
  /** Posts that wait for their next attempt. */
  sends?: WaitingSend[];
}

/** A post between two attempts. */
export interface WaitingSend {
  publicationId: string;
  /** When it goes on, in epoch milliseconds. */
  until: number;
  state: SendState;
  pace: PaceCounts;
}

/** How far a post has come. */
export interface SendState {
  isFirst: boolean;
  /** A look-up found nothing of an earlier attempt. */
  again: boolean;
  why: string;
  /** Texts of a thread that are out. */
  part: number;
  of: number;
}

/** What a post's next wait depends on. */
export interface PaceCounts {
  /** All the time there was at the first attempt, in milliseconds. */
  total: number;
  attempts: number;
  sends: number;
  notTaken: number;
  waits: number;
}

/** What the sender of a command that was sent before knows of it from the tables. */
export interface LookUp {
  /** Their events up to this one were looked through. */
  seq: number;
  /** The command is among them: it was applied. */
  found: boolean;
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
  /** By the run's own clock. */
  at: string;
}

export const REFUSED = 'Refused';
/** Type of the failure that says: the answer to this command is in the tables, if anywhere. */
export const FORGOTTEN = 'Forgotten';

/** Type of the `ApplicationFailure` of a run whose chain is not the row's: no verdict. */
export const ROW_DIVERGED = 'row_diverged';

export const commandUpdate = defineUpdate<CommandResult, [SentCommand, LookUp?]>('command');
/** Makes the run take note of its clock: a run shows its old time until its next task. */
export const tickUpdate = defineUpdate<RunState, []>('tick');
export const stateQuery = defineQuery<RunState>('state');
/** Readings were stored by hand: a checkpoint that waits for them looks again. */
export const readingsAddedSignal =
  defineSignal<[{ publicationId: string | null }]>('readings_added');
/** What the item's campaign brings about. */
export const campaignSignal = defineSignal<[CampaignWord]>(CAMPAIGN_WORD_SIGNAL);
/** Asks a run to go on with another build as soon as it is idle. */
export const moveToBuildSignal = defineSignal<[TargetBuild]>('move_to_build');
/** Asks a run to go on in a fresh history as soon as it is idle. */
export const continueNowSignal = defineSignal('continue_now');
