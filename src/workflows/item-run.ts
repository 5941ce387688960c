import {
  ApplicationFailure,
  condition,
  isCancellation,
  ParentClosePolicy,
  patched,
  proxyActivities,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { EventBatch } from '../activities/recording.ts';
import {
  intentKeyOf,
  type PublicationOrder,
  type PublicationOutcome,
} from '../domain/channel/publication-intent.ts';
import { publicationWorkflowId } from '../domain/ids.ts';
import { answerOf, type CommandAnswer } from '../domain/item/command-answer.ts';
import type { Command, SystemEvent } from '../domain/item/commands.ts';
import { publicationById } from '../domain/item/context.ts';
import { type Deadline, deadlinesOf, eventForDeadline } from '../domain/item/deadlines.ts';
import {
  chainEvents,
  type EventRecord,
  GENESIS_HASH,
  type ItemEvent,
} from '../domain/item/event.ts';
import {
  type ItemEffect,
  type ItemSnapshot,
  placeOf,
  type Step,
  startItem,
  stepItem,
  unmetFor,
} from '../domain/item/run.ts';
import { slotEndsAt } from '../domain/item/slots.ts';
import { COLLECT, STORE } from './activity-options.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { historyArchive } from './history-archive.ts';
import {
  type CommandMessage,
  type CommandResult,
  type ContentItemInput,
  type ContinuedRun,
  REFUSED,
  type RefusalDetails,
  type RunState,
} from './messages.ts';
import { publication, publish } from './publication.ts';

const store = proxyActivities<Pick<Activities, 'recordEvents' | 'freezeReview'>>(STORE);
const collect = proxyActivities<Pick<Activities, 'collectReadings'>>(COLLECT);

/** Patch: a due post is sent by its item's run instead of a child. */
const SEND_IN_RUN = 'send-in-run';
/** Ids of commands that a continued run still answers by heart. */
const MAX_SEEN = 2_000;
/** Events of commands are stored by the API; the run keeps at most so many for the case it did not. */
const MAX_UNPROJECTED = 200;
/** A checkpoint without readings is looked at again this often until its grace ends. */
const LOOK_AGAIN_MS = 6 * 3_600_000;

interface Stamp {
  at: string;
  actor: string;
  commandId: string | null;
}

/** The state of an item's run, and the work that it does beside answering commands. */
export class ItemRun {
  snapshot: ItemSnapshot;
  head: { seq: number; hash: string };
  private readonly itemId: string;
  private readonly workspaceId: string;
  /** Every applied command with its answer: a repeated id is answered, never applied again. */
  private readonly seen: Map<string, CommandAnswer>;
  /** Events that no activity has carried to the tables yet; the API may have stored them already. */
  private unprojected: ItemEvent[] = [];
  private needsProjection = false;
  private projectedSeq = 0;
  private effects: ItemEffect[] = [];
  private due: Deadline[] = [];
  private rearm = true;
  private readonly timer = new DeadlineTimer(() => this.noteDue());
  /** Work that runs beside the loop, by name: at most one of a name at a time. */
  private readonly running = new Set<string>();
  /** Work beside the loop that only waits, by name: until when, in epoch milliseconds. */
  private readonly pauses = new Map<string, number>();
  /** When a checkpoint without readings is looked at next, by its key. */
  private readonly nextLook = new Map<string, number>();
  /** Counts the times that readings were reported. */
  private reports = 0;
  private archived = false;

  constructor(input: ContentItemInput) {
    this.itemId = input.item.itemId;
    this.workspaceId = input.item.workspaceId;
    if (input.continued !== undefined) {
      const { snapshot, head, seen, unprojected } = input.continued;
      this.snapshot = snapshot;
      this.head = head;
      this.seen = new Map(seen);
      this.unprojected = unprojected;
      this.needsProjection = unprojected.length > 0;
      return;
    }
    this.head = { seq: 0, hash: GENESIS_HASH };
    this.seen = new Map();
    const first = startItem(input.item);
    this.snapshot = first.snapshot;
    const { actor, commandId } = input;
    this.append(first.records, { at: input.item.at, actor, commandId });
  }

  state(): RunState {
    const next = Math.min(...this.deadlines().map(({ at }) => at), ...this.pauses.values());
    return {
      seq: this.head.seq,
      headHash: this.head.hash,
      snapshot: this.snapshot,
      now: nowIso(),
      nextDeadline: Number.isFinite(next) ? new Date(next).toISOString() : null,
      idle: this.isWaiting(),
    };
  }

  /** Validator: throws the refusal with every unmet requirement; adds nothing to the history. */
  refuseUnmet(message: CommandMessage): void {
    if (this.seen.has(message.id)) return;
    const unmet = unmetFor(this.snapshot, this.head.seq, stamped(message));
    if (unmet.length === 0) return;
    const details: RefusalDetails = { unmet, seq: this.head.seq };
    throw ApplicationFailure.nonRetryable('refused', REFUSED, details);
  }

  /**
   * Transition, append, answer at once; there is no wait between the validator and this. Nothing here
   * writes a table: an Update is durable only with its task.
   */
  applyCommand(message: CommandMessage): CommandResult {
    const known = this.seen.get(message.id);
    if (known !== undefined) return this.answerAgain(known);
    const command = stamped(message);
    const { at, actor, id } = command;
    const step = stepItem(this.snapshot, command);
    const events = this.take(step, { at, actor: actor.memberId, commandId: id });
    const answer = answerOf(command, this.snapshot, this.head.seq);
    this.seen.set(id, answer);
    if (this.unprojected.length >= MAX_UNPROJECTED) this.needsProjection = true;
    // Done here, so that a command which asks for nothing else does not wake the loop.
    this.armDeadline();
    return { answer, events, snapshot: this.snapshot };
  }

  private answerAgain(answer: CommandAnswer): CommandResult {
    return {
      answer,
      events: this.unprojected.filter(({ seq }) => seq <= answer.seq),
      snapshot: answer.seq === this.head.seq ? this.snapshot : null,
    };
  }

  private happen(event: SystemEvent): void {
    const step = stepItem(this.snapshot, event);
    const events = this.take(step, { at: event.at, actor: 'system', commandId: null });
    if (events.length > 0) this.needsProjection = true;
  }

  private take({ snapshot, records, effects }: Step, stamp: Stamp): ItemEvent[] {
    this.snapshot = snapshot;
    this.effects.push(...effects);
    this.rearm = true;
    return this.append(records, stamp);
  }

  private append(records: readonly EventRecord[], stamp: Stamp): ItemEvent[] {
    const events = chainEvents(this.head, records, stamp);
    const last = events.at(-1);
    if (last !== undefined) this.head = { seq: last.seq, hash: last.hash };
    this.unprojected.push(...events);
    return events;
  }

  isFinal(): boolean {
    const place = placeOf(this.snapshot);
    return place === 'closed' || place === 'cancelled';
  }

  hasWork(): boolean {
    return (
      this.rearm ||
      this.due.length > 0 ||
      this.effects.length > 0 ||
      (this.needsProjection && !this.running.has('project'))
    );
  }

  /** Nothing runs beside the loop. */
  isQuiet(): boolean {
    return this.running.size === 0;
  }

  /** Nothing runs and nothing is asked for. */
  isIdle(): boolean {
    return this.isQuiet() && this.effects.length === 0 && !this.needsProjection;
  }

  /** Everything that is left to do waits for a time. */
  private isWaiting(): boolean {
    const { running, pauses, effects, due } = this;
    const works = [...running].some((name) => !pauses.has(name));
    return !works && effects.length === 0 && due.length === 0 && !this.needsProjection;
  }

  /** Events that no activity has carried to the tables yet. */
  unrecorded(): number {
    return this.unprojected.length;
  }

  askToRecord(): void {
    this.needsProjection = true;
  }

  private deadlines(): Deadline[] {
    return deadlinesOf(placeOf(this.snapshot), this.snapshot.context)
      .filter((deadline) => !this.running.has(keyOf(deadline)))
      .map((deadline) => ({
        ...deadline,
        at: Math.max(deadline.at, this.nextLook.get(keyOf(deadline)) ?? deadline.at),
      }))
      .sort((a, b) => a.at - b.at);
  }

  /** One pending timer, at the earliest deadline of all. */
  armDeadline(): void {
    this.rearm = false;
    const next = this.deadlines()[0];
    if (next !== undefined) this.timer.arm(next.at);
  }

  private noteDue(): void {
    this.due = this.deadlines().filter(({ at }) => at <= Date.now());
    this.rearm = true;
  }

  disarm(): void {
    this.timer.disarm();
  }

  /** Readings were stored: checkpoints that found none look again now. */
  lookAgain(publicationId: string | null): void {
    this.reports += 1;
    for (const key of [...this.nextLook.keys()]) {
      if (publicationId === null || key.includes(publicationId)) this.nextLook.delete(key);
    }
    this.rearm = true;
  }

  /** Turns what is due and what transitions asked for into system events and work beside the loop. */
  startWork(): void {
    const due = this.due;
    this.due = [];
    for (const deadline of due) this.meet(deadline);
    const effects = this.effects;
    this.effects = [];
    for (const effect of effects) {
      if (effect.type === 'start_publication') {
        const { publicationId } = effect;
        this.beside(`send ${publicationId}`, () => this.send(publicationId));
      } else {
        this.beside(`freeze ${effect.reviewId}`, () => this.freeze(effect));
      }
    }
    if (this.needsProjection) this.beside('project', () => this.project());
  }

  private beside(name: string, work: () => Promise<void>): void {
    if (this.running.has(name)) return;
    this.running.add(name);
    void work().finally(() => {
      this.running.delete(name);
      this.rearm = true;
    });
  }

  private meet(deadline: Deadline): void {
    if (deadline.kind === 'checkpoint') {
      this.beside(keyOf(deadline), () => this.measure(deadline));
      return;
    }
    const event = eventForDeadline(deadline, this.snapshot.context, Date.now());
    if (event !== null) this.happen(event);
  }

  /** Every event since the last batch goes along, so that a gap left by a dead API heals by itself. */
  private async project(): Promise<void> {
    this.needsProjection = false;
    const batch = this.batch();
    await store.recordEvents(batch);
    this.noteRecorded(batch.seq);
  }

  private batch(): EventBatch {
    const { snapshot, head, workspaceId, itemId, unprojected: events } = this;
    return { workspaceId, itemId, events, snapshot, seq: head.seq };
  }

  private noteRecorded(seq: number): void {
    this.unprojected = this.unprojected.filter((event) => event.seq > seq);
    this.projectedSeq = Math.max(this.projectedSeq, seq);
  }

  private async projected(seq: number): Promise<void> {
    if (this.projectedSeq < seq) this.needsProjection = true;
    await condition(() => this.projectedSeq >= seq);
  }

  private async send(publicationId: string): Promise<void> {
    this.happen({ type: 'publication_sending', at: nowIso(), publicationId });
    const settled = patched(SEND_IN_RUN)
      ? await this.sendHere(publicationId)
      : await this.sendByChild(publicationId);
    if (settled === null) return;
    this.happen({ type: 'publication_settled', at: nowIso(), publicationId, ...settled });
  }

  /**
   * Sends from this run. The send re-checks the approvals in the tables, so it carries the events that
   * they may not know of yet; an attempt that did not say it stored them leaves that to `project`.
   */
  private async sendHere(publicationId: string): Promise<PublicationOutcome | null> {
    const order = this.orderFor(publicationId);
    if (order === null) return null;
    this.needsProjection = false;
    try {
      return await publish(order, {
        pending: () => (this.projectedSeq < this.head.seq ? this.batch() : null),
        recorded: (seq) => this.noteRecorded(seq),
        pause: (ms) => this.pause(`send ${publicationId}`, ms),
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { outcome: 'unknown', evidence: 'the run of the send ended without an answer' };
    } finally {
      if (this.projectedSeq < this.head.seq) this.needsProjection = true;
    }
  }

  private async pause(name: string, ms: number): Promise<void> {
    this.pauses.set(name, Date.now() + ms);
    try {
      await sleep(ms);
    } finally {
      this.pauses.delete(name);
    }
  }

  private async sendByChild(publicationId: string): Promise<PublicationOutcome | null> {
    await this.projected(this.head.seq);
    const order = this.orderFor(publicationId);
    return order === null ? null : runPublication(order);
  }

  private orderFor(publicationId: string): PublicationOrder | null {
    const { context } = this.snapshot;
    const record = publicationById(context, publicationId);
    if (record === null) return null;
    return {
      workspaceId: this.workspaceId,
      itemId: this.itemId,
      publicationId,
      channelAccountId: record.channelAccountId,
      channel: record.channel,
      slotNumber: record.slotNumber,
      contentHash: record.contentHash ?? '',
      briefHash: context.brief?.hash ?? '',
      draftHash: context.draft?.hash ?? '',
      dueAt: record.at,
      sendUntil: new Date(slotEndsAt(record, context.playbook)).toISOString(),
    };
  }

  private async measure(deadline: Extract<Deadline, { kind: 'checkpoint' }>): Promise<void> {
    const { publicationId, checkpoint, graceUntil } = deadline;
    const record = publicationById(this.snapshot.context, publicationId);
    if (record === null) return;
    const { reports } = this;
    const recorded = await collected({
      workspaceId: this.workspaceId,
      itemId: this.itemId,
      publicationId,
      channelAccountId: record.channelAccountId,
      channel: record.channel,
      slotNumber: record.slotNumber,
      remoteId: record.remoteId,
      checkpoint,
      publishedAt: record.publishedAt ?? record.at,
      at: nowIso(),
    });
    const key = { at: nowIso(), publicationId, checkpoint };
    if (recorded) this.happen({ type: 'checkpoint_recorded', ...key });
    // Readings reported while this looked may have come too late for it to see.
    else if (this.reports !== reports) return;
    else if (Date.now() >= graceUntil) this.happen({ type: 'checkpoint_missed', ...key });
    else this.nextLook.set(keyOf(deadline), Math.min(graceUntil, Date.now() + LOOK_AGAIN_MS));
  }

  private async freeze({ reviewId, number }: { reviewId: string; number: number }): Promise<void> {
    const { snapshot, workspaceId, itemId } = this;
    const question = { workspaceId, itemId, reviewId, number, snapshot, at: nowIso() };
    const frozen = await store.freezeReview(question);
    this.happen({ type: 'review_frozen', at: nowIso(), reviewId, ...frozen });
  }

  carryOver(): ContinuedRun {
    const { snapshot, head, unprojected } = this;
    return { snapshot, head, unprojected, seen: [...this.seen].slice(-MAX_SEEN) };
  }

  /** The last batch: no event may be missing once the run is closed. */
  async recordRest(): Promise<void> {
    await this.project();
  }

  /** Starts, once, a child that stores this run's history when it is closed or continued. */
  async archiveHistory(): Promise<void> {
    if (this.archived) return;
    this.archived = true;
    const { workflowId, runId } = workflowInfo();
    await startChild(historyArchive, {
      workflowId: `archive:${this.itemId}:${runId}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [{ workspaceId: this.workspaceId, itemId: this.itemId, workflowId, runId }],
    });
  }
}

/** A source that stays away counts as "no readings yet": the grace decides, not the source. */
async function collected(question: Parameters<Activities['collectReadings']>[0]): Promise<boolean> {
  try {
    return (await collect.collectReadings(question)).recorded;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}

/**
 * Runs the send as a child of its own, as runs did before `SEND_IN_RUN`. One at a time: a child that still runs is not joined. A child
 * that fails or cannot start leaves the outcome unknown.
 */
async function runPublication(order: PublicationOrder): Promise<PublicationOutcome> {
  try {
    const child = await startChild(publication, {
      workflowId: publicationWorkflowId(intentKeyOf(order)),
      // A slot that came back to its gate is sent again under its key; the intent's row lets one post through.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      args: [order],
    });
    return await child.result();
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: 'the run of the send ended without an answer' };
  }
}

function stamped(message: CommandMessage): Command {
  return { ...message, at: nowIso() } as Command;
}

function nowIso(): string {
  return new Date(Date.now()).toISOString();
}

function keyOf(deadline: Deadline): string {
  return deadline.kind === 'checkpoint'
    ? `checkpoint ${deadline.publicationId} ${deadline.checkpoint}`
    : deadline.kind;
}
