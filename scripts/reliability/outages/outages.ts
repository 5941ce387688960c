import { setTimeout as delay } from 'node:timers/promises';
import type { KeptServer } from '../../local/kept-server.ts';

/** Kills a server again and again and starts it each time. */
export interface Outages {
  /** Kills the server now; it is away for so long at least. False when it is away already. */
  strike(kind: string, awayMs?: number): boolean;
  /** From now on by the clock too. */
  begin(pauseMs: () => number): void;
  /** No more; resolves when the server is back. */
  end(): Promise<void>;
  /** Kills by kind. */
  readonly kills: Record<string, number>;
  /** From each kill to the instant at which the server answered again. */
  readonly awayMs: number[];
}

export function createOutages(server: KeptServer): Outages {
  const kills: Record<string, number> = {};
  const awayMs: number[] = [];
  const over = new AbortController();
  let returning: Promise<void> | null = null;
  let clock = Promise.resolve();
  async function endAndStart(pauseMs: number): Promise<void> {
    const killedAt = performance.now();
    await server.kill();
    await delay(pauseMs);
    await server.startAgain();
    awayMs.push(performance.now() - killedAt);
    returning = null;
  }
  function strike(kind: string, pauseMs = 0): boolean {
    if (returning !== null || over.signal.aborted) return false;
    kills[kind] = (kills[kind] ?? 0) + 1;
    returning = endAndStart(pauseMs);
    // Whoever ends it hears of a server that did not come back.
    returning.catch(() => {});
    return true;
  }
  async function strikeByTheClock(pauseMs: () => number): Promise<void> {
    while (!over.signal.aborted) {
      await delay(pauseMs(), undefined, { signal: over.signal }).catch(() => {});
      strike('kill by the clock');
    }
  }
  return {
    kills,
    awayMs,
    strike,
    begin(pauseMs) {
      clock = strikeByTheClock(pauseMs);
    },
    async end() {
      over.abort();
      await clock;
      await returning;
    },
  };
}
