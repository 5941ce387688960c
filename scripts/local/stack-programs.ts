import { join } from 'node:path';
import { findWorkflowBundle } from '../build-workflow-bundle.ts';
import type { BoundProcess } from './bound-process.ts';
import { startApiAt, startListening, startSandboxAt } from './listening-programs.ts';
import { isAnswering, startProgram, startReadyProgram } from './program.ts';
import { allDone, type StackContext } from './stack-context.ts';

/** Where the programs listen. */
export interface ProgramAddresses {
  sandboxUrl: string;
  apiUrl: string;
}

/** What the programs run on: their environment and the workflow code of the worker. */
export interface ProgramInputs {
  environment: NodeJS.ProcessEnv;
  workflowBundle: string;
}

/**
 * Starts the sandbox network, then the worker and the API, each as production runs it, and waits
 * until the API sees a worker polling.
 */
export async function supervisePrograms(
  context: StackContext,
  inputs: ProgramInputs,
): Promise<ProgramAddresses> {
  const sandboxUrl = await superviseListener(context, {
    name: 'sandbox',
    label: 'Sandbox',
    startAt: (url, onLine) =>
      startSandboxAt(url, {
        name: 'Sandbox',
        environment: inputs.environment,
        directory: join(context.stateDir, 'sandbox'),
        // A fake network that may be told to fail: what would happen can be tried here.
        faults: true,
        onLine,
      }),
    describe: (url) => url,
  });
  const environment = { ...inputs.environment, SANDBOX_URL: sandboxUrl };
  const api = superviseListener(context, {
    name: 'api',
    label: 'API',
    startAt: (url, onLine) => startApiAt(url, { name: 'API', environment, onLine }),
    describe: (url) => `${url}  (docs ${url}/docs)`,
  });
  const worker = superviseWorker(context, {
    name: 'worker',
    label: 'Worker',
    environment: { ...environment, BATON_WORKFLOW_BUNDLE: inputs.workflowBundle },
    address: `task queue ${inputs.environment['TASK_QUEUE'] ?? 'baton'}`,
    // Ready is what the API sees polling, because its callers depend on that.
    async isReady() {
      const apiUrl = await api.catch((cause: unknown) => {
        throw new Error('The worker waits for an API that did not start', { cause });
      });
      return isAnswering(`${apiUrl}/readyz`);
    },
  });
  await allDone([api, worker]);
  return { sandboxUrl, apiUrl: await api };
}

interface Listener {
  name: 'sandbox' | 'api';
  label: string;
  startAt: (url: string, onLine: (line: string) => void) => Promise<BoundProcess>;
  describe: (url: string) => string;
}

/** Keeps a program running at the address that its first start found, and returns that. */
async function superviseListener(context: StackContext, listener: Listener): Promise<string> {
  const onLine = context.openLog(listener.name);
  const startAt = (url: string) => listener.startAt(url, onLine);
  const first = await startListening(context.ports[listener.name], startAt);
  await context.supervise({
    name: listener.name,
    label: listener.label,
    start: async ({ again }) => (again ? startAt(first.url) : first.process),
    address: () => listener.describe(first.url),
    stop: (child) => child.stop({ graceMs: STOP_GRACE_MS }),
  });
  return first.url;
}

/** Keeps a worker running; it counts as started once `isReady`, or once it is of its build. */
export async function superviseWorker(
  context: StackContext,
  worker: {
    name: 'worker' | 'earlier-worker';
    label: string;
    environment: NodeJS.ProcessEnv;
    address: string;
    isReady?: () => Promise<boolean>;
  },
): Promise<void> {
  const write = context.openLog(worker.name);
  await context.supervise({
    name: worker.name,
    label: worker.label,
    start() {
      let isAnnounced = false;
      const program = {
        name: worker.label,
        script: 'worker.ts',
        environment: worker.environment,
        onLine(line: string) {
          isAnnounced ||= line.includes('build announced');
          write(line);
        },
      };
      return startReadyProgram(program, worker.isReady ?? (async () => isAnnounced));
    },
    address: () => worker.address,
    stop: (child) => child.stop({ graceMs: STOP_GRACE_MS }),
  });
}

/** Longer than the programs themselves take to finish what they have begun. */
const STOP_GRACE_MS = 45_000;

/**
 * Builds the workflow bundle if none is named or in the cache, in a process of its own: bundling takes all
 * of one core and much memory for a while.
 *
 * @returns the bundle's file
 * @throws Error with what the bundler said.
 */
export async function prepareWorkflowBundle(environment: NodeJS.ProcessEnv): Promise<string> {
  const named = environment['BATON_WORKFLOW_BUNDLE'];
  if (named) return named;
  const cached = findWorkflowBundle();
  if (cached) return cached;
  const bundler = await startProgram({
    name: 'Workflow bundle',
    script: 'scripts/build-workflow-bundle.ts',
    environment,
  });
  const exit = await bundler.exited;
  // Its last line names the file.
  const file = bundler.tail().split('\n').at(-1);
  if (exit.code !== 0 || !file) throw new Error(`The workflows do not bundle:\n${bundler.tail()}`);
  return file;
}
