import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../random.ts';
import type { Trouble } from './live-beside.ts';
import { startTcpProxy, type TcpProxy, type Weather } from './tcp-proxy.ts';

/** The ways of the programs to what they depend on. */
export const WAYS = ['engine', 'database', 'network'] as const;
export type Way = (typeof WAYS)[number];
export type Ways = Readonly<Record<Way, TcpProxy>>;

/** One answer in so many of the network is lost on its way. */
const LOST_ANSWER_EVERY = 3;
const LONGEST_LATENCY_MS = 300;

/** How long bad weather lasts, between these. A partition is longer than what a sender or a lease waits. */
const LASTS_MS: Readonly<Record<Exclude<Weather, 'open' | 'deaf'>, readonly [number, number]>> = {
  slow: [2_000, 5_000],
  partition: [1_000, 9_000],
  reset: [100, 2_000],
};
const CALM_MS = [1_000, 4_000] as const;

export async function openWays(ports: Readonly<Record<Way, number>>): Promise<Ways> {
  const [engine, database, network] = await Promise.all([
    startTcpProxy(ports.engine),
    startTcpProxy(ports.database),
    startTcpProxy(ports.network),
  ]);
  return { engine, database, network };
}

/** Bad weather on every way, each by a schedule of its own that the seed decides. */
export function networkTrouble(ways: Ways, seed: number): Trouble {
  const faults: Record<string, number> = {};
  const over = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {});
  const count = (kind: string) => {
    faults[kind] = (faults[kind] ?? 0) + 1;
  };
  let schedules: Promise<void>[] = [];
  async function disturb(way: Way, random: () => number): Promise<void> {
    const between = ([least, most]: readonly [number, number]) => least + random() * (most - least);
    const kinds = ['slow', 'partition', 'reset'] as const;
    while (!over.signal.aborted) {
      await pause(between(CALM_MS));
      const weather = kinds[Math.floor(random() * kinds.length)];
      if (over.signal.aborted || weather === undefined) return;
      const lastsMs = between(LASTS_MS[weather]);
      ways[way].set(weather, { latencyMs: random() * LONGEST_LATENCY_MS });
      count(`${way} ${weather}`);
      await pause(lastsMs);
      ways[way].set('open');
    }
  }
  return {
    begin() {
      ways.network.single((connection) => {
        if (over.signal.aborted || connection % LOST_ANSWER_EVERY !== 1) return null;
        count('answer lost');
        return 'deaf';
      });
      schedules = WAYS.map((way, index) => disturb(way, seededRandom(seed * WAYS.length + index)));
    },
    async end() {
      over.abort();
      await Promise.all(schedules);
      for (const way of WAYS) ways[way].set('open');
    },
    faults: () => faults,
    recoveryMs: () => [],
  };
}
