import { setTimeout as delay } from 'node:timers/promises';
import { HookCall } from '../../../src/channels/sandbox/protocol.ts';
import type { BoundProcess } from '../../local/bound-process.ts';
import { orderHook } from '../evidence.ts';
import { makeApprovedItems, planPosts } from '../items.ts';
import { judgeFates } from '../judge-fates.ts';
import type { Line } from '../line.ts';
import { awaitFates, recoveriesOf } from '../post-fates.ts';
import { seededRandom } from '../random.ts';
import type { Part } from '../replacements.ts';
import { openSite, type Site } from '../site.ts';

const KILL_EVERY_MS = 2_000;
/** More than one, so that some are always past their start. */
const WORKERS = 3;
/** One post in so many seconds; the kills go on meanwhile. */
const SPREAD_MS = 900;
/** Share of the posts whose sender is killed at each exact instant. */
const HOOK_RATE = 0.08;
const HOOK_RATE_OF_FEW = 0.25;
const FEW = 50;
/** Each attempt may lose its worker again, and a worker is slow to start on a busy machine. */
const SETTLE_MS = 300_000;

export const R2: Line = {
  id: 'R2',
  title: `publishes while a worker is killed (kill -9) every ${KILL_EVERY_MS / 1_000} s`,
  target: 'every post out once, none lost, none left open',
  protection: 'the look-up after an unknown outcome, and the one key of a post',
  full: 200,
  small: 10,
  async run(stack, { n, seed, control, progress }) {
    const parts: Part[] = ['namedHttpClient', ...(control ? (['blindChannels'] as const) : [])];
    const site = await openSite(stack, { workerParts: parts });
    try {
      const account = await site.addAccount('R2');
      const wanted = Array.from({ length: n }, (_, index) => ({
        text: `R2 ${seed}: post ${index}`,
        account,
      }));
      const posts = await makeApprovedItems(site.people, wanted);
      const killer = await prepareKiller(site, { parts, seed });
      await orderKills(site, account.name, { seed, rate: n < FEW ? HOOK_RATE_OF_FEW : HOOK_RATE });
      const spreadMs = n * SPREAD_MS;
      const lastDueAt = await planPosts(site.people, posts, spreadMs);
      progress(`${n} posts are planned over ${Math.round(spreadMs / 1_000)} s`);
      killer.begin();
      await delay(Math.max(0, lastDueAt - Date.now()));
      await killer.end();
      const fates = await awaitFates(site, posts, { withinMs: SETTLE_MS });
      const faults = await killer.stop();
      const judged = judgeFates(fates);
      if (Object.keys(faults).length === 0) judged.violations.push('nobody was killed');
      return { ...judged, faults, recoveryMs: await recoveriesOf(site, fates) };
    } finally {
      await site.close();
    }
  },
};

/** The sandbox calls when it is about to accept, has accepted, or is about to answer. */
async function orderKills(
  { stack, harness }: Site,
  account: string,
  { seed, rate }: { seed: number; rate: number },
): Promise<void> {
  for (const at of ['before-accept', 'after-accept', 'before-response'] as const) {
    const share = { seed: `${seed} ${at}`, rate };
    const order = { at, url: harness.url, account, share, times: 1_000_000, timeoutMs: 2_000 };
    await orderHook(stack, order);
  }
}

interface Killer {
  /** From now on by the clock too. */
  begin(): void;
  /** No more by the clock. */
  end(): Promise<void>;
  /** No more at all. @returns the kills by kind. */
  stop(): Promise<Record<string, number>>;
}

/** Kills workers by the sandbox's hooks and, once it begins, by the clock; starts another for each. */
async function prepareKiller(
  site: Site,
  { parts, seed }: { parts: readonly Part[]; seed: number },
): Promise<Killer> {
  const random = seededRandom(seed);
  const kills: Record<string, number> = {};
  const workers = new Set([site.worker]);
  const starting = new Set<Promise<void>>();
  const over = new AbortController();
  function startAnother(): void {
    const begun = site
      .startWorker(parts)
      .then((worker) => void workers.add(worker))
      .catch(() => undefined)
      .finally(() => starting.delete(begun));
    starting.add(begun);
  }
  function kill(worker: BoundProcess | undefined, kind: string): void {
    if (worker === undefined || !workers.delete(worker)) return;
    worker.kill();
    kills[kind] = (kills[kind] ?? 0) + 1;
    startAnother();
  }
  for (let count = workers.size; count < WORKERS; count += 1) startAnother();
  await Promise.all(starting);
  site.harness.onCall((body) => {
    const { at, sender } = HookCall.parse(body);
    kill(
      [...workers].find(({ pid }) => String(pid) === sender),
      `kill ${at}`,
    );
  });
  async function killByTheClock(): Promise<void> {
    while (!over.signal.aborted) {
      await delay(KILL_EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
      if (over.signal.aborted) return;
      const running = [...workers];
      kill(running[Math.floor(random() * running.length)], 'kill by the clock');
    }
  }
  let clock = Promise.resolve();
  return {
    begin() {
      clock = killByTheClock();
    },
    async end() {
      over.abort();
      await clock;
    },
    async stop() {
      site.harness.onCall(() => {});
      await Promise.all(starting);
      return kills;
    },
  };
}
