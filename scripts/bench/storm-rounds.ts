import { Client, Connection } from '@temporalio/client';
import type { Database } from '../../src/db/client.ts';
import type { BenchStack } from './bench-stack.ts';
import { type EngineWork, engineWorkOf } from './engine-work.ts';
import { processorTimesOf, readCast } from './run.ts';
import { scheduledItemMaker } from './scheduled-items.ts';
import { raiseStorm, type Storm, type StormGround } from './storm.ts';
import { addAccounts, openDriverDatabase } from './storm-ground.ts';
import { postsPerSecond } from './storm-results.ts';
import { bareStorm, batonStorm, type StormKey, type StormVariant } from './storm-variants.ts';

export interface StormOptions {
  rounds: number;
  posts: number;
  accounts: number;
  signal: AbortSignal;
  progress(line: string): void;
}

export interface StormSeries {
  storms: Storm[];
  /** What the engine does for one post, by the histories of a sample. */
  engineWork: Record<StormKey, EngineWork>;
}

const NO_WORK: EngineWork = { workflowTasks: 0, activities: 0, runs: 0, events: 0 };
/** Enough for the just-in-time compilers and the caches of every program. */
const WARM_UP_POSTS = 60;
/** The first runs of a program are slow to start. */
const FIRST_LEAD_MS = 20_000;

/** Raises the storms of every round, both variants in turn, on one stack. */
export async function runStorms(stack: BenchStack, options: StormOptions): Promise<StormSeries> {
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const temporal = new Client({ connection });
  const database = openDriverDatabase(stack.databaseUrl, 8);
  try {
    const { cast } = await readCast(stack);
    const accounts = await addAccounts(database, cast.workspaceId, options.accounts);
    const variants = [
      bareStorm(temporal, accounts),
      batonStorm(temporal, database, accounts, scheduledItemMaker(cast)),
    ];
    const ground: StormGround = {
      temporal,
      ledgerFile: stack.sandbox.ledgerFile,
      usage: () => processorTimesOf(stack),
      transactions: () => committedTransactions(database),
      signal: options.signal,
    };
    return await raiseAll(ground, variants, options);
  } finally {
    await database.close();
    await connection.close();
  }
}

async function raiseAll(
  ground: StormGround,
  variants: readonly StormVariant[],
  { rounds, posts, progress }: StormOptions,
): Promise<StormSeries> {
  /** From the first start until all runs wait, per post, as last seen. */
  const startMsPerPost = new Map<StormKey, number>();
  async function raise(variant: StormVariant, round: number, count: number) {
    const perPost = startMsPerPost.get(variant.key);
    // More than it took last: another program may want the processor now.
    const leadMs = perPost === undefined ? FIRST_LEAD_MS : 4_000 + 2.2 * perPost * count;
    const raised = await raiseStorm(ground, variant, { round, posts: count, leadMs });
    startMsPerPost.set(variant.key, raised.startMs / count);
    return raised;
  }
  const engineWork = { bare: NO_WORK, baton: NO_WORK };
  for (const variant of variants) {
    const { sample } = await raise(variant, 0, Math.min(posts, WARM_UP_POSTS));
    engineWork[variant.key] = await engineWorkOf(ground.temporal, sample);
  }
  progress('warm');
  const storms: Storm[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    // Each variant comes first in every second round.
    for (const variant of round % 2 === 1 ? variants : variants.toReversed()) {
      const { storm, startMs } = await raise(variant, round, posts);
      storms.push(storm);
      progress(`round ${round} of ${rounds}: ${variant.key} ${stormFigure(storm, startMs)}`);
    }
  }
  return { storms, engineWork };
}

async function committedTransactions({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    'select xact_commit as count from pg_stat_database where datname = current_database()',
  );
  return Number(rows[0]?.count ?? 0);
}

function stormFigure(storm: Storm, startMs: number): string {
  const rate = `${postsPerSecond(storm).toFixed(1)} posts/s`;
  const start = `${(startMs / 1_000).toFixed(0)} s to start`;
  return [rate, start, ...(storm.lost > 0 ? [`${storm.lost} lost`] : [])].join(', ');
}
