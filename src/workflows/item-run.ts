import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { CampaignWord } from '../domain/campaign/campaign-run.ts';
import { answerOf } from '../domain/item/command-answer.ts';
import type { Command, SystemEvent } from '../domain/item/commands.ts';
import { type Deadline, deadlinesOf } from '../domain/item/deadlines.ts';
import type { ItemEvent } from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import {
  effectsUnderWay,
  type ItemEffect,
  type ItemSnapshot,
  placeOf,
  type Step,
  startItem,
  stepItem,
  unmetFor,
} from '../domain/item/run.ts';
import { snapshotToGoOn } from '../domain/item/versions/migrate.ts';
import { Backlog, type Stamp } from './backlog.ts';
import {
  type CommandResult,
  type ContinuedInput,
  FORGOTTEN,
  type ItemRunInput,
  type LookUp,
  REFUSED,
  type RefusalDetails,
  ROW_DIVERGED,
  type RunState,
  type SentCommand,
  type TargetBuild,
  type WaitingSend,
} from './messages.ts';
import { OperatorView } from './operator-view.ts';
import { nameOf, RunDeadlines } from './run-deadlines.ts';
import { SideWork } from './side-work.ts';

/** Name of the work that carries events to the tables. */
export const RECORDING = 'record';

/** An item's run: what commands and time make of the item, and what is still to be done about it. */
export class ItemRun {
  readonly workspaceId: string;
  readonly itemId: string;
  readonly backlog: Backlog;
  readonly deadlines = new RunDeadlines(() => this.#listDeadlines());
  readonly work = new SideWork(() => this.deadlines.noteMove());
  readonly view: OperatorView;
  /** Several posts wait for their events to be in the tables. */
  recording: Promise<void> | null = null;
  /** Somebody waits for the end of this run to store its history. */
  isArchived = false;
  /** The build that this run was asked to go on with. */
  target: TargetBuild | null = null;
  /** It was asked to go on in a fresh history. */
  isToContinue = false;
  /** Posts that wait for their next attempt, by publication. */
  readonly waitingSends = new Map<string, WaitingSend>();
  #snapshot: ItemSnapshot;
  #effects: ItemEffect[] = [];

  constructor(input: ItemRunInput) {
    this.workspaceId = input.item.workspaceId;
    this.itemId = input.item.itemId;
    this.backlog = new Backlog(input);
    if (input.continued !== undefined) {
      const { snapshot, sends = [] } = input.continued;
      this.#snapshot = snapshotToGoOn(snapshot);
      const waiting = new Set(sends.map(({ publicationId }) => publicationId));
      this.#effects = effectsUnderWay(this.#snapshot).filter(
        (effect) => effect.type !== 'start_publication' || !waiting.has(effect.publicationId),
      );
      this.view = new OperatorView(this.#snapshot, { isNew: false });
      return;
    }
    const { item, actor, commandId } = input;
    const { snapshot, records } = startItem(item);
    this.#snapshot = snapshot;
    this.view = new OperatorView(snapshot, { isNew: true });
    if (input.first !== undefined) this.backlog.adopt(input.first);
    else this.backlog.append(records, { at: item.at, actor, commandId });
  }

  get snapshot(): ItemSnapshot {
    return this.#snapshot;
  }

  /**
   * Validator: throws the refusal with every unmet requirement; adds nothing to the history. A run that
   * does not go on from where people are refuses nothing: it says so.
   */
  refuseUnmet(message: SentCommand, lookUp?: LookUp): void {
    const divergence = message.row && this.backlog.divergenceFrom(message.row);
    if (divergence) throw ApplicationFailure.nonRetryable(ROW_DIVERGED, ROW_DIVERGED, divergence);
    if (this.backlog.answerTo(message.id) !== undefined) return;
    if (lookUp !== undefined && this.backlog.hasForgotten(lookUp)) {
      throw ApplicationFailure.nonRetryable('ask the tables', FORGOTTEN);
    }
    const { seq } = this.backlog.head;
    const command = stamped(message);
    const unmet = unmetFor(this.#snapshot, seq, command);
    if (unmet.length === 0) return;
    const details: RefusalDetails = { unmet, seq, at: command.at };
    throw ApplicationFailure.nonRetryable('refused', REFUSED, details);
  }

  /**
   * Transition, append, answer at once; there is no wait between the validator and this. Nothing here
   * writes a table: an Update is durable only with its task.
   */
  applyCommand(message: SentCommand): CommandResult {
    const known = this.backlog.answerTo(message.id);
    if (known !== undefined) return this.#answerAgain(known);
    const command = stamped(message);
    const { at, actor, id } = command;
    const step = stepItem(this.#snapshot, command);
    const events = this.#take(step, { at, actor: actor.memberId, commandId: id });
    const answer = answerOf(command, this.#snapshot, this.backlog.head.seq);
    this.backlog.noteAnswer(id, answer);
    // Done here, so that a command which asks for nothing else does not wake the loop.
    this.deadlines.arm();
    return { answer, events, snapshot: this.#snapshot };
  }

  #answerAgain(answer: CommandAnswer): CommandResult {
    const events = this.backlog.eventsUntil(answer.seq);
    const isPresent = answer.seq === this.backlog.head.seq;
    return { answer, events, snapshot: isPresent ? this.#snapshot : null };
  }

  /** Applies what time or the world brought. */
  happen(event: SystemEvent): void {
    const step = stepItem(this.#snapshot, event);
    const events = this.#take(step, { at: event.at, actor: 'system', commandId: null });
    if (events.length > 0) this.backlog.askToRecord();
  }

  /** Its campaign says something. Said again, and by a campaign that it left, it changes nothing. */
  hearCampaign({ campaignId, ...word }: CampaignWord): void {
    if (this.isFinal() || this.#snapshot.context.campaign?.id !== campaignId) return;
    this.happen({ ...word, at: nowIso() });
  }

  #take({ snapshot, records, effects }: Step, stamp: Stamp): ItemEvent[] {
    this.#snapshot = snapshot;
    this.#effects.push(...effects);
    this.view.note(snapshot);
    this.deadlines.noteMove();
    return this.backlog.append(records, stamp);
  }

  /** What transitions asked of the world since the last time. */
  takeEffects(): ItemEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #listDeadlines(): Deadline[] {
    return deadlinesOf(placeOf(this.#snapshot), this.#snapshot.context).filter(
      (deadline) => !this.work.has(nameOf(deadline)),
    );
  }

  isFinal(): boolean {
    const place = placeOf(this.#snapshot);
    return place === 'closed' || place === 'cancelled';
  }

  /** The loop has something to do. */
  hasTasks(): boolean {
    return (
      this.deadlines.mayHaveMoved ||
      this.deadlines.areDue ||
      this.view.hasNews ||
      this.#effects.length > 0 ||
      (this.backlog.isDue && !this.work.has(RECORDING))
    );
  }

  /** Nothing is under way but waits, and nothing is asked for. */
  isIdle(): boolean {
    return this.work.isWaiting && this.#effects.length === 0 && !this.backlog.isDue;
  }

  /** It was asked to go on with another build, which can read its snapshot. */
  isToMove(): boolean {
    const present = workflowInfo().currentDeploymentVersion;
    return (
      this.target !== null &&
      present !== undefined &&
      present.buildId !== this.target.buildId &&
      this.#snapshot.machineVersion <= this.target.machineVersion
    );
  }

  state(): RunState {
    const { head, isDue } = this.backlog;
    const next = Math.min(this.deadlines.nextAt, this.work.nextAt);
    const isWaiting = this.work.isWaiting && this.#effects.length === 0;
    return {
      seq: head.seq,
      headHash: head.hash,
      snapshot: this.#snapshot,
      now: nowIso(),
      nextDeadline: Number.isFinite(next) ? new Date(next).toISOString() : null,
      idle: isWaiting && !this.deadlines.areDue && !isDue,
      work: this.work.names,
    };
  }

  carryOver(): Omit<ContinuedInput, 'continueAbove'> {
    const { workspaceId, itemId } = this;
    const sends = [...this.waitingSends.values()];
    const continued = { ...this.backlog.carryOver(this.#snapshot), sends };
    return { item: { workspaceId, itemId }, continued };
  }
}

function stamped({ row: _, ...message }: SentCommand): Command {
  return { ...message, at: nowIso() } as Command;
}

/** By the run's own clock. */
export function nowIso(): string {
  return new Date(Date.now()).toISOString();
}
