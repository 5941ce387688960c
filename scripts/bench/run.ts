import { Client, Connection } from '@temporalio/client';
import { Pool } from 'undici';
import { clockFacts } from '../../src/commands/command-facts.ts';
import { createDb } from '../../src/db/client.ts';
import { pageChannelAccounts } from '../../src/db/workspace/channel-accounts.ts';
import { listHolders } from '../../src/db/workspace/members.ts';
import { getWorkspace } from '../../src/db/workspace/workspaces.ts';
import { ROLES, type Role } from '../../src/domain/people/roles.ts';
import { pinPlaybook } from '../../src/domain/playbook/pin.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import type { BenchStack } from './bench-stack.ts';
import { historyEventsOf, measurePublishedItem } from './history.ts';
import { type Block, CONCURRENCIES, measureBlock } from './measure.ts';
import { type ProcessorTimes, processorTimeMs, residentMemoryMib } from './process-usage.ts';
import { type Results, summarise } from './results.ts';
import {
  type Cast,
  engineVariants,
  httpVariant,
  type Variant,
  type VariantKey,
} from './variants.ts';

export interface RunOptions {
  rounds: number;
  /** Items per block at concurrency 1; at 8 there are three times as many. */
  items: number;
  warmUpItems: number;
  progress(line: string): void;
}

/** Runs every block of every round and sums up. */
export async function runRounds(
  stack: BenchStack,
  options: RunOptions,
): Promise<{ results: Results; blocks: Block[]; variants: Variant[] }> {
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const temporal = new Client({ connection });
  const pool = new Pool(stack.apiUrl, { connections: 8, pipelining: 1 });
  try {
    const { cast, channelAccountId } = await readCast(stack);
    const http = httpVariant(pool, cast);
    const variants = [...engineVariants(temporal, cast), http];
    const blocks = await measureAll(variants, stack, options);
    const published = await measurePublishedItem({ temporal, pool, cast, http, channelAccountId });
    const historyEvents = await historyOfSamples(temporal, blocks);
    const results = summarise({ blocks, historyEvents, published, memoryMib: memoryOf(stack) });
    return { results, blocks, variants };
  } finally {
    await pool.close();
    await connection.close();
  }
}

async function measureAll(
  variants: readonly Variant[],
  stack: BenchStack,
  options: RunOptions,
): Promise<Block[]> {
  const usage = () => processorTimesOf(stack);
  const { rounds, items, warmUpItems, progress } = options;
  for (const variant of variants) {
    for (const concurrency of CONCURRENCIES) {
      await measureBlock(variant, { round: 0, concurrency, items: warmUpItems, usage });
    }
  }
  progress('warm');
  const blocks: Block[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const concurrency of CONCURRENCIES) {
      for (const variant of rotated(variants, round + concurrency)) {
        const count = concurrency === 1 ? items : items * 3;
        blocks.push(await measureBlock(variant, { round, concurrency, items: count, usage }));
      }
    }
    progress(`round ${round} of ${rounds}`);
  }
  return blocks;
}

/** Each round begins with another variant, so that none always comes after the same one. */
function rotated<T>(values: readonly T[], by: number): T[] {
  const start = by % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

/** Events of one item per variant after the twelve commands, the same for all items of it. */
async function historyOfSamples(
  temporal: Client,
  blocks: readonly Block[],
): Promise<Record<VariantKey, number>> {
  const events: Record<VariantKey, number> = { a: 0, b: 0, c: 0, d: 0 };
  for (const { variant, sampleItemId } of blocks) {
    events[variant] ||= await historyEventsOf(temporal, sampleItemId);
  }
  return events;
}

/** Processor time of every part so far; empty where the system does not tell. */
export function processorTimesOf({ processes }: BenchStack): ProcessorTimes {
  const { bareWorker, batonWorker, api, temporal, postgres } = processes;
  const { user, system } = process.cpuUsage();
  const workers = [bareWorker, batonWorker].map(({ pid }) => processorTimeMs(pid) ?? 0);
  const times = {
    worker: workers.reduce((sum, ms) => sum + ms, 0),
    API: processorTimeMs(api.pid) ?? 0,
    Temporal: processorTimeMs(temporal.pid) ?? 0,
    PostgreSQL: processorTimeMs(postgres.pid) ?? 0,
    client: (user + system) / 1_000,
  };
  return times.Temporal === 0 ? {} : times;
}

function memoryOf({ processes }: BenchStack): Record<string, number | null> {
  return {
    'bare worker': residentMemoryMib(processes.bareWorker.pid),
    'Baton worker': residentMemoryMib(processes.batonWorker.pid),
    'Baton API': residentMemoryMib(processes.api.pid),
    'Temporal server': residentMemoryMib(processes.temporal.pid),
  };
}

/** The people of the workspace, and the facts that the API looks up for their commands. */
export async function readCast(
  stack: Pick<BenchStack, 'credentials' | 'databaseUrl'>,
): Promise<{ cast: Cast; channelAccountId: string }> {
  const { workspaceId, members } = stack.credentials;
  const database = createDb(stack.databaseUrl, { max: 1 });
  try {
    const workspace = await getWorkspace(database.db, { workspaceId });
    const holders = await listHolders(database.db, { workspaceId });
    const [account] = (await pageChannelAccounts(database.db, { workspaceId })).items;
    if (workspace === null || account === undefined) throw new Error('the workspace is not there');
    const playbook = pinPlaybook(STANDARD_PLAYBOOK);
    const now = new Date().toISOString();
    const clocks = clockFacts({ calendar: workspace.calendar, playbook, now });
    const cast: Cast = {
      workspaceId,
      members: byRole(members),
      facts: { clocks, holders },
      playbook,
    };
    return { cast, channelAccountId: account.id };
  } finally {
    await database.close();
  }
}

function byRole(
  members: readonly { role: Role; memberId: string; key: string }[],
): Cast['members'] {
  const none = { memberId: '', key: '' };
  const entries = ROLES.map((role) => [role, members.find((one) => one.role === role) ?? none]);
  // One entry per role, so the record is whole.
  return Object.fromEntries(entries) as Cast['members'];
}
