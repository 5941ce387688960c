import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { publicationWorkflowId } from '../domain/ids.ts';
import type { Command, SystemEvent } from '../domain/item-commands.ts';
import { publicationById } from '../domain/item-context.ts';
import { type Deadline, deadlinesOf, eventForDeadline } from '../domain/item-deadlines.ts';
import {
  chainEvents,
  type EventRecord,
  GENESIS_HASH,
  type ItemEvent,
} from '../domain/item-event.ts';
import {
  type ItemEffect,
  type ItemSnapshot,
  placeOf,
  startItem,
  stepItem,
  unmetFor,
} from '../domain/item-run.ts';
import {
  intentKeyOf,
  type PublicationOrder,
  type PublicationOutcome,
} from '../domain/publication-intent.ts';
import { COLLECT, STORE } from './activity-options.ts';
import { historyArchive } from './history-archive.ts';
import {
  type CommandMessage,
  type CommandResult,
  type ContentItemInput,
  commandUpdate,
  REFUSED,
  type RefusalDetails,
  type RunState,
  readingsAddedSignal,
  stateQuery,
  tickUpdate,
} from './messages.ts';
import { publication } from './publication.ts';

const store = proxyActivities<Pick<Activities, 'recordEvents' | 'freezeReview'>>(STORE);
const collect = proxyActivities<Pick<Activities, 'collectReadings'>>(COLLECT);

/** Continue as new above this many history events; the server's own limit is far higher. */
const MAX_HISTORY_EVENTS = 8_000;
/** Ids of commands that a continued run still answers by heart. */
const MAX_SEEN = 2_000;
/** A checkpoint without readings is looked at again this often until its grace ends. */
const LOOK_AGAIN_MS = 6 * 3_600_000;

/**
 * One content item from brief to verdict. Commands come as Updates that the machine's guards accept
 * or refuse; time, publications and readings come as system events. Every event is a link of the
 * run's own hash chain.
 */
export async function contentItem(
  input: ContentItemInput,
): Promise<{ stage: string; seq: number }> {
  const run = new ItemRun(input);
  const continueAbove = input.continueAbove ?? MAX_HISTORY_EVENTS;
  setHandler(commandUpdate, (message) => run.applyCommand(message), {
    validator: (message) => run.refuseUnmet(message),
  });
  setHandler(tickUpdate, () => run.state());
  setHandler(stateQuery, () => run.state());
  setHandler(readingsAddedSignal, ({ publicationId }) => run.lookAgain(publicationId));

  while (!run.isFinal()) {
    run.armDeadline();
    await condition(() => run.hasWork() || run.isFinal());
    run.startWork();
    if (run.isIdle() && workflowInfo().historyLength > continueAbove) {
      run.disarm();
      await condition(allHandlersFinished);
      // A command that came meanwhile may have asked for work: that is done here first.
      if (run.isIdle() && !run.isFinal()) {
        await continueAsNew<typeof contentItem>({ ...input, continued: run.carryOver() });
      }
    }
  }
  run.disarm();
  await condition(() => allHandlersFinished() && run.isIdle());
  await run.finish();
  return { stage: placeOf(run.snapshot), seq: run.head.seq };
}

class ItemRun {
  snapshot: ItemSnapshot;
  head: { seq: number; hash: string };
  private readonly seen: Map<string, number>;
  /** Events that no activity has carried to the tables yet; the API may have stored them already. */
  private unprojected: ItemEvent[] = [];
  private needsProjection = false;
  private projectedSeq = 0;
  private effects: ItemEffect[] = [];
  private due: Deadline[] = [];
  private armed: { at: number; scope: CancellationScope } | null = null;
  private rearm = true;
  /** Work that runs beside the loop, by name: at most one of a name at a time. */
  private readonly running = new Set<string>();
  /** When a checkpoint without readings is looked at next, by its key. */
  private readonly nextLook = new Map<string, number>();
  private readonly itemId: string;
  private readonly workspaceId: string;

  constructor(input: ContentItemInput) {
    this.itemId = input.item.itemId;
    this.workspaceId = input.item.workspaceId;
    if (input.continued !== undefined) {
      this.snapshot = input.continued.snapshot;
      this.head = input.continued.head;
      this.seen = new Map(input.continued.seen);
      return;
    }
    this.head = { seq: 0, hash: GENESIS_HASH };
    this.seen = new Map();
    const first = startItem(input.item);
    this.snapshot = first.snapshot;
    this.append(first.records, {
      at: input.item.at,
      actor: input.actor,
      commandId: input.commandId,
    });
  }

  state(): RunState {
    const next = this.deadlines()[0];
    return {
      seq: this.head.seq,
      headHash: this.head.hash,
      snapshot: this.snapshot,
      now: new Date(Date.now()).toISOString(),
      nextDeadline: next === undefined ? null : new Date(next.at).toISOString(),
    };
  }

  /** Validator: throws the refusal with every unmet requirement; adds nothing to the history. */
  refuseUnmet(message: CommandMessage): void {
    if (this.seen.has(message.id)) return;
    const unmet = unmetFor(this.snapshot, this.head.seq, this.stamped(message));
    if (unmet.length === 0) return;
    const details: RefusalDetails = { unmet, seq: this.head.seq };
    throw ApplicationFailure.nonRetryable('refused', REFUSED, details);
  }

  /** Transition, append, answer at once. Nothing here writes a table: an Update is durable only with its task. */
  applyCommand(message: CommandMessage): CommandResult {
    const known = this.seen.get(message.id);
    if (known !== undefined) return { seq: known, events: [], snapshot: null };
    const command = this.stamped(message);
    const step = stepItem(this.snapshot, command);
    const events = this.take(step, {
      at: command.at,
      actor: command.actor.memberId,
      commandId: command.id,
    });
    this.seen.set(command.id, this.head.seq);
    return { seq: this.head.seq, events, snapshot: this.snapshot };
  }

  private stamped(message: CommandMessage): Command {
    return { ...message, at: new Date(Date.now()).toISOString() } as Command;
  }

  private happen(event: SystemEvent): void {
    const step = stepItem(this.snapshot, event);
    const events = this.take(step, { at: event.at, actor: 'system', commandId: null });
    if (events.length > 0) this.needsProjection = true;
  }

  private take(
    step: { snapshot: ItemSnapshot; records: EventRecord[]; effects: ItemEffect[] },
    stamp: { at: string; actor: string; commandId: string | null },
  ): ItemEvent[] {
    this.snapshot = step.snapshot;
    this.effects.push(...step.effects);
    this.rearm = true;
    return this.append(step.records, stamp);
  }

  /** Only the first event of a command carries its id, so that each applied command is in the chain once. */
  private append(
    records: readonly EventRecord[],
    { at, actor, commandId }: { at: string; actor: string; commandId: string | null },
  ): ItemEvent[] {
    const named = records.map((record, index) =>
      index === 0 && commandId !== null
        ? { ...record, data: { commandId, ...record.data } }
        : record,
    );
    const events = chainEvents(this.head, named, { at, actor });
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

  isIdle(): boolean {
    return this.running.size === 0 && this.effects.length === 0 && !this.needsProjection;
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

  /** One pending timer: the earliest deadline. A deadline that only moved later does not re-arm it. */
  armDeadline(): void {
    this.rearm = false;
    const next = this.deadlines()[0];
    if (next === undefined) return;
    if (this.armed !== null && this.armed.at <= next.at) return;
    this.disarm();
    const scope = new CancellationScope();
    const armed = { at: next.at, scope };
    this.armed = armed;
    void scope
      .run(() => sleep(Math.max(0, next.at - Date.now())))
      .then(() => {
        if (this.armed === armed) this.armed = null;
        this.due = this.deadlines().filter(({ at }) => at <= Date.now());
        this.rearm = true;
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }

  disarm(): void {
    this.armed?.scope.cancel();
    this.armed = null;
  }

  lookAgain(publicationId: string | null): void {
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
    const events = this.unprojected;
    const { snapshot, head } = this;
    await store.recordEvents({
      workspaceId: this.workspaceId,
      itemId: this.itemId,
      events,
      snapshot,
      seq: head.seq,
    });
    this.unprojected = this.unprojected.filter(({ seq }) => seq > head.seq);
    this.projectedSeq = head.seq;
  }

  private async projected(seq: number): Promise<void> {
    await condition(() => this.projectedSeq >= seq);
  }

  private async send(publicationId: string): Promise<void> {
    const record = publicationById(this.snapshot.context, publicationId);
    if (record === null) return;
    this.happen({ type: 'publication_sending', at: nowIso(), publicationId });
    // The send re-checks the approvals in the tables, so they must know of them first.
    await this.projected(this.head.seq);
    const { context } = this.snapshot;
    const order: PublicationOrder = {
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
    };
    const settled = await runPublication(order);
    this.happen({ type: 'publication_settled', at: nowIso(), publicationId, ...settled });
  }

  private async measure(deadline: Extract<Deadline, { kind: 'checkpoint' }>): Promise<void> {
    const { publicationId, checkpoint, graceUntil } = deadline;
    const record = publicationById(this.snapshot.context, publicationId);
    if (record === null) return;
    const recorded = await this.collected({
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
    else if (Date.now() >= graceUntil) this.happen({ type: 'checkpoint_missed', ...key });
    else this.nextLook.set(keyOf(deadline), Math.min(graceUntil, Date.now() + LOOK_AGAIN_MS));
  }

  /** A source that stays away counts as "no readings yet": the grace decides, not the source. */
  private async collected(
    question: Parameters<Activities['collectReadings']>[0],
  ): Promise<boolean> {
    try {
      return (await collect.collectReadings(question)).recorded;
    } catch (error) {
      if (isCancellation(error)) throw error;
      return false;
    }
  }

  private async freeze({ reviewId, number }: { reviewId: string; number: number }): Promise<void> {
    const frozen = await store.freezeReview({
      workspaceId: this.workspaceId,
      itemId: this.itemId,
      reviewId,
      number,
      snapshot: this.snapshot,
      at: nowIso(),
    });
    this.happen({ type: 'review_frozen', at: nowIso(), reviewId, ...frozen });
  }

  carryOver(): NonNullable<ContentItemInput['continued']> {
    return {
      snapshot: this.snapshot,
      head: this.head,
      seen: [...this.seen].slice(-MAX_SEEN),
    };
  }

  /** The last batch, and a child that archives the history once this run is closed. */
  async finish(): Promise<void> {
    await this.project();
    const { workflowId, runId } = workflowInfo();
    await startChild(historyArchive, {
      workflowId: `archive:${this.itemId}:${runId}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [{ workspaceId: this.workspaceId, itemId: this.itemId, workflowId, runId }],
    });
  }
}

/** Runs the send as a child of its own. A child that fails or cannot start leaves the outcome unknown. */
async function runPublication(order: PublicationOrder): Promise<PublicationOutcome> {
  try {
    const child = await startChild(publication, {
      workflowId: publicationWorkflowId(intentKeyOf(order)),
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      args: [order],
    });
    return await child.result();
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: 'the run of the send ended without an answer' };
  }
}

function nowIso(): string {
  return new Date(Date.now()).toISOString();
}

function keyOf(deadline: Deadline): string {
  return deadline.kind === 'checkpoint'
    ? `checkpoint ${deadline.publicationId} ${deadline.checkpoint}`
    : deadline.kind;
}
