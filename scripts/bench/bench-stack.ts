import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { BoundProcess } from '../local/bound-process.ts';
import { type Credentials, prepareWorkspace } from '../local/first-workspace.ts';
import { findFreePort, LOOPBACK } from '../local/ports.ts';
import { startPostgres } from '../local/postgres.ts';
import { removePostgresDirectory } from '../local/postgres-files.ts';
import { isAnswering, startProgram, startReadyProgram } from '../local/program.ts';
import { programEnvironment } from '../local/program-environment.ts';
import { readOrCreateSecret } from '../local/secret-file.ts';
import { prepareWorkflowBundle } from '../local/stack-programs.ts';
import { startTemporal } from '../local/temporal.ts';
import { BARE_SCHEMA } from './bare-activities.ts';

/** Task queues of the two workers. */
export const BARE_QUEUE = 'bench-bare';
export const BATON_QUEUE = 'bench-baton';

/** Everything that the benchmark runs against; all of it temporary. */
export type BenchStack = {
  readonly temporalAddress: string;
  /** Connection string of Baton's database. A secret. */
  readonly databaseUrl: string;
  readonly apiUrl: string;
  readonly credentials: Credentials;
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
};

const STOP_GRACE_MS = 45_000;

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
  const directory = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  const undo: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  async function stop(): Promise<void> {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  }
  try {
    // PostgreSQL runs as another user when we are root, and has to pass through.
    chmodSync(directory, 0o711);
    return await startParts(directory, options, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  directory: string,
  options: { statementStatistics: boolean },
  undo: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<BenchStack> {
  const postgresDirectory = join(directory, 'postgres');
  undo.push(() => removePostgresDirectory(postgresDirectory));
  const postgres = await startPostgres({
    directory: postgresDirectory,
    settings: options.statementStatistics ? { shared_preload_libraries: 'pg_stat_statements' } : {},
  });
  undo.push(() => postgres.stop());
  const temporal = await startTemporal({ directory: join(directory, 'temporal'), uiPort: false });
  undo.push(() => temporal.stop());

  const databaseUrl = await createDatabase(postgres.url, 'baton');
  const bareDatabaseUrl = await createDatabase(postgres.url, 'bare');
  await execute(bareDatabaseUrl, BARE_SCHEMA);
  const apiPort = await findFreePort(undefined);
  const apiUrl = `http://${LOOPBACK}:${apiPort}`;
  const credentialsFile = join(directory, 'credentials.json');
  const { credentials } = await prepareWorkspace({ databaseUrl, credentialsFile, apiUrl });

  const sandboxPort = await findFreePort(undefined, new Set([apiPort]));
  const sandboxUrl = `http://${LOOPBACK}:${sandboxPort}`;
  const environment: NodeJS.ProcessEnv = {
    ...programEnvironment(ownEnvironment(), {
      databaseUrl,
      temporalAddress: temporal.address,
      noTemporalProfile: join(directory, 'no-temporal-profile.toml'),
      sandboxUrl,
      assetsDirectory: join(directory, 'assets'),
      secretKey: readOrCreateSecret(join(directory, 'secret-key'), {
        bytes: 32,
        encoding: 'base64',
      }),
    }),
    // As in production: no time travel. Few keys send everything, so their limit is out of the way.
    BATON_LOCAL: '0',
    RATE_LIMIT_PER_SECOND: '100000',
    TASK_QUEUE: BATON_QUEUE,
  };
  async function start(name: string, script: string, own: NodeJS.ProcessEnv, url: string) {
    const program = { name, script, environment: { ...environment, ...own } };
    const started = await startReadyProgram(program, () => isAnswering(url));
    undo.push(() => started.stop({ graceMs: STOP_GRACE_MS }));
    return started;
  }
  async function startWorker(name: string, script: string, own: NodeJS.ProcessEnv) {
    const worker = await startProgram({ name, script, environment: { ...environment, ...own } });
    undo.push(() => worker.stop({ graceMs: STOP_GRACE_MS }));
    return worker;
  }

  const workflowBundle = await prepareWorkflowBundle(environment);
  const bareBundle = join(directory, 'bare-bundle.js');
  await bundleBareWorkflows(environment, bareBundle);
  const sandboxDirectory = join(directory, 'sandbox');
  const sandbox = await start(
    'Sandbox',
    'src/channels/sandbox/server.ts',
    {
      SANDBOX_HOST: LOOPBACK,
      SANDBOX_PORT: String(sandboxPort),
      SANDBOX_DIR: sandboxDirectory,
    },
    `${sandboxUrl}/healthz`,
  );
  const bareWorker = await startWorker('Bare worker', 'scripts/bench/bare-worker.ts', {
    DATABASE_URL: bareDatabaseUrl,
    TASK_QUEUE: BARE_QUEUE,
    BATON_WORKFLOW_BUNDLE: bareBundle,
  });
  const batonWorker = await startWorker('Worker', 'worker.ts', {
    BATON_WORKFLOW_BUNDLE: workflowBundle,
  });
  const server = 'src/api/server.ts';
  const api = await start(
    'API',
    server,
    { HOST: LOOPBACK, PORT: String(apiPort) },
    `${apiUrl}/readyz`,
  );

  return {
    temporalAddress: temporal.address,
    databaseUrl,
    apiUrl,
    credentials,
    sandbox: { url: sandboxUrl, ledgerFile: join(sandboxDirectory, 'ledger.jsonl') },
    processes: {
      bareWorker,
      batonWorker,
      api,
      sandbox,
      temporal: temporal.process,
      postgres: postgres.process,
    },
    async startApi(nodeOptions) {
      const port = await findFreePort(undefined);
      const url = `http://${LOOPBACK}:${port}`;
      const own = { HOST: LOOPBACK, PORT: String(port), NODE_OPTIONS: nodeOptions };
      return { url, process: await start('Profiled API', server, own, `${url}/readyz`) };
    },
    stop,
  };
}

/** Ours, without what would change how the programs run. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, LOG_LEVEL: _level, ...environment } = process.env;
  return environment;
}

async function bundleBareWorkflows(environment: NodeJS.ProcessEnv, file: string): Promise<void> {
  const bundler = await startProgram({
    name: 'Bundle of the bare workflows',
    script: 'scripts/bench/bare-bundle.ts',
    args: [file],
    environment,
  });
  const exit = await bundler.exited;
  if (exit.code !== 0) throw new Error(`The bare workflows do not bundle:\n${bundler.tail()}`);
}

async function createDatabase(adminUrl: string, name: string): Promise<string> {
  await execute(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
