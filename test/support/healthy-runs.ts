import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { createAudit } from '../../src/audit/audit.ts';
import { createAuditMemory } from '../../src/audit/audit-memory.ts';
import { lookAtWorkspace } from '../../src/audit/watch/watch.ts';
import type { ChannelRegistry } from '../../src/channels/registry.ts';
import { listFindings } from '../../src/db/audit/stored-findings.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import type { FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { ensureSchedule, type ScheduledRun } from '../../src/engine/schedules.ts';
import { startDispatcher } from '../../src/telling/dispatcher.ts';
import { eventually } from './eventually.ts';
import { type ItemEngine, openItemEngine } from './item-engine.ts';
import {
  approve,
  DAY_MS,
  signOff,
  toCreation,
  toKpiReview,
  toMeasuring,
  toOffered,
  toReview,
  toScheduled,
  type Way,
} from './item-story.ts';

/** How the network takes one request to publish. */
const WAYS = ['at once', 'slowly', 'not at all', 'and does not answer'] as const;
type Taking = (typeof WAYS)[number];

/** One item: how the network takes the post of each of its accounts, and what people do meanwhile. */
interface Story {
  takings: Taking[][];
  meanwhile: ('extend' | 'reassign')[];
}

const story: fc.Arbitrary<Story> = fc.record({
  takings: fc.array(fc.array(fc.constantFrom(...WAYS), { minLength: 1, maxLength: 2 }), {
    minLength: 1,
    maxLength: 2,
  }),
  meanwhile: fc.array(fc.constantFrom('extend', 'reassign'), { maxLength: 2 }),
});

/** Time for the answers to the commands of one item; then its slot comes by itself. */
const SLOT_IN_MS = 5_000;
const SLOW_MS = 1_500;
const DISPATCH_MS = 500;
/** Ends only what hangs. */
const ROUND_MS = 300_000;
/** There, as in any deployment; the looks of the test are its own. */
const WATCH: ScheduledRun = { id: 'watch', everyMs: 3_600_000, withinMs: 60_000 };
const TIMING = { leaseMs: 6_000, leaseMarginMs: 1_000, settleMs: 200, leasePollMs: 500 };

/** What a machine that is busy with other things may show, and no fault of a run. */
const OF_LOAD: readonly FindingCode[] = ['no_worker', 'command_without_verdict'];

/** How each account's network takes its next posts. */
type Network = Map<string, Taking[]>;

function slowed(real: ChannelRegistry, network: Network): ChannelRegistry {
  return {
    get(id) {
      const channel = real.get(id);
      if (channel === null) return null;
      return {
        ...channel,
        async publish(request) {
          const taking = network.get(request.account.id)?.shift() ?? 'at once';
          if (taking === 'slowly') await delay(SLOW_MS);
          const answer = taking === 'not at all' ? null : await channel.publish(request);
          if (answer !== null && taking !== 'and does not answer') return answer;
          await aborted(request.signal);
          return { outcome: 'unknown', code: 'timeout', message: 'no answer came' };
        },
        async lookup(request) {
          await delay(SLOW_MS);
          return channel.lookup(request);
        },
      };
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** How an item gets to where it then waits for a person or for its time. */
type Rest = (engine: ItemEngine, itemId: string, way: Way) => Promise<unknown>;
const RESTS: readonly Rest[] = [
  async () => {},
  toOffered,
  toCreation,
  async (engine, itemId, way) => {
    await toCreation(engine, itemId, way);
    await engine.apply('strategist', itemId, 'hold', { reason: 'we wait for the client' });
  },
  toReview,
  async (engine, itemId, way) => approve(engine, itemId, await toReview(engine, itemId, way)),
  toScheduled,
  toMeasuring,
  toKpiReview,
  async (engine, itemId, way) => {
    await toKpiReview(engine, itemId, way);
    await signOff(engine, itemId);
  },
];
/** Brought to their places at the same time. */
const BROUGHT_AT_ONCE = 8;

/** Items in every place in turn. */
async function rest(engine: ItemEngine, count: number): Promise<void> {
  const waiting = Array.from({ length: count }, (_, at) => RESTS[at % RESTS.length]);
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const accounts = [await newAccount(engine)];
      await next(engine, await engine.start(), { accounts, slotInMs: DAY_MS });
    }
  };
  await Promise.all(Array.from({ length: BROUGHT_AT_ONCE }, work));
}

/** Of its own, so that no post waits for another one. */
async function newAccount(engine: ItemEngine): Promise<string> {
  const { workspaceId } = engine.workspace;
  const account = { workspaceId, channel: 'sandbox' as const, zone: 'Europe/Paris' };
  const { id } = await insertChannelAccount(engine.deps.db, { ...account, name: randomUUID() });
  return id;
}

/**
 * Items whose posts a slow network takes late, or in silence, while people go on working. A healthy
 * system has no finding at any look, and in the end every post is out.
 * @param options.items that run at once, `rounds` of them.
 * @param options.resting items that wait meanwhile, some in every stage.
 * @param options.looks in each round at least.
 * @returns looks that were taken.
 */
export async function checkHealthyRuns(options: {
  items: number;
  rounds: number;
  seed: number;
  resting?: number;
  looks?: number;
}): Promise<number> {
  const network: Network = new Map();
  const engine = await openItemEngine({
    channels: (real) => slowed(real, network),
    sendTiming: TIMING,
  });
  // As in a worker: somebody empties the outbox.
  const dispatcher = startDispatcher({
    db: engine.programDeps.db,
    wakeUps: { next: () => delay(DISPATCH_MS) },
    consumers: [],
    log: engine.deps.log,
  });
  let looks = 0;
  try {
    const { temporal, taskQueue } = engine.deps;
    await ensureSchedule(temporal, { taskQueue, run: WATCH, mayChange: false });
    const { items, rounds: numRuns, seed, resting = 0, looks: atLeast = 1 } = options;
    await rest(engine, resting);
    const stories = fc.array(story, { minLength: items, maxLength: items });
    const property = fc.asyncProperty(stories, async (all) => {
      const living = Promise.all(all.map((one) => live(engine, network, one)));
      looks += await lookUntil(engine, living, atLeast);
    });
    await fc.assert(property, { numRuns, seed, endOnFailure: true });
    return looks;
  } finally {
    await dispatcher.stop();
    await engine.close();
  }
}

async function live(engine: ItemEngine, network: Network, { takings, meanwhile }: Story) {
  const accounts: string[] = [];
  for (const taking of takings) {
    const id = await newAccount(engine);
    network.set(id, [...taking]);
    accounts.push(id);
  }
  const itemId = await engine.start();
  await toScheduled(engine, itemId, { accounts, slotInMs: SLOT_IN_MS });
  await engine.until(itemId, 'publishing', ({ stage }) => stage !== 'scheduled');
  for (const command of meanwhile) {
    // Long enough for a look at a send that nobody disturbs.
    await delay(SLOW_MS);
    const reason = 'it takes its time';
    const creator = { role: 'creator', memberId: engine.workspace.memberOf('creator') };
    await engine.verdict('strategist', itemId, command, {
      reason,
      ...(command === 'reassign' && creator),
    });
  }
  await engine.until(
    itemId,
    'every post out',
    ({ stage, publications }) =>
      stage === 'measuring' && publications.every(({ state }) => state === 'published'),
  );
}

/** Looks again and again while the items live, on demand and as the watch. @throws what was found. */
async function lookUntil(
  engine: ItemEngine,
  living: Promise<unknown>,
  atLeast: number,
): Promise<number> {
  const audit = createAudit(engine.deps);
  const watching = { ...engine.deps, memory: createAuditMemory() };
  const { workspaceId } = engine.workspace;
  let isOver = false;
  const ended = living.finally(() => {
    isOver = true;
  });
  ended.catch(() => {});
  let looks = 0;
  await eventually(
    async () => {
      const now = new Date(Date.now()).toISOString();
      const { items } = await audit.stuck({ workspaceId, now, limit: 200 });
      await lookAtWorkspace(watching, workspaceId);
      const { items: stored } = await listFindings(engine.deps.db, { workspaceId, limit: 200 });
      const found = [...items, ...stored].filter(({ code }) => !OF_LOAD.includes(code));
      if (found.length > 0) throw new Error(`found: ${JSON.stringify(found)}`);
      looks += 1;
      return isOver && looks >= atLeast;
    },
    { what: 'the end of every item', withinMs: ROUND_MS },
  );
  await ended;
  return looks;
}
