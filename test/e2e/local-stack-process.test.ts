import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createStateDirectory,
  descendantsOf,
  isRunning,
  type StackProcess,
  type StateDirectory,
  spawnStack,
  until,
} from '../support/stack-local.ts';

describe('npm start as a process', () => {
  let state: StateDirectory;
  const started: StackProcess[] = [];

  beforeEach(() => {
    state = createStateDirectory();
  });
  afterEach(async () => {
    for (const stack of started.splice(0)) {
      stack.process.kill('SIGKILL');
      await stack.exited;
    }
    state.remove();
  });

  async function startReady(environment?: Record<string, string>): Promise<StackProcess> {
    const stack = spawnStack(state.path, environment);
    started.push(stack);
    await until(() => {
      if (stack.process.exitCode !== null) throw new Error(`it ended:\n${stack.output()}`);
      return stack.output().includes('Baton is ready');
    }, stack.output);
    return stack;
  }
  function workspaceId(): string {
    const file = join(state.path, 'credentials.json');
    return z.object({ workspaceId: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8')))
      .workspaceId;
  }

  it('refuses every further start with the pid of the owner', async () => {
    const owner = await startReady();
    const others = Array.from({ length: 4 }, () => spawnStack(state.path));
    started.push(...others);
    for (const other of others) {
      expect(await other.exited).toBe(1);
      expect(other.output()).toContain(`process ${owner.pid} owns it`);
    }
    expect(owner.process.exitCode).toBeNull();
  });

  it('leaves no process behind after kill -9, and starts again on the same state', async () => {
    const first = await startReady();
    const pids = descendantsOf(first.pid);
    expect(pids.length).toBeGreaterThanOrEqual(5);
    const workspace = workspaceId();

    first.process.kill('SIGKILL');
    await first.exited;
    await until(
      () => pids.filter(isRunning).length === 0,
      () => `still running: ${pids.filter(isRunning).join(', ')}`,
      10_000,
    );

    await startReady();
    expect(workspaceId()).toBe(workspace);
  });

  it('leaves no process behind either where the kernel sends no signal to orphans', async () => {
    // Without a PATH there is no setpriv, as on macOS: guardian processes do its work.
    const stack = await startReady({ PATH: '' });
    const pids = descendantsOf(stack.pid);
    stack.process.kill('SIGKILL');
    await stack.exited;
    await until(
      () => pids.filter(isRunning).length === 0,
      () => `still running: ${pids.filter(isRunning).join(', ')}`,
      10_000,
    );
  });

  it('leaves no process behind when it is killed while it starts', async () => {
    const stack = spawnStack(state.path);
    started.push(stack);
    await until(() => descendantsOf(stack.pid).length > 0, stack.output);
    const pids = descendantsOf(stack.pid);
    stack.process.kill('SIGKILL');
    await stack.exited;
    await until(
      () => pids.filter(isRunning).length === 0,
      () => `still running: ${pids.filter(isRunning).join(', ')}`,
      10_000,
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops in order on %s', async (signal) => {
    const stack = await startReady();
    const pids = descendantsOf(stack.pid);
    stack.process.kill(signal);
    expect(await stack.exited).toBe(0);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(stack.output()).toContain('Stopped. Everything is kept for the next start.');
    const log = readFileSync(join(state.path, 'logs', 'postgres.log'), 'utf8');
    expect(log).toContain('database system is shut down');
  });
});
