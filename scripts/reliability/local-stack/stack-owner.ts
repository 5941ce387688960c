import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createStateDirectory,
  descendantsOf,
  isRunning,
  type StackProcess,
  spawnStack,
} from '../../../test/support/stack-local.ts';
import { Credentials } from '../../local/first-workspace.ts';
import { within } from '../time.ts';

const READY_MS = 180_000;
/** The kernel ends orphans at once; a machine with much else to do takes its time. */
const ORPHAN_MS = 60_000;
const REFUSED_MS = 120_000;

/** A state directory, and whoever starts a local stack on it. */
export interface StackOwner {
  start(): Promise<void>;
  credentials(): Credentials;
  /** Kills the supervisor. @returns the processes of its stack that stay; they are ended, too. */
  killSupervisor(): Promise<number[]>;
  /** A further start. @returns what is wrong with its refusal, or null. */
  startAnother(): Promise<string | null>;
  close(): Promise<void>;
}

export function ownState(environment: Readonly<Record<string, string>>): StackOwner {
  const state = createStateDirectory();
  /** Every process that was seen, with when it began. */
  const below = new Map<number, string>();
  const started = new Set<StackProcess>();
  let owner: StackProcess | null = null;
  function spawn(): StackProcess {
    const stack = spawnStack(state.path, environment);
    started.add(stack);
    void stack.exited.then(() => started.delete(stack));
    return stack;
  }
  function note(stack: StackProcess): number[] {
    const pids = descendantsOf(stack.pid);
    for (const pid of pids) below.set(pid, beginOf(pid));
    return pids;
  }
  async function end(stack: StackProcess): Promise<void> {
    note(stack);
    stack.process.kill('SIGKILL');
    await stack.exited;
  }
  return {
    async start() {
      const stack = spawn();
      const isReady = await within(READY_MS, async () => {
        if (stack.process.exitCode !== null) throw new Error(`it ended:\n${stack.output()}`);
        return stack.output().includes('Baton is ready') ? true : null;
      });
      if (isReady === null) throw new Error(`the stack was not ready:\n${stack.output()}`);
      owner = stack;
    },
    credentials() {
      const text = readFileSync(join(state.path, 'credentials.json'), 'utf8');
      return Credentials.parse(JSON.parse(text));
    },
    async killSupervisor() {
      if (owner === null) throw new Error('nobody owns the state');
      const pids = note(owner);
      owner.process.kill('SIGKILL');
      // Its `exited` waits for pipes that orphans would hold open.
      await within(ORPHAN_MS, async () => (pids.some(isRunning) ? null : true));
      const orphans = pids.filter(isRunning);
      for (const pid of orphans) endProcess(pid, below.get(pid));
      await owner.exited;
      owner = null;
      return orphans;
    },
    async startAnother() {
      if (owner === null) throw new Error('nobody owns the state');
      const other = spawn();
      const code = await Promise.race([
        other.exited,
        delay(REFUSED_MS, 'late' as const, { ref: false }),
      ]);
      await end(other);
      if (code !== 1) return `a further start was not refused: ${code}`;
      return other.output().includes(`process ${owner.pid} owns it`)
        ? null
        : `a further start did not name process ${owner.pid}: ${other.output().slice(-300)}`;
    },
    async close() {
      for (const stack of started) note(stack);
      for (const { process } of started) process.kill('SIGKILL');
      for (const [pid, begin] of below) endProcess(pid, begin);
      state.remove();
    },
  };
}

/** One of ours that is still there; its number may be somebody else's by now. */
function endProcess(pid: number, begin: string | undefined): void {
  if (begin === undefined || begin === '' || beginOf(pid) !== begin) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/** When a process began, in ticks since the machine's start (proc(5)); empty when it is gone. */
function beginOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name that may hold spaces; the 22nd is the start.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
