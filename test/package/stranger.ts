import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findPostgresOwner } from '../../scripts/local/postgres-files.ts';

const root = dirname(dirname(import.meta.dirname));

/** Somebody on this machine who has npm and its Node, and nothing of the checkout. */
export interface Stranger {
  /** An empty folder of their own. */
  readonly folder: string;
  start(command: string, args: readonly string[]): RunningCommand;
  remove(): void;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly pid: number;
  output(): string;
  /** Ends it and its group at once, if it still runs. */
  kill(): void;
  /** Resolves with the exit code, null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Who can be tried: we ourselves, and when that is root also a user without rights. */
export const STRANGERS =
  process.getuid?.() === 0 ? (['root', 'nobody'] as const) : (['user'] as const);

export function createStranger(name: (typeof STRANGERS)[number]): Stranger {
  const home = mkdtempSync(join(tmpdir(), 'baton-stranger-'));
  const folder = join(home, 'empty');
  mkdirSync(folder);
  const owner = name === 'nobody' ? findPostgresOwner() : undefined;
  if (owner) for (const path of [home, folder]) chownSync(path, owner.uid, owner.gid);
  const env = owner ? { ...strangeEnvironment(), HOME: home } : strangeEnvironment();
  return {
    folder,
    start: (command, args) => run(command, args, { cwd: folder, env, ...owner }),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** Runs a command in a process group of its own, as a shell does: a Ctrl-C goes to the whole group. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number },
): RunningCommand {
  const child = spawn(command, args, {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} did not start`);
  return {
    process: child,
    pid,
    output: () => output,
    kill() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL');
    },
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

/** Ours without the checkout, without what npm told its script, and without servers to use instead. */
export function strangeEnvironment(): NodeJS.ProcessEnv {
  const { PATH = '' } = process.env;
  const foreign = Object.entries(process.env).filter(
    ([name]) => !/^npm_|^INIT_CWD$|^(DATABASE|TEMPORAL|XDG)_/i.test(name),
  );
  return {
    ...Object.fromEntries(foreign),
    PATH: PATH.split(delimiter)
      .filter((directory) => !directory.includes('node_modules'))
      .join(delimiter),
    npm_config_registry: registry(),
  };
}

/** Another user does not see where our own settings send npm. */
function registry(): string {
  return execFileSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).trim();
}
