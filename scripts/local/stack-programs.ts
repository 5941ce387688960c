import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { findWorkflowBundle } from '../build-workflow-bundle.ts';
import type { ComponentName } from './component.ts';
import { LOOPBACK } from './ports.ts';
import { isAnswering, startProgram, startReadyProgram } from './program.ts';
import { allDone, type StackContext } from './stack-context.ts';

/** Where the programs listen. */
export type ProgramAddresses = { sandboxPort: number; apiPort: number };

/** What the programs run on: their environment and the workflow code of the worker. */
export type ProgramInputs = { environment: NodeJS.ProcessEnv; workflowBundle: string };

/**
 * Starts the sandbox network, then the worker and the API, each as production runs it, and waits
 * until the API sees a worker polling.
 */
export async function supervisePrograms(
  context: StackContext,
  { environment, workflowBundle }: ProgramInputs,
  { sandboxPort, apiPort }: ProgramAddresses,
): Promise<void> {
  const sandboxUrl = `http://${LOOPBACK}:${sandboxPort}`;
  const apiUrl = `http://${LOOPBACK}:${apiPort}`;
  // Two stacks that start in the same second may find the same port free: only one gets it.
  const instance = randomUUID();
  await superviseProgram(context, {
    name: 'sandbox',
    label: 'Sandbox',
    script: 'src/sandbox-network/server.ts',
    environment: {
      ...environment,
      SANDBOX_HOST: LOOPBACK,
      SANDBOX_PORT: String(sandboxPort),
      SANDBOX_DIR: join(context.stateDir, 'sandbox'),
      // A fake network that may be told to fail: what would happen can be tried here.
      SANDBOX_FAULTS: '1',
    },
    address: sandboxUrl,
    isReady: () => isAnswering(`${sandboxUrl}/healthz`),
  });
  let apiFailed = false;
  const api = superviseProgram(context, {
    name: 'api',
    label: 'API',
    script: 'src/api/server.ts',
    environment: {
      ...environment,
      HOST: LOOPBACK,
      PORT: String(apiPort),
      BATON_INSTANCE: instance,
    },
    address: `${apiUrl}  (docs ${apiUrl}/docs)`,
    isReady: () => isAnswering(`${apiUrl}/healthz`, { instance }),
  }).catch((error: unknown) => {
    apiFailed = true;
    throw error;
  });
  const worker = superviseProgram(context, {
    name: 'worker',
    label: 'Worker',
    script: 'worker.ts',
    environment: { ...environment, BATON_WORKFLOW_BUNDLE: workflowBundle },
    address: `task queue ${environment['TASK_QUEUE'] ?? 'baton'}`,
    // Ready is what the API sees polling, because its callers depend on that.
    async isReady() {
      if (apiFailed) throw new Error('The worker waits for an API that did not start');
      return isAnswering(`${apiUrl}/readyz`);
    },
  });
  await allDone([api, worker]);
}

type Program = {
  name: ComponentName;
  label: string;
  script: string;
  environment: NodeJS.ProcessEnv;
  address: string;
  isReady: () => Promise<boolean>;
};

/** Longer than the programs themselves take to finish what they have begun. */
const STOP_GRACE_MS = 45_000;

function superviseProgram(context: StackContext, program: Program): Promise<void> {
  const { label, script, environment } = program;
  const onLine = context.openLog(program.name);
  return context.supervise({
    name: program.name,
    label,
    start: () => startReadyProgram({ name: label, script, environment, onLine }, program.isReady),
    address: () => program.address,
    stop: (child) => child.stop({ graceMs: STOP_GRACE_MS }),
  });
}

/**
 * Builds the workflow bundle if it is not in the cache, in a process of its own: bundling takes all
 * of one core and much memory for a while.
 *
 * @returns the bundle's file
 * @throws Error with what the bundler said.
 */
export async function prepareWorkflowBundle(environment: NodeJS.ProcessEnv): Promise<string> {
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
