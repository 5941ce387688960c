import { join } from 'node:path';
import { Client } from 'pg';
import type { BoundProcess } from '../local/bound-process.ts';
import type { WorkspaceKeys } from '../local/first-workspace.ts';
import { startTemporaryStack, type TemporaryStack } from '../local/temporary-stack.ts';
import { BARE_SCHEMA } from './bare-activities.ts';

/** Task queues of the two workers. */
export const BARE_QUEUE = 'bench-bare';
export const BATON_QUEUE = 'bench-baton';

/** Everything that the benchmark runs against; all of it temporary. */
export interface BenchStack {
  readonly temporalAddress: string;
  /** Connection string of Baton's database. A secret. */
  readonly databaseUrl: string;
  readonly apiUrl: string;
  readonly credentials: WorkspaceKeys;
  /** The sandbox network, and the file that holds its own evidence of what it accepted. */
  readonly sandbox: { url: string; ledgerFile: string };
  /** Processes whose memory and processor time are reported. */
  readonly processes: {
    bareWorker: BoundProcess;
    batonWorker: BoundProcess;
    api: BoundProcess;
    sandbox: BoundProcess;
    temporal: BoundProcess;
    postgres: BoundProcess;
  };
  /** Starts one more API process on the same data; the caller stops it. */
  startApi(nodeOptions: string): Promise<{ url: string; process: BoundProcess }>;
  /** Stops every process, the last started first, and removes the directory. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL (durable, as in production), a Temporal server, one worker for the bare runs, and
 * the worker, the API and the sandbox network of Baton, each in a process of its own.
 *
 * @param options.statementStatistics loads pg_stat_statements, for a profile.
 * @throws Error with the last lines of the part that does not start; the others are stopped again.
 */
export async function startBenchStack(options: {
  statementStatistics: boolean;
}): Promise<BenchStack> {
  const stack = await startTemporaryStack({
    prefix: 'baton-bench-',
    taskQueue: BATON_QUEUE,
    postgresSettings: options.statementStatistics
      ? { shared_preload_libraries: 'pg_stat_statements' }
      : {},
  });
  try {
    return await startMeasured(stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function startMeasured(stack: TemporaryStack): Promise<BenchStack> {
  const { databaseUrl, credentials, temporal, postgres } = stack;
  const bareDatabaseUrl = await stack.createDatabase('bare');
  await makeBareTable(bareDatabaseUrl);
  const bareBundle = join(stack.directory, 'bare-bundle.js');
  await stack.run({
    name: 'Bundle of the bare workflows',
    script: 'scripts/bench/bare-bundle.ts',
    args: [bareBundle],
  });
  const bareWorker = await stack.start({
    name: 'Bare worker',
    script: 'scripts/bench/bare-worker.ts',
    environment: {
      DATABASE_URL: bareDatabaseUrl,
      TASK_QUEUE: BARE_QUEUE,
      BATON_WORKFLOW_BUNDLE: bareBundle,
    },
  });
  const batonWorker = await stack.start({
    name: 'Worker',
    script: 'worker.ts',
    environment: { BATON_WORKFLOW_BUNDLE: stack.workflowBundle },
  });
  const api = await stack.startApi();
  return {
    temporalAddress: temporal.address,
    databaseUrl,
    credentials,
    apiUrl: api.url,
    sandbox: {
      url: stack.sandboxUrl,
      ledgerFile: join(stack.sandboxDirectory, 'ledger.jsonl'),
    },
    processes: {
      bareWorker,
      batonWorker,
      api: api.process,
      sandbox: stack.sandbox,
      temporal: temporal.process,
      postgres: postgres.process,
    },
    startApi: (nodeOptions) =>
      stack.startApi({ name: 'Profiled API', environment: { NODE_OPTIONS: nodeOptions } }),
    stop: stack.stop,
  };
}

async function makeBareTable(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(BARE_SCHEMA);
  } finally {
    await client.end();
  }
}
