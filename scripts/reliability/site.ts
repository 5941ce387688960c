import { randomUUID } from 'node:crypto';
import { createDb, type Database } from '../../src/db/client.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { type BoundProcess, waitUntilReady } from '../local/bound-process.ts';
import type { ListeningProgram } from '../local/listening-programs.ts';
import type { TemporaryStack } from '../local/temporary-stack.ts';
import { type Harness, startHarness } from './harness.ts';
import { createPeople, type People } from './people.ts';
import { type Part, replacing } from './replacements.ts';

/** A server that is away, and a busy machine, delay the start of a worker. */
const POLLS_WITHIN_MS = 120_000;

/** Where one line runs: servers that it shares, and programs, task queue and accounts of its own. */
export interface Site {
  readonly stack: TemporaryStack;
  readonly database: Database;
  readonly harness: Harness;
  readonly taskQueue: string;
  /** The first API and the first worker; more may be started. */
  readonly api: ListeningProgram;
  readonly worker: BoundProcess;
  readonly people: People;
  readonly workspaceId: string;
  /** Starts a worker and waits until it polls. */
  startWorker(parts?: readonly Part[], environment?: NodeJS.ProcessEnv): Promise<BoundProcess>;
  startApi(parts?: readonly Part[], url?: string): Promise<ListeningProgram>;
  /** Makes a sandbox account whose network treats keys as the settings say. */
  addAccount(name: string, settings?: Record<string, unknown>): Promise<SandboxAccount>;
  /** Ends every program of the line at once. */
  close(): Promise<void>;
}

export interface SandboxAccount {
  id: string;
  name: string;
}

/**
 * @param options.apiParts, workerParts of the first API and the first worker
 * @param options.environment, onLine what every program of the line is told, and what it writes
 */
export async function openSite(
  stack: TemporaryStack,
  {
    apiParts = [],
    workerParts = [],
    environment: own = {},
    onLine,
  }: {
    apiParts?: readonly Part[];
    workerParts?: readonly Part[];
    environment?: NodeJS.ProcessEnv;
    onLine?: (line: string) => void;
  } = {},
): Promise<Site> {
  const { workspaceId } = stack.credentials;
  const taskQueue = `reliability-${randomUUID()}`;
  const harness = await startHarness();
  const database = createDb(stack.databaseUrl, { max: 4, applicationName: 'baton-reliability' });
  const programs: BoundProcess[] = [];
  function environmentFor(chosen: readonly Part[]): NodeJS.ProcessEnv {
    return {
      ...replacing(chosen, harness.url),
      TASK_QUEUE: taskQueue,
      BATON_WORKFLOW_BUNDLE: stack.workflowBundle,
      ...own,
    };
  }
  async function startApi(chosen: readonly Part[] = [], url?: string): Promise<ListeningProgram> {
    const environment = environmentFor(chosen);
    const api = await stack.startApi({ ...(url !== undefined && { url }), environment, onLine });
    programs.push(api.process);
    return api;
  }
  async function startWorker(
    chosen: readonly Part[] = [],
    its: NodeJS.ProcessEnv = {},
  ): Promise<BoundProcess> {
    const environment = { ...environmentFor(chosen), ...its };
    const worker = await stack.start({ name: 'Worker', script: 'worker.ts', environment, onLine });
    programs.push(worker);
    try {
      const polls = async () => (worker.tail().includes('worker polls') ? true : undefined);
      await waitUntilReady(worker, 'Worker', polls, { timeoutMs: POLLS_WITHIN_MS });
      return worker;
    } catch (error) {
      // One that polls later would be a worker that nobody counts.
      worker.kill();
      throw error;
    }
  }
  async function close(): Promise<void> {
    for (const program of programs) program.kill();
    await Promise.all(programs.map(({ exited }) => exited));
    await database.close();
    await harness.close();
  }
  try {
    // An API is ready only once it sees a worker.
    const [api, worker] = await Promise.all([startApi(apiParts), startWorker(workerParts)]);
    const people = createPeople(stack.credentials, [api.url]);
    return {
      stack,
      database,
      harness,
      taskQueue,
      api,
      worker,
      people,
      workspaceId,
      startWorker,
      startApi,
      close,
      async addAccount(name, settings = {}) {
        const own = `${name} ${randomUUID().slice(0, 8)}`;
        const account = { workspaceId, channel: 'sandbox' as const, zone: 'Europe/Paris' };
        const row = await insertChannelAccount(database.db, { ...account, name: own, settings });
        return { id: row.id, name: row.name };
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
