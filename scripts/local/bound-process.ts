import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { PortTakenError } from './ports.ts';

/** What to run, and who reads its output. */
export interface BoundProcessOptions {
  /** Shown in error messages. */
  name: string;
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Run as this user (only possible when we are root). */
  owner?: { uid: number; gid: number } | undefined;
  /** Called for each line the process writes to stdout or stderr. */
  onLine?: ((line: string) => void) | undefined;
}

/** How a process ended: an exit code, or the signal that ended it. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process that cannot outlive this process, not even after `kill -9`. */
export interface BoundProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Null while the process runs. */
  exit(): ProcessExit | null;
  /** The last lines it wrote, for error messages. */
  tail(): string;
  /** Whether it said that somebody else has a port that it wanted. */
  missesPort(): boolean;
  /** Sends `signal`, then SIGKILL when it still runs after `graceMs`; resolves once it is gone. */
  stop(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<ProcessExit>;
  /** Ends it at once, as a crash would. */
  kill(): void;
}

/** As the C library, Node, and Windows say it. */
const PORT_TAKEN = /address already in use|EADDRINUSE|only one usage of each socket address/i;

const TAIL_LINES = 30;
const LAST_LINES_MS = 250;

let deathSignalWrapper: readonly string[] | null | undefined;

/** `setpriv --pdeathsig KILL` where it exists (util-linux); null elsewhere. Asked once per process. */
function findDeathSignalWrapper(): readonly string[] | null {
  if (deathSignalWrapper === undefined) {
    const wrapper = ['setpriv', '--pdeathsig', 'KILL', '--'];
    const works =
      process.platform === 'linux' &&
      spawnSync(wrapper[0] ?? '', [...wrapper.slice(1), 'true'], { stdio: 'ignore' }).status === 0;
    deathSignalWrapper = works ? wrapper : null;
  }
  return deathSignalWrapper;
}

/**
 * Starts a process that ends with us. On Linux the kernel sends it SIGKILL when our main thread
 * ends; elsewhere a guardian process waits for our end of a pipe to close.
 * The process gets its own process group, so a Ctrl-C in the terminal reaches only us and we can
 * stop the parts in order.
 *
 * @throws Error when the command cannot be started.
 */
export async function startBoundProcess(options: BoundProcessOptions): Promise<BoundProcess> {
  const wrapper = findDeathSignalWrapper();
  const [command, args] = wrapper
    ? [wrapper[0] ?? '', [...wrapper.slice(1), options.command, ...options.args]]
    : [options.command, [...options.args]];
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.owner ? { uid: options.owner.uid, gid: options.owner.gid } : {}),
  });
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new Error(`${options.name}: cannot start ${options.command}`, { cause });
  }
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.name}: ${options.command} has no pid`);
  const guardian = wrapper ? null : startGuardian(pid);

  let ended: ProcessExit | null = null;
  let misses = false;
  const lines: string[] = [];
  function readLine(line: string): void {
    misses ||= PORT_TAKEN.test(line);
    lines.push(line);
    if (lines.length > TAIL_LINES) lines.shift();
    options.onLine?.(line);
  }
  readLines(child.stdout, readLine);
  readLines(child.stderr, readLine);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      const exit = { code, signal };
      ended = exit;
      guardian?.kill('SIGKILL');
      // Its last lines come until the streams close; a child of its own may hold them open longer.
      const patience = setTimeout(() => resolve(exit), LAST_LINES_MS);
      child.once('close', () => {
        clearTimeout(patience);
        resolve(exit);
      });
    });
  });

  return {
    name: options.name,
    pid,
    exited,
    exit: () => ended,
    tail: () => lines.join('\n'),
    missesPort: () => misses,
    async stop({ signal = 'SIGTERM', graceMs = 10_000 } = {}) {
      if (ended) return ended;
      child.kill(signal);
      const timer = new AbortController();
      const grace = delay(graceMs, 'timeout' as const, { signal: timer.signal }).catch(() => null);
      if ((await Promise.race([exited, grace])) === 'timeout') child.kill('SIGKILL');
      timer.abort();
      return exited;
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}

/** A process that kills `pid` once our end of its standard input closes, however we end. */
function startGuardian(pid: number): ChildProcess {
  const [command, args] =
    process.platform === 'win32'
      ? [
          process.execPath,
          [
            '-e',
            `process.stdin.resume().on('end', () => { try { process.kill(${pid}, 'SIGKILL') } catch {} })`,
          ],
        ]
      : ['/bin/sh', ['-c', `read -r _; kill -9 ${pid} 2>/dev/null`]];
  const guardian = spawn(command, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guardian.once('error', () => {});
  guardian.unref();
  return guardian;
}

/**
 * Polls `check` until it returns a value other than undefined.
 *
 * @throws Error naming `what` when the process ends first (`PortTakenError` when it missed a port)
 * or `timeoutMs` passes; the message has the last lines the process wrote.
 */
export async function waitUntilReady<T>(
  child: BoundProcess,
  what: string,
  check: () => Promise<T | undefined>,
  { timeoutMs = 30_000, everyMs = 30 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = child.exit() ? undefined : await check();
    // Asked after the check: somebody else may have answered it in the place of our process.
    const exit = child.exit();
    if (exit) {
      await child.exited;
      const message = `${what} ended before it was ready (${describeExit(exit)}):\n${child.tail()}`;
      throw child.missesPort() ? new PortTakenError(message) : new Error(message);
    }
    if (value !== undefined) return value;
    if (Date.now() > deadline) {
      throw new Error(`${what} was not ready after ${timeoutMs} ms:\n${child.tail()}`);
    }
    await delay(everyMs);
  }
}

/** `exit code 1` or `signal SIGKILL`. */
export function describeExit(exit: ProcessExit): string {
  return exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}
