import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removePostgresDirectory } from '../../scripts/local/postgres-files.ts';
import {
  type LocalStack,
  type LocalStackOptions,
  startLocalStack,
} from '../../scripts/local/stack.ts';

/** A state directory of one test's own; its name has a space, as a home directory may. */
export type StateDirectory = { path: string; remove(): void };

export function createStateDirectory(): StateDirectory {
  const path = mkdtempSync(join(tmpdir(), 'baton stack-'));
  chmodSync(path, 0o711);
  return {
    path,
    remove() {
      removePostgresDirectory(join(path, 'postgres'));
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A local stack on free ports with a state directory of its own; `dispose` stops and removes both. */
export async function startTestStack(
  options: Omit<LocalStackOptions, 'stateDir'> = {},
): Promise<LocalStack & { dispose(): Promise<void> }> {
  const state = createStateDirectory();
  try {
    const stack = await startLocalStack({
      ports: 'any',
      temporalUi: false,
      quiet: options.report === undefined,
      ...options,
      stateDir: state.path,
    });
    return {
      ...stack,
      async dispose() {
        await stack.stop();
        state.remove();
      },
    };
  } catch (error) {
    state.remove();
    throw error;
  }
}

/** `npm start` as a process of its own. */
export type StackProcess = {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Everything it printed so far. */
  output(): string;
  /** Resolves with the exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>;
};

/** Runs `scripts/local.ts` on a state directory. */
export function spawnStack(stateDir: string): StackProcess {
  const child = spawn(process.execPath, ['scripts/local.ts', '--no-ui', '--state-dir', stateDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  if (child.pid === undefined) throw new Error('scripts/local.ts did not start');
  return {
    process: child,
    pid: child.pid,
    output: () => output,
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

/** Polls until `check` holds. @throws Error with `what()` after `timeoutMs`. */
export async function until(
  check: () => boolean | Promise<boolean>,
  what: () => string,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what()}`);
    await delay(50);
  }
}

/** Pids of all processes below one. */
export function descendantsOf(pid: number): number[] {
  const table = spawnSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    table.flatMap(([child, itsParent]) =>
      child !== undefined && itsParent === parent ? [child, ...below(child)] : [],
    );
  return below(pid);
}

/** Whether a process runs; one that has ended but was not waited for does not. */
export function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  return state.trim() !== '' && !state.trim().startsWith('Z');
}
