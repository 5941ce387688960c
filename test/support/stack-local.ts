import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
export interface StateDirectory {
  path: string;
  remove(): void;
}

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
      environment: embeddedEnvironment(),
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
export interface StackProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Everything it printed so far. */
  output(): string;
  /** Resolves with the exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Our environment without the servers that would replace the embedded ones. */
function embeddedEnvironment(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, TEMPORAL_ADDRESS: _temporal, ...environment } = process.env;
  return environment;
}

/** Runs `scripts/local.ts` on a state directory; `environment` is added to the usual one. */
export function spawnStack(
  stateDir: string,
  environment: Readonly<Record<string, string>> = {},
): StackProcess {
  const child = spawn(process.execPath, ['scripts/local.ts', '--no-ui', '--state-dir', stateDir], {
    env: { ...embeddedEnvironment(), ...environment },
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
  timeoutMs = 120_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what()}`);
    await delay(50);
  }
}

/** Pids of all processes below one. */
export function descendantsOf(pid: number): number[] {
  const table = processTable();
  const below = (parent: number): number[] =>
    table.flatMap((entry) => (entry.parent === parent ? [entry.pid, ...below(entry.pid)] : []));
  return below(pid);
}

/** Whether a process runs; one that has ended but was not waited for does not. */
export function isRunning(pid: number): boolean {
  return processTable().some((entry) => entry.pid === pid && !entry.state.startsWith('Z'));
}

interface ProcessEntry {
  pid: number;
  parent: number;
  state: string;
}

function processTable(): ProcessEntry[] {
  return process.platform === 'linux' ? readProcFiles() : askPs();
}

/** Fields 1, 3 and 4 of proc_pid_stat(5); a slim container has no `ps`. */
function readProcFiles(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return [{ pid: Number(name), parent: Number(parent), state }];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

function askPs(): ProcessEntry[] {
  const { stdout } = spawnSync('ps', ['-e', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = '', parent = '', state = ''] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state };
    });
}
