import { type ChildProcess, spawn } from 'node:child_process';
import {
  createStateDirectory,
  descendantsOf,
  isRunning,
  type StateDirectory,
  until,
} from './stack-local.ts';

export interface DemoProcess {
  child: ChildProcess;
  pid: number;
  output(): string;
  exited: Promise<number | null>;
}

/** `npm run demo` as a process; its environment names no server of ours. */
export function spawnDemo(stateDir: string, ...args: string[]): DemoProcess {
  const { DATABASE_URL: _database, TEMPORAL_ADDRESS: _temporal, ...environment } = process.env;
  const command = ['scripts/demo.ts', '--no-ui', '--state-dir', stateDir, ...args];
  const child = spawn(process.execPath, command, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  if (child.pid === undefined) throw new Error('scripts/demo.ts did not start');
  return {
    child,
    pid: child.pid,
    output: () => output,
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

/** Demos on one state directory, and every process that was seen below one of them. */
export interface Demos {
  state: StateDirectory;
  start(...args: string[]): DemoProcess;
  /** Notes the processes that run below a demo now. */
  look(demo: DemoProcess): void;
  /** How many were seen, and which of them still run. */
  seen(): { count: number; running: number[] };
  /** Ends what still runs, and removes the state. */
  dispose(): Promise<void>;
}

export function openDemos(): Demos {
  const state = createStateDirectory();
  const started: DemoProcess[] = [];
  const pids = new Set<number>();
  return {
    state,
    start(...args) {
      const demo = spawnDemo(state.path, ...args);
      started.push(demo);
      return demo;
    },
    look(demo) {
      for (const pid of descendantsOf(demo.pid)) pids.add(pid);
    },
    seen: () => ({ count: pids.size, running: [...pids].filter(isRunning) }),
    async dispose() {
      for (const demo of started) {
        demo.child.kill('SIGKILL');
        await demo.exited;
      }
      await until(
        () => ![...pids].some(isRunning),
        () => 'a process of the demo is left',
      );
      state.remove();
    },
  };
}
