import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { descendantsOf, isRunning, until } from '../support/stack-local.ts';
import { createStranger, type RunningCommand, STRANGERS, type Stranger } from './stranger.ts';

describe.each(STRANGERS)('the packed packages in an empty folder of %s', (name) => {
  const packed = inject('packed');
  let stranger: Stranger;
  const started: RunningCommand[] = [];

  function start(command: string, ...args: string[]): RunningCommand {
    const running = stranger.start(command, args);
    started.push(running);
    return running;
  }
  async function succeed(command: string, ...args: string[]): Promise<string> {
    const running = start(command, ...args);
    const code = await running.exited;
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${running.output()}`);
    return running.output();
  }

  beforeAll(async () => {
    stranger = createStranger(name);
    // An npm may refuse to run the scripts of packages: Baton needs none.
    const scripts = name === 'nobody' ? ['--ignore-scripts'] : [];
    await succeed(
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      ...scripts,
      packed.baton,
      packed.client,
    );
  });
  afterAll(async () => {
    for (const running of started) {
      running.kill();
      await running.exited;
    }
    stranger?.remove();
  });

  it('tells the story, and ends by itself', async () => {
    const output = await succeed('npx', 'baton', 'demo', '--exit', '--no-ui');
    expect(output).toContain('The story took');
    expect(existsSync(join(stranger.folder, '.baton', 'credentials.json'))).toBe(true);
  });

  it('runs the stack until Ctrl-C, answers its commands meanwhile, and leaves no process', async () => {
    const stack = start('npx', 'baton');
    await until(() => {
      if (stack.process.exitCode !== null) throw new Error(`it ended:\n${stack.output()}`);
      return stack.output().includes('Baton is ready');
    }, stack.output);
    const pids = [stack.pid, ...descendantsOf(stack.pid)];
    expect(pids.length).toBeGreaterThanOrEqual(7);

    expect(await succeed('npx', 'baton', 'items')).toContain('closed');
    // The story put right what it showed to be stuck.
    expect(await succeed('npx', 'baton', 'stuck')).toBe('Nothing is stuck.\n');

    process.kill(-stack.pid, 'SIGINT');
    // npm ends by the signal itself, which a shell calls 130.
    expect([0, 130, null]).toContain(await stack.exited);
    expect(stack.output()).toContain('Stopped. Everything is kept');
    await until(
      () => !pids.some(isRunning),
      () => `still running: ${pids.filter(isRunning).join(', ')}`,
    );
  });

  it('runs under the Node of the machine', async () => {
    const help = await succeed(
      'node',
      join('node_modules', 'baton', 'dist', 'scripts', 'npx.mjs'),
      '--help',
    );
    expect(help).toContain('baton demo');
    expect(help).toContain('start-item');
  });
});
