import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { inLanes } from './lanes.ts';
import { ledgerReader } from './ledger-reader.ts';
import type { ProcessorTimes } from './process-usage.ts';
import { DRIVER_LANES, type StormKey, type StormVariant } from './storm-variants.ts';

/** One storm: every post of a variant in a round. Times in milliseconds. */
export interface Storm {
  round: number;
  variant: StormKey;
  posts: number;
  /** Accepted by the network minus due, for the first acceptance of each post. */
  lateness: number[];
  /** Posts that the ledger does not know. */
  lost: number;
  /** Acceptances of a post after its first. */
  twice: number;
  /** Posts accepted before they were due. */
  early: number;
  /** From the due time until every run had done all that follows its post; null when some had not. */
  settledAfter: number | null;
  /** Processor time of each part per post from the due time until all was settled. */
  processorMs: ProcessorTimes;
  /** Transactions that Baton's database committed per post, counted by itself. */
  transactions: number;
}

/** What a storm needs of the world. */
export interface StormGround {
  temporal: Client;
  ledgerFile: string;
  usage(): ProcessorTimes;
  /** Transactions that Baton's database has committed so far. */
  transactions(): Promise<number>;
  signal: AbortSignal;
}

export interface RaisedStorm {
  storm: Storm;
  /** From the first start until every run waited. */
  startMs: number;
  /** The workflow of one of its runs. */
  sample: string;
}

const POLL_MS = 250;
/** Started, first task scheduled, begun and done, timer started: the run waits for its time. */
const EVENTS_OF_A_WAITING_RUN = 5;
/** What is missing counts as lost once nothing has come for so long: all steps of all posts may come first. */
const patienceMs = (posts: number) => 60_000 + posts * 200;

/** The second came while runs were still being started: lateness would be that of the start. */
export class StartedTooLate extends Error {}

/**
 * Starts the runs, waits until each of them waits, lets their second come, and reads from the
 * network's own ledger what became of it.
 *
 * @param options.leadMs from the first start until the posts are due.
 * @throws StartedTooLate
 */
export async function raiseStorm(
  ground: StormGround,
  variant: StormVariant,
  options: { round: number; posts: number; leadMs: number },
): Promise<RaisedStorm> {
  const { signal } = ground;
  const { round, posts, leadMs } = options;
  const ledger = ledgerReader(ground.ledgerFile);
  ledger.newLines();
  const begun = Date.now();
  const due = Math.ceil((begun + leadMs) / 1_000) * 1_000;
  const runs = await variant.start(posts, new Date(due).toISOString());
  await untilWaiting(ground, runs.workflowIds);
  const startMs = Date.now() - begun;
  if (Date.now() > due) {
    throw new StartedTooLate(`${posts} runs took ${startMs} ms to start, not ${leadMs}`);
  }
  await delay(due - Date.now(), undefined, { signal });

  const before = { usage: ground.usage(), transactions: await ground.transactions() };
  const accepted = new Map(runs.markers.map((marker) => [marker, [] as number[]]));
  let missing = posts;
  await untilAll(posts, signal, async () => {
    for (const { marker, at } of ledger.newLines()) {
      if (accepted.get(marker)?.push(Date.parse(at)) === 1) missing -= 1;
    }
    return posts - missing;
  });
  const settledAt = await untilAll(posts - missing, signal, () => runs.settled());
  const after = { usage: ground.usage(), transactions: await ground.transactions() };
  // What is sent twice may come after all is settled.
  for (const { marker, at } of ledger.newLines()) accepted.get(marker)?.push(Date.parse(at));

  const times = [...accepted.values()];
  const firsts = times.flatMap(([first]) => (first === undefined ? [] : [first]));
  const storm: Storm = {
    round,
    variant: variant.key,
    posts,
    lateness: firsts.map((at) => at - due),
    lost: missing,
    twice: times.reduce((sum, { length }) => sum + Math.max(0, length - 1), 0),
    early: firsts.filter((at) => at < due).length,
    settledAfter: settledAt === null ? null : settledAt - due,
    processorMs: perPost(before.usage, after.usage, posts),
    transactions: (after.transactions - before.transactions) / posts,
  };
  return { storm, startMs, sample: runs.workflowIds[0] ?? '' };
}

/** Until every run has its timer started. */
export async function untilWaiting(
  { temporal, signal }: Pick<StormGround, 'temporal' | 'signal'>,
  workflowIds: readonly string[],
): Promise<void> {
  await inLanes(DRIVER_LANES, workflowIds.length, async (index) => {
    const handle = temporal.workflow.getHandle(workflowIds[index] ?? '');
    while ((await handle.describe()).historyLength < EVENTS_OF_A_WAITING_RUN) {
      await delay(POLL_MS, undefined, { signal });
    }
  });
}

/**
 * Waits until `count` tells that all is done, as long as it goes on growing.
 *
 * @returns when it was, by the clock of this process; null when it never was.
 */
async function untilAll(
  all: number,
  signal: AbortSignal,
  count: () => Promise<number>,
): Promise<number | null> {
  let done = -1;
  for (let deadline = 0; done < all; ) {
    const now = await count();
    if (now > done) deadline = Date.now() + patienceMs(all);
    done = now;
    if (done < all && Date.now() > deadline) return null;
    if (done < all) await delay(POLL_MS, undefined, { signal });
  }
  return Date.now();
}

function perPost(before: ProcessorTimes, after: ProcessorTimes, posts: number): ProcessorTimes {
  return Object.fromEntries(
    Object.entries(after).map(([part, ms]) => [part, (ms - (before[part] ?? 0)) / posts]),
  );
}
