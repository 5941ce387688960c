import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Demos, openDemos } from '../support/demo-process.ts';
import { until } from '../support/stack-local.ts';

const STORY_MS = 180_000;

let demos: Demos;
beforeAll(() => {
  demos = openDemos();
});
afterAll(() => demos?.dispose());

it(
  'a demo runs again on the same state, keeps running, and others may use its stack',
  async () => {
    const first = demos.start('--exit');
    expect(await first.exited, first.output()).toBe(0);

    const owner = demos.start();
    await until(
      () => owner.output().includes('The story took') || owner.child.exitCode !== null,
      owner.output,
      STORY_MS,
    );
    expect(owner.child.exitCode, owner.output()).toBeNull();
    expect(owner.output()).toMatch(/ledger\.jsonl:[56]\n/);
    const seconds = Number(/The story took (\d+) s/.exec(owner.output())?.[1]);
    // The bound is for a machine that has other work as well.
    expect(seconds).toBeLessThan(60);

    const guest = demos.start('--exit');
    expect(await guest.exited, guest.output()).toBe(0);
    expect(guest.output()).toContain(`The stack of process ${owner.pid} runs on`);
    expect(guest.output()).toMatch(/ledger\.jsonl:(9|10)\n/);
    expect(owner.child.exitCode).toBeNull();

    demos.look(owner);
    owner.child.kill('SIGINT');
    expect(await owner.exited).toBe(0);
    expect(demos.seen().running).toEqual([]);
  },
  3 * STORY_MS,
);
