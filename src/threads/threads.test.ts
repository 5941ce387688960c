import { describe, expect, it } from 'vitest';
import { hoard, shout, spin } from '../../test/support/thread-jobs.ts';
import { createMemo } from './memo.ts';
import { runInThread, WorkRefused } from './threads.ts';

const of = { workspaceId: 'wsp_threads' };

describe('work in a thread', () => {
  it('answers, and throws what the work throws', async () => {
    expect(await runInThread(shout, 'hey', of)).toBe('HEY!');
    await expect(runInThread(shout, '', of)).rejects.toThrow('nothing to shout');
  });

  it('is given up at its deadline, and the next one is done', async () => {
    const late = runInThread(spin, null, { ...of, doneWithinMs: 50 });
    await expect(late).rejects.toMatchObject({ reason: 'too_long' });
    expect(await runInThread(shout, 'on', of)).toBe('ON!');
  });

  it('is given up when it needs too much memory, and the process lives on', async () => {
    // However busy the machine is: memory ends it, not the deadline.
    const large = runInThread(hoard, null, { ...of, doneWithinMs: 200_000 });
    await expect(large).rejects.toBeInstanceOf(WorkRefused);
    await expect(large).rejects.toMatchObject({ reason: 'too_large' });
    expect(await runInThread(shout, 'on', of)).toBe('ON!');
  });
});

describe('a memo', () => {
  it('computes an answer once for all who ask, and again after a failure', async () => {
    const memo = createMemo<number>({ entries: 2 });
    let computed = 0;
    const compute = async () => {
      computed += 1;
      return computed;
    };
    const answers = await Promise.all([memo.get('a', compute), memo.get('a', compute)]);
    expect([...answers, await memo.get('a', compute)]).toEqual([1, 1, 1]);
    const failing = memo.get('b', () => Promise.reject(new Error('not now')));
    await expect(failing).rejects.toThrow('not now');
    expect(await memo.get('b', compute)).toBe(2);
    await memo.get('c', compute);
    expect(await memo.get('a', compute)).toBe(4);
  });
});
