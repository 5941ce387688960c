import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrate } from '../../src/db/migrate.ts';
import { createEngineSetup } from '../baton/engine-setup.ts';
import type { Component, ComponentName } from './component.ts';
import { finishEarlierBuilds } from './earlier-builds.ts';
import { type Credentials, prepareWorkspace } from './first-workspace.ts';
import { claimPidLock } from './pid-lock.mjs';
import { isAnswering } from './program.ts';
import { programEnvironment } from './program-environment.ts';
import { makeProgramLogin } from './program-login.ts';
import { allowReceiver } from './receiver-origin.ts';
import { readOrCreateSecret } from './secret-file.ts';
import { createStackContext, type LocalPorts, type StackContext } from './stack-context.ts';
import { prepareWorkflowBundle, supervisePrograms } from './stack-programs.ts';
import { superviseServices } from './stack-services.ts';

export const DEFAULT_PORTS: LocalPorts = {
  postgres: 54_329,
  temporal: 7233,
  temporalUi: 8233,
  sandbox: 8401,
  api: 8400,
  receiver: 8402,
};

export interface LocalStackOptions {
  /** Holds all state; default `.baton` in the current folder. */
  stateDir?: string;
  /** Preferred ports (a free one is taken when somebody has it); `any` takes free ones at once. */
  ports?: Partial<LocalPorts> | 'any';
  /** Start Temporal's web UI; default true. */
  temporalUi?: boolean;
  /** Say nothing; default false. */
  quiet?: boolean;
  /** Gets one line per component and event; default the terminal. */
  report?: (line: string) => void;
  /** Gets every line that a component writes, with its name in front. */
  onLogLine?: (line: string) => void;
  /**
   * Environment of the programs, and where DATABASE_URL and TEMPORAL_ADDRESS are looked for: each
   * switches off the embedded server that it replaces. Default: our own.
   */
  environment?: NodeJS.ProcessEnv;
}

/** A running local stack. */
export interface LocalStack {
  readonly stateDir: string;
  /** Base address of the API. */
  readonly apiUrl: string;
  /** Connection string of Baton's database for its owner. A secret. */
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Null when the UI was not asked for or Temporal is external. */
  readonly temporalUiUrl: string | null;
  readonly sandboxUrl: string;
  readonly credentials: Credentials;
  readonly credentialsFile: string;
  /** Whether this start made the workspace. */
  readonly workspaceCreated: boolean;
  /** Pids of the components that run now. */
  pids(): Partial<Record<ComponentName, number>>;
  /** How often a component was started again. */
  restarts(name: ComponentName): number;
  /**
   * Ends a component as a crash would (SIGKILL); the supervisor starts it again.
   * @throws Error when the component is not part of this stack (an external server).
   */
  kill(name: ComponentName): void;
  /** Resolves when every component runs and the API says that it is ready. */
  untilReady(options?: { timeoutMs?: number }): Promise<void>;
  /** Stops everything in order. Safe to call twice. */
  stop(): Promise<void>;
}

/** The state directory is in use; nothing was started. */
export class StackInUseError extends Error {
  readonly ownerPid: number;

  constructor(stateDir: string, ownerPid: number) {
    super(
      `The local stack in ${stateDir} is already running: process ${ownerPid} owns it. ` +
        `Use that one, or stop it first (kill ${ownerPid}).`,
    );
    this.name = 'StackInUseError';
    this.ownerPid = ownerPid;
  }
}

/** File in the state directory that says where the sandbox network listens, which may be told to fail. */
export const SANDBOX_ADDRESS_FILE = join('sandbox', 'address');

/**
 * Starts PostgreSQL, Temporal, the sandbox network, the worker and the API, each ready before what
 * needs it, and keeps them running. Nothing survives this process, however it ends.
 *
 * @throws StackInUseError when another process owns the state directory; Error with the component's
 * last lines when one does not start (the others are stopped again).
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const stateDir = resolve(options.stateDir ?? '.baton');
  const release = claimStateDirectory(stateDir);
  const context = createStackContext({
    stateDir,
    ports: options.ports === 'any' ? {} : { ...DEFAULT_PORTS, ...options.ports },
    environment: options.environment ?? process.env,
    report: options.quiet ? () => {} : (options.report ?? console.log),
    onLogLine: options.onLogLine,
  });
  async function stop(): Promise<void> {
    await context.stopAll();
    release();
  }
  try {
    return await startComponents(context, { temporalUi: options.temporalUi ?? true, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startComponents(
  context: StackContext,
  options: { temporalUi: boolean; stop: () => Promise<void> },
): Promise<LocalStack> {
  const { stateDir, components } = context;
  const bundling = prepareWorkflowBundle(context.environment);
  const services = await superviseServices(context, {
    temporalUi: options.temporalUi,
    alongside: bundling,
  });
  await migrate(services.databaseUrl).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The database could not be prepared: ${reason}`, { cause });
  });
  const receiverPort = context.ports.receiver;
  const base = await allowReceiver(context.environment, { stateDir, port: receiverPort });
  const environment = programEnvironment(base, {
    // Who brings a database brings the role that the programs use on it.
    databaseUrl: services.databaseIsEmbedded
      ? await makeProgramLogin(services.databaseUrl)
      : services.databaseUrl,
    temporalAddress: services.temporalAddress,
    noTemporalProfile: services.temporalIsEmbedded
      ? join(stateDir, 'no-temporal-profile.toml')
      : null,
    assetsDirectory: join(stateDir, 'assets'),
    secretKey: readOrCreateSecret(join(stateDir, 'secret-key'), { bytes: 32, encoding: 'base64' }),
  });
  // The embedded server has them from its start.
  if (!services.temporalIsEmbedded) await createEngineSetup(environment).setUp();
  const workflowBundle = await bundling;
  const { sandboxUrl, apiUrl } = await supervisePrograms(context, { environment, workflowBundle });
  await finishEarlierBuilds(context, {
    environment: { ...environment, SANDBOX_URL: sandboxUrl },
    workflowBundle,
  });
  const credentialsFile = join(stateDir, 'credentials.json');
  const { credentials, created } = await prepareWorkspace({
    databaseUrl: services.databaseUrl,
    credentialsFile,
    apiUrl,
  });
  writeFileSync(join(stateDir, SANDBOX_ADDRESS_FILE), `${sandboxUrl}\n`);

  let stopped: Promise<void> | null = null;
  return {
    stateDir,
    apiUrl,
    databaseUrl: services.databaseUrl,
    temporalAddress: services.temporalAddress,
    temporalUiUrl: services.temporalUiUrl,
    sandboxUrl,
    credentials,
    credentialsFile,
    workspaceCreated: created,
    pids: () => collectPids(components),
    restarts: (name) => findComponent(components, name).restarts(),
    kill: (name) => findComponent(components, name).kill(),
    async untilReady({ timeoutMs = 60_000 } = {}) {
      const deadline = Date.now() + timeoutMs;
      const isUp = () => components.every((component) => component.pid() !== null);
      while (!(isUp() && (await isAnswering(`${apiUrl}/readyz`)))) {
        if (Date.now() > deadline) {
          throw new Error(`The local stack was not ready again after ${timeoutMs} ms`);
        }
        await delay(50);
      }
    },
    stop() {
      stopped ??= options.stop();
      return stopped;
    },
  };
}

function claimStateDirectory(stateDir: string): () => void {
  let lock: ReturnType<typeof claimPidLock>;
  try {
    mkdirSync(stateDir, { recursive: true });
    // Others may pass through to what is theirs (PostgreSQL runs as another user), and see nothing.
    chmodSync(stateDir, 0o711);
    lock = claimPidLock(join(stateDir, 'owner.lock'));
  } catch (cause) {
    throw new Error(
      `${stateDir} cannot be used for the state: it belongs to another user or cannot be written. ` +
        'Start as its owner, or name another directory with --state-dir.',
      { cause },
    );
  }
  if (!lock.release) throw new StackInUseError(stateDir, lock.ownerPid);
  return lock.release;
}

function collectPids(components: readonly Component[]): Partial<Record<ComponentName, number>> {
  const pids: Partial<Record<ComponentName, number>> = {};
  for (const component of components) {
    const pid = component.pid();
    if (pid !== null) pids[component.name] = pid;
  }
  return pids;
}

function findComponent(components: readonly Component[], name: ComponentName): Component {
  const component = components.find((candidate) => candidate.name === name);
  if (!component) throw new Error(`${name} is not a process of this stack`);
  return component;
}
