import type { Deadline } from '../domain/item/deadlines.ts';
import { DeadlineTimer } from './deadline-timer.ts';

/** What time alone makes happen to an item. One pending timer, at the earliest deadline of all. */
export class RunDeadlines {
  #due: Deadline[] = [];
  #mayHaveMoved = true;
  readonly #listOpen: () => Deadline[];
  readonly #timer = new DeadlineTimer(() => this.#noteDue());
  /** When a checkpoint without readings is looked at next, by its key. */
  readonly #nextLooks = new Map<string, number>();
  /** How often readings were reported. */
  #reports = 0;

  /** @param listOpen the item's deadlines as they are now, without those that are being met. */
  constructor(listOpen: () => Deadline[]) {
    this.#listOpen = listOpen;
  }

  /** Soonest first. */
  #list(): Deadline[] {
    return this.#listOpen()
      .map((deadline) => ({
        ...deadline,
        at: Math.max(deadline.at, this.#nextLooks.get(nameOf(deadline)) ?? deadline.at),
      }))
      .sort((a, b) => a.at - b.at);
  }

  /** Epoch milliseconds; infinite without one. */
  get nextAt(): number {
    return this.#list()[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  get areDue(): boolean {
    return this.#due.length > 0;
  }

  get mayHaveMoved(): boolean {
    return this.#mayHaveMoved;
  }

  noteMove(): void {
    this.#mayHaveMoved = true;
  }

  arm(): void {
    this.#mayHaveMoved = false;
    const [next] = this.#list();
    if (next !== undefined) this.#timer.arm(next.at, nameOf(next));
  }

  disarm(): void {
    this.#timer.disarm();
  }

  #noteDue(): void {
    this.#due = this.#list().filter(({ at }) => at <= Date.now());
    this.#mayHaveMoved = true;
  }

  takeDue(): Deadline[] {
    const due = this.#due;
    this.#due = [];
    return due;
  }

  get reports(): number {
    return this.#reports;
  }

  /** A checkpoint found no readings and is looked at again then, in epoch milliseconds. */
  lookAgainAt(deadline: Deadline, at: number): void {
    this.#nextLooks.set(nameOf(deadline), at);
  }

  /** Readings were stored: checkpoints that found none look again now. */
  lookAgainNow(publicationId: string | null): void {
    this.#reports += 1;
    for (const key of this.#nextLooks.keys()) {
      if (publicationId === null || key.includes(publicationId)) this.#nextLooks.delete(key);
    }
    this.#mayHaveMoved = true;
  }
}

/** Also of the work that meets it: at most one of a name at a time. */
export function nameOf(deadline: Deadline): string {
  return deadline.kind === 'checkpoint'
    ? `checkpoint ${deadline.publicationId} ${deadline.checkpoint}`
    : deadline.kind;
}
