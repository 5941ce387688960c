import type { EventBatch } from '../activities/recording.ts';
import { keepAnswers } from '../domain/item/commands/kept-answers.ts';
import { type Divergence, divergenceOf, type RowHead } from '../domain/item/divergence.ts';
import {
  chainEvents,
  type EventRecord,
  GENESIS_HASH,
  type ItemEvent,
} from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import {
  BATCH_BYTES,
  CARRIED_EVENT_BYTES,
  firstWithin,
  jsonBytes,
  TASK_BYTES,
} from '../domain/item/size.ts';
import type { ContinuedRun, ItemRunInput, LookUp } from './messages.ts';

/** Events of commands are stored by the API; the run keeps at most so many for the case it did not. */
const MAX_EVENTS = 200;
/** More than the tables may be behind by. */
const KNOWN_HASHES = 2 * MAX_EVENTS;

export interface Stamp {
  at: string;
  actor: string;
  commandId: string | null;
}

/**
 * What the run has to say to others: the events of its chain that the tables may not have yet, and the
 * answer to each command that it applied.
 */
export class Backlog {
  #head: ContinuedRun['head'];
  /** By the command's id: a command that comes again is answered, never applied again. */
  readonly #answers: Map<string, CommandAnswer>;
  readonly #forgottenSeq: number;
  #events: ItemEvent[];
  /** Hashes of the newest events, by seq: where a row may stand. */
  readonly #hashes = new Map<number, string>();
  #recordedSeq = 0;
  #isDue: boolean;
  readonly #item: { workspaceId: string; itemId: string };

  constructor({ item, continued }: ItemRunInput) {
    this.#item = { workspaceId: item.workspaceId, itemId: item.itemId };
    this.#head = continued?.head ?? { seq: 0, hash: GENESIS_HASH };
    this.#answers = new Map(continued?.seen);
    this.#forgottenSeq = continued?.forgottenSeq ?? 0;
    this.#events = continued?.unprojected ?? [];
    this.#isDue = this.#events.length > 0;
    const [first] = this.#events;
    if (first !== undefined) this.#hashes.set(first.seq - 1, first.prevHash);
    this.#noteHashes(this.#events);
    this.#hashes.set(this.#head.seq, this.#head.hash);
  }

  #noteHashes(events: readonly ItemEvent[]): void {
    for (const { seq, hash } of events) {
      this.#hashes.set(seq, hash);
      this.#hashes.delete(seq - KNOWN_HASHES);
    }
  }

  /** How the chain differs from the row's; null when the row stands in it, or further back than is known. */
  divergenceFrom(row: RowHead): Divergence | null {
    return divergenceOf(row, this.#head, this.#hashes);
  }

  get head(): ContinuedRun['head'] {
    return this.#head;
  }

  /**
   * What no activity has carried to the tables yet fits into the input of a continued run, and so do
   * the answers to its commands: the tables cannot give them.
   */
  get isLight(): boolean {
    const [first] = this.#events;
    if (first === undefined) return true;
    const { forgottenSeq } = keepAnswers(this.#answers, this.#forgottenSeq);
    return forgottenSeq < first.seq && jsonBytes(this.#events) <= CARRIED_EVENT_BYTES;
  }

  /**
   * The run may have applied a command that it has no answer to: the tables have it, or its sender did
   * not look far enough.
   */
  hasForgotten({ seq, found }: LookUp): boolean {
    return found || seq < this.#forgottenSeq;
  }

  /** More events than one activity is given; with the state, more than so many posts may carry at once. */
  isTooMuchFor(posts: number, snapshot: ItemSnapshot): boolean {
    const batch = this.rest(snapshot);
    if (batch === null) return false;
    return batch.snapshot === null || (posts > 1 && posts * jsonBytes(batch) > TASK_BYTES);
  }

  /** The run itself has to carry its events to the tables. */
  get isDue(): boolean {
    return this.#isDue;
  }

  append(records: readonly EventRecord[], stamp: Stamp): ItemEvent[] {
    return this.adopt(chainEvents(this.#head, records, stamp));
  }

  /** Takes over the next links of the chain. */
  adopt(events: ItemEvent[]): ItemEvent[] {
    const last = events.at(-1);
    if (last !== undefined) this.#head = { seq: last.seq, hash: last.hash };
    this.#events.push(...events);
    this.#noteHashes(events);
    return events;
  }

  answerTo(commandId: string): CommandAnswer | undefined {
    return this.#answers.get(commandId);
  }

  noteAnswer(commandId: string, answer: CommandAnswer): void {
    this.#answers.set(commandId, answer);
    if (this.#events.length >= MAX_EVENTS) this.#isDue = true;
  }

  /** None of them when they do not fit into an answer: then the run carries them to the tables. */
  eventsUntil(seq: number): ItemEvent[] {
    const events = this.#events.filter((event) => event.seq <= seq);
    if (firstWithin(events, BATCH_BYTES).length === events.length) return events;
    this.#isDue = true;
    return [];
  }

  /** Asks the run to carry its events to the tables. */
  askToRecord(): void {
    this.#isDue = true;
  }

  /** Somebody else is about to carry them; `askForRest` when they have. */
  leaveToOthers(): void {
    this.#isDue = false;
  }

  /** Asks the run to carry what the tables do not have after all. */
  askForRest(): void {
    if (this.#recordedSeq < this.#head.seq) this.#isDue = true;
  }

  /**
   * Every event since the last batch goes along, so that a gap left by a dead API heals by itself. Of
   * more than an activity may be given the first ones go, without the state that the last ones made.
   */
  batch(snapshot: ItemSnapshot): EventBatch {
    const events = firstWithin(this.#events, BATCH_BYTES);
    const last = events.at(-1);
    return last === undefined || last.seq === this.#head.seq
      ? { ...this.#item, events, snapshot, seq: this.#head.seq }
      : { ...this.#item, events, snapshot: null, seq: last.seq };
  }

  /** The same; null when the tables have it all. */
  rest(snapshot: ItemSnapshot): EventBatch | null {
    return this.#recordedSeq < this.#head.seq ? this.batch(snapshot) : null;
  }

  noteRecorded(seq: number): void {
    this.#events = this.#events.filter((event) => event.seq > seq);
    this.#recordedSeq = Math.max(this.#recordedSeq, seq);
  }

  carryOver(snapshot: ItemSnapshot): ContinuedRun {
    const kept = keepAnswers(this.#answers, this.#forgottenSeq);
    return { snapshot, head: this.#head, unprojected: this.#events, ...kept };
  }
}
