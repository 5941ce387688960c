import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createStateDirectory,
  descendantsOf,
  isRunning,
  type StackProcess,
  spawnStack,
  until,
} from '../support/stack-local.ts';

/** Each test takes over the stack that the one before left running: a start costs as much as a small test file. */
describe('npm start as a process', () => {
  const state = createStateDirectory();
  const unborn = createStateDirectory();
  const started: StackProcess[] = [];
  let running: StackProcess | null = null;

  afterAll(async () => {
    for (const stack of started) {
      stack.process.kill('SIGKILL');
      await stack.exited;
    }
    state.remove();
    unborn.remove();
  });

  function spawn(stateDir: string, environment?: Record<string, string>): StackProcess {
    const stack = spawnStack(stateDir, environment);
    started.push(stack);
    return stack;
  }
  async function ready(environment?: Record<string, string>): Promise<StackProcess> {
    if (running !== null) return running;
    const stack = spawn(state.path, environment);
    await until(() => {
      if (stack.process.exitCode !== null) throw new Error(`it ended:\n${stack.output()}`);
      return stack.output().includes('Baton is ready');
    }, stack.output);
    running = stack;
    return stack;
  }
  function workspaceId(): string {
    const file = join(state.path, 'credentials.json');
    return z.object({ workspaceId: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8')))
      .workspaceId;
  }
  async function killWith(stack: StackProcess, pids: readonly number[]): Promise<void> {
    running = null;
    stack.process.kill('SIGKILL');
    await stack.exited;
    await until(
      () => pids.filter(isRunning).length === 0,
      () => `still running: ${pids.filter(isRunning).join(', ')}`,
      10_000,
    );
  }

  it('refuses every further start with the pid of the owner', async () => {
    const owner = await ready();
    const others = Array.from({ length: 4 }, () => spawn(state.path));
    for (const other of others) {
      expect(await other.exited).toBe(1);
      expect(other.output()).toContain(`process ${owner.pid} owns it`);
    }
    expect(owner.process.exitCode).toBeNull();
  });

  it('leaves no process behind after kill -9, and starts again on the same state', async () => {
    const first = await ready();
    const pids = descendantsOf(first.pid);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    const workspace = workspaceId();
    await killWith(first, pids);

    const second = await ready();
    expect(second.pid).not.toBe(first.pid);
    expect(workspaceId()).toBe(workspace);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops in order on %s', async (signal) => {
    const stack = await ready();
    const pids = descendantsOf(stack.pid);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    running = null;
    stack.process.kill(signal);
    expect(await stack.exited).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(stack.output()).toContain('Stopped. Everything is kept for the next start.');
    const log = readFileSync(join(state.path, 'logs', 'postgres.log'), 'utf8');
    expect(log.trimEnd().split('\n').at(-1)).toContain('database system is shut down');
  });

  it('leaves no process behind either where the kernel sends no signal to orphans', async () => {
    // Without a PATH there is no setpriv, as on macOS: guardian processes do its work.
    const stack = await ready({ PATH: '' });
    const pids = descendantsOf(stack.pid);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    await killWith(stack, pids);
  });

  it('leaves no process behind when it is killed while it starts', async () => {
    const stack = spawn(unborn.path);
    await until(() => descendantsOf(stack.pid).length > 0, stack.output);
    await killWith(stack, descendantsOf(stack.pid));
  });
});
