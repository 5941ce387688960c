import { sleep } from '@temporalio/workflow';

/** Work that runs beside the loop of a run, by name: at most one of a name at a time. */
export class SideWork {
  readonly #running = new Set<string>();
  /** Work that only waits: until when, in epoch milliseconds. */
  readonly #pauses = new Map<string, number>();
  readonly #onEnd: () => void;

  /** @param onEnd called whenever one has ended. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  begin(name: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return;
    this.#running.add(name);
    void work().finally(() => {
      this.#running.delete(name);
      this.#onEnd();
    });
  }

  /** A sleep that the run knows of: it counts as waiting, not as work. */
  async pause(name: string, ms: number): Promise<void> {
    this.#pauses.set(name, Date.now() + ms);
    try {
      await sleep(ms, { summary: `${name}: wait for its next attempt` });
    } finally {
      this.#pauses.delete(name);
    }
  }

  has(name: string): boolean {
    return this.#running.has(name);
  }

  get isEmpty(): boolean {
    return this.#running.size === 0;
  }

  get names(): string[] {
    return [...this.#running];
  }

  /** Nothing is under way but waits. */
  get isWaiting(): boolean {
    return [...this.#running].every((name) => this.#pauses.has(name));
  }

  /** When the next wait is over, in epoch milliseconds; infinite without one. */
  get nextAt(): number {
    return Math.min(...this.#pauses.values());
  }
}
