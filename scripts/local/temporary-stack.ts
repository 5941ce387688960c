import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { type BoundProcess, waitUntilReady } from './bound-process.ts';
import { makeFirstWorkspace, type WorkspaceKeys } from './first-workspace.ts';
import { type KeptServer, keepServer } from './kept-server.ts';
import {
  type ListeningProgram,
  startApiAt,
  startListening,
  startSandboxAt,
} from './listening-programs.ts';
import { type LocalPostgres, startPostgres } from './postgres.ts';
import { removePostgresDirectory } from './postgres-files.ts';
import { isAnswering, startProgram } from './program.ts';
import { programEnvironment } from './program-environment.ts';
import { makeProgramLogin } from './program-login.ts';
import { readOrCreateSecret } from './secret-file.ts';
import { prepareWorkflowBundle } from './stack-programs.ts';
import { type LocalTemporal, startTemporal } from './temporal.ts';

/** A program of the checkout, with what it is told beside the environment that all of them share. */
interface OwnProgram {
  name: string;
  script: string;
  environment?: NodeJS.ProcessEnv;
  /** Called with each line that it writes. */
  onLine?: ((line: string) => void) | undefined;
}

/** Servers, a workspace and a sandbox network that exist for one measurement; programs are added to them. */
export interface TemporaryStack {
  readonly directory: string;
  readonly postgres: LocalPostgres;
  readonly temporal: LocalTemporal;
  /** The same two as what can be ended and started again. */
  readonly servers: Readonly<Record<'postgres' | 'temporal', KeptServer>>;
  /** Connection string of Baton's database for its owner. A secret. */
  readonly databaseUrl: string;
  /** The same for the role that the programs use. */
  readonly programDatabaseUrl: string;
  readonly credentials: WorkspaceKeys;
  readonly sandboxUrl: string;
  readonly sandboxDirectory: string;
  readonly sandbox: BoundProcess;
  /** Path of the workflow code that workers run. */
  readonly workflowBundle: string;
  /** Makes one more database on the same server. */
  createDatabase(name: string): Promise<string>;
  /** Runs a program to its end. @throws Error with its last lines when it fails. */
  run(program: OwnProgram & { args: readonly string[] }): Promise<void>;
  /** Starts a program that tells nobody when it is ready. */
  start(program: OwnProgram): Promise<BoundProcess>;
  /** Starts `src/api/server.ts`, at `url` or on a free port, and waits until it is ready. */
  startApi(options?: {
    name?: string;
    url?: string;
    environment?: NodeJS.ProcessEnv;
    onLine?: ((line: string) => void) | undefined;
  }): Promise<ListeningProgram>;
  /** Stops every process, the last started first, and removes the directory. */
  stop(): Promise<void>;
}

export interface TemporaryStackOptions {
  /** First part of the directory's name. */
  prefix: string;
  taskQueue: string;
  postgresSettings?: Readonly<Record<string, string>>;
  sandboxFaults?: boolean;
}

const STOP_GRACE_MS = 45_000;

/**
 * Starts PostgreSQL (durable, as in production), a Temporal server and the sandbox network, and makes a
 * workspace. Nothing of it is kept.
 *
 * @throws Error with the last lines of the part that does not start; the others are stopped again.
 */
export async function startTemporaryStack(options: TemporaryStackOptions): Promise<TemporaryStack> {
  const directory = mkdtempSync(join(tmpdir(), options.prefix));
  const undo: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  async function stop(): Promise<void> {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  }
  try {
    // PostgreSQL runs as another user when we are root, and has to pass through.
    chmodSync(directory, 0o711);
    return await startParts(directory, options, { undo, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  directory: string,
  { taskQueue, postgresSettings = {}, sandboxFaults = false }: TemporaryStackOptions,
  { undo, stop }: { undo: (() => unknown)[]; stop: () => Promise<void> },
): Promise<TemporaryStack> {
  const postgresDirectory = join(directory, 'postgres');
  undo.push(() => removePostgresDirectory(postgresDirectory));
  const postgres = await startPostgres({
    directory: postgresDirectory,
    settings: postgresSettings,
  });
  const keptPostgres = keepServer(postgresDirectory, postgres, () =>
    startPostgres({
      directory: postgresDirectory,
      settings: postgresSettings,
      port: postgres.port,
      exactPort: true,
    }),
  );
  undo.push(() => keptPostgres.stop());
  const temporalDirectory = join(directory, 'temporal');
  const temporal = await startTemporal({ directory: temporalDirectory, uiPort: false });
  const keptTemporal = keepServer(temporalDirectory, temporal, () =>
    startTemporal({
      directory: temporalDirectory,
      port: temporal.port,
      uiPort: false,
      exactPorts: true,
    }),
  );
  undo.push(() => keptTemporal.stop());

  const databaseUrl = await createDatabase(postgres.url, 'baton');
  await migrate(databaseUrl);
  const programDatabaseUrl = await makeProgramLogin(databaseUrl);
  const credentials = await makeFirstWorkspace(databaseUrl);
  const shared: NodeJS.ProcessEnv = {
    ...programEnvironment(ownEnvironment(), {
      databaseUrl: programDatabaseUrl,
      temporalAddress: temporal.address,
      noTemporalProfile: join(directory, 'no-temporal-profile.toml'),
      assetsDirectory: join(directory, 'assets'),
      secretKey: readOrCreateSecret(join(directory, 'secret-key'), {
        bytes: 32,
        encoding: 'base64',
      }),
    }),
    // As in production: no time travel. Few keys send everything, so their limit is out of the way.
    BATON_LOCAL: '0',
    RATE_LIMIT_PER_SECOND: '100000',
    TASK_QUEUE: taskQueue,
  };
  const workflowBundle = await prepareWorkflowBundle(shared);
  const sandboxDirectory = join(directory, 'sandbox');
  const sandbox = await startListening(undefined, (url) =>
    startSandboxAt(url, {
      name: 'Sandbox',
      environment: shared,
      directory: sandboxDirectory,
      faults: sandboxFaults,
    }),
  );
  undo.push(() => sandbox.process.stop({ graceMs: STOP_GRACE_MS }));

  const withShared = ({ name, script, environment = {}, onLine }: OwnProgram) => ({
    name,
    script,
    ...(onLine !== undefined && { onLine }),
    environment: { ...shared, SANDBOX_URL: sandbox.url, ...environment },
  });
  return {
    directory,
    postgres,
    temporal,
    servers: { postgres: keptPostgres, temporal: keptTemporal },
    databaseUrl,
    programDatabaseUrl,
    credentials,
    sandboxDirectory,
    workflowBundle,
    stop,
    sandboxUrl: sandbox.url,
    sandbox: sandbox.process,
    createDatabase: (name) => createDatabase(postgres.url, name),
    async run({ args, ...program }) {
      const started = await startProgram({ ...withShared(program), args });
      const exit = await started.exited;
      if (exit.code !== 0) throw new Error(`${program.name} failed:\n${started.tail()}`);
    },
    async start(program) {
      const started = await startProgram(withShared(program));
      undo.push(() => started.stop({ graceMs: STOP_GRACE_MS }));
      return started;
    },
    async startApi({ name = 'API', url, environment = {}, onLine } = {}) {
      const program = withShared({ name, script: 'src/api/server.ts', environment, onLine });
      const startAt = (address: string) => startApiAt(address, program);
      const api =
        url === undefined
          ? await startListening(undefined, startAt)
          : { url, process: await startAt(url) };
      undo.push(() => api.process.stop({ graceMs: STOP_GRACE_MS }));
      await waitUntilReady(
        api.process,
        name,
        async () => (await isAnswering(`${api.url}/readyz`)) || undefined,
        { timeoutMs: 60_000 },
      );
      return api;
    },
  };
}

/** Ours, without what would change how the programs run. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, LOG_LEVEL: _level, ...environment } = process.env;
  return environment;
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
