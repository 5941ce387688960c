import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleForReplay, type ReplayBundle } from '../../scripts/replay/replay.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toReview } from '../support/item-story.ts';
import { replayOfHistory, replaysOf } from '../support/recorded-histories.ts';

/**
 * What was admitted stays admitted: a later release may ask for more, and what an item was allowed
 * under the rules of its day is not asked again. Nor do its clocks change. Three such releases replay what
 * others lived through.
 */
const RELEASES = {
  'with longer reasons and more targets': 'tightened.ts',
  'that allows nothing any more': 'refusing.ts',
  'with other clocks, pauses and sizes': 'other-numbers.ts',
};

describe.each(Object.entries(RELEASES))('a release %s', (_, file) => {
  let bundle: ReplayBundle;
  let engine: ItemEngine;
  beforeAll(async () => {
    bundle = await bundleForReplay({ workflowsPath: join(import.meta.dirname, 'changed', file) });
    engine = await openItemEngine();
  }, 240_000);
  afterAll(() => engine?.close());

  it('answers and records in every recorded life what was answered', async () => {
    const differing = [...(await replaysOf(bundle))].filter(([, found]) => found !== null);
    expect(differing).toEqual([]);
  });

  it('goes on with an item that it would have refused, without a word', async () => {
    const itemId = await engine.start();
    await toReview(engine, itemId);
    await engine.apply('editor', itemId, 'hold', { reason: 'the news' });
    await engine.apply('strategist', itemId, 'extend', { reason: 'later' });
    await engine.apply('editor', itemId, 'resume', { reason: 'over' });
    await engine.apply('editor', itemId, 'hold', { reason: 'again' });
    expect((await engine.context(itemId)).stage).toBe('on_hold');
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    expect(await replayOfHistory(bundle, await handle.fetchHistory())).toBeNull();
  });
});

describe('a command that waits for its run while a stricter release is made', () => {
  it('is judged by that release', async () => {
    const engine = await openItemEngine({
      workflowsPath: join(import.meta.dirname, 'changed', 'tightened.ts'),
    });
    try {
      const itemId = await engine.start();
      const verdict = await engine.verdict('strategist', itemId, 'hold', { reason: 'the news' });
      expect(verdict).toMatchObject({ outcome: 'refused', unmet: [{ code: 'reason_given' }] });
      await engine.apply('strategist', itemId, 'hold', { reason: 'the news changed at noon' });
    } finally {
      await engine.close();
    }
  });
});
