import { setTimeout as delay } from 'node:timers/promises';
import type { BoundProcess } from '../../local/bound-process.ts';
import { shuffled } from '../random.ts';

/** A program that is started again after each kill. */
export interface KeptProgram {
  name: string;
  start(): Promise<BoundProcess>;
}

/** Kills one of the programs after the other: first those that were spared, among them by the seed. */
export interface Killer {
  /** Keeps a program running from now on. @returns ends it for good. */
  keep(program: KeptProgram, running?: BoundProcess): Promise<() => Promise<void>>;
  begin(everyMs: number): void;
  /** No more kills; what was killed runs again. */
  end(): Promise<void>;
  readonly kills: Record<string, number>;
}

const ATTEMPTS = 5;

export function createKiller(random: () => number): Killer {
  const kept = new Map<KeptProgram, BoundProcess>();
  const kills: Record<string, number> = {};
  const over = new AbortController();
  let clock = Promise.resolve();

  const kindOf = ({ name }: KeptProgram) => `kill ${name}`;
  const killsOf = (program: KeptProgram) => kills[kindOf(program)] ?? 0;

  async function startAgain(program: KeptProgram): Promise<void> {
    for (let attempt = 1; kept.has(program); attempt += 1) {
      try {
        const running = await program.start();
        if (kept.has(program)) kept.set(program, running);
        else running.kill();
        return;
      } catch (error) {
        // It was to start while another one that it waits for was dead, too.
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }
  async function killByTheClock(everyMs: number): Promise<void> {
    for (;;) {
      await delay(everyMs, undefined, { signal: over.signal }).catch(() => {});
      if (over.signal.aborted) return;
      const [program] = shuffled([...kept.keys()], random).toSorted(
        (a, b) => killsOf(a) - killsOf(b),
      );
      if (program === undefined) continue;
      kept.get(program)?.kill();
      kills[kindOf(program)] = killsOf(program) + 1;
      await startAgain(program);
    }
  }
  return {
    kills,
    async keep(program, running) {
      kept.set(program, running ?? (await program.start()));
      return async () => {
        const last = kept.get(program);
        kept.delete(program);
        last?.kill();
        await last?.exited;
      };
    },
    begin(everyMs) {
      clock = killByTheClock(everyMs);
      // Whoever ends it hears of a program that did not start again.
      clock.catch(() => {});
    },
    async end() {
      over.abort();
      await clock;
    },
  };
}
