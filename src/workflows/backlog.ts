import type { EventBatch } from '../activities/recording.ts';
import {
  chainEvents,
  type EventRecord,
  GENESIS_HASH,
  type ItemEvent,
} from '../domain/item/event.ts';
import type { CommandAnswer } from '../domain/item/record-schema.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import type { ContentItemInput, ContinuedRun } from './messages.ts';

/** Ids of commands that a continued run still answers by heart. */
const MAX_ANSWERS = 2_000;
/** Events of commands are stored by the API; the run keeps at most so many for the case it did not. */
const MAX_EVENTS = 200;

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
  #events: ItemEvent[];
  #recordedSeq = 0;
  #isDue: boolean;
  readonly #item: { workspaceId: string; itemId: string };

  constructor({ item, continued }: ContentItemInput) {
    this.#item = { workspaceId: item.workspaceId, itemId: item.itemId };
    this.#head = continued?.head ?? { seq: 0, hash: GENESIS_HASH };
    this.#answers = new Map(continued?.seen);
    this.#events = continued?.unprojected ?? [];
    this.#isDue = this.#events.length > 0;
  }

  get head(): ContinuedRun['head'] {
    return this.#head;
  }

  /** How many events no activity has carried to the tables yet. */
  get length(): number {
    return this.#events.length;
  }

  /** The run itself has to carry its events to the tables. */
  get isDue(): boolean {
    return this.#isDue;
  }

  append(records: readonly EventRecord[], stamp: Stamp): ItemEvent[] {
    const events = chainEvents(this.#head, records, stamp);
    const last = events.at(-1);
    if (last !== undefined) this.#head = { seq: last.seq, hash: last.hash };
    this.#events.push(...events);
    return events;
  }

  answerTo(commandId: string): CommandAnswer | undefined {
    return this.#answers.get(commandId);
  }

  noteAnswer(commandId: string, answer: CommandAnswer): void {
    this.#answers.set(commandId, answer);
    if (this.#events.length >= MAX_EVENTS) this.#isDue = true;
  }

  eventsUntil(seq: number): ItemEvent[] {
    return this.#events.filter((event) => event.seq <= seq);
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

  /** Every event since the last batch goes along, so that a gap left by a dead API heals by itself. */
  batch(snapshot: ItemSnapshot): EventBatch {
    return { ...this.#item, events: this.#events, snapshot, seq: this.#head.seq };
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
    const seen = [...this.#answers].slice(-MAX_ANSWERS);
    return { snapshot, head: this.#head, unprojected: this.#events, seen };
  }
}
