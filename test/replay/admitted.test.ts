import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toReview } from '../support/item-story.ts';
import { RECORDED_HISTORIES, readHistory } from '../support/recorded-histories.ts';
import { HEARD, livedIn, replayOf } from '../support/told.ts';

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
  let bundle: { codePath: string };
  let engine: ItemEngine;
  beforeAll(async () => {
    const workflowsPath = join(import.meta.dirname, 'changed', file);
    bundle = { codePath: await buildWorkflowBundle({ workflowsPath, interceptors: HEARD }) };
    engine = await openItemEngine();
  }, 240_000);
  afterAll(() => engine?.close());

  it.each(RECORDED_HISTORIES)('answers and records in %s what was answered', async (name) => {
    const history = readHistory(name);
    expect(await replayOf(bundle, history)).toEqual(livedIn(history));
  });

  it('goes on with an item that it would have refused, without a word', async () => {
    const itemId = await engine.start();
    await toReview(engine, itemId);
    await engine.apply('editor', itemId, 'hold', { reason: 'the news' });
    await engine.apply('strategist', itemId, 'extend', { reason: 'later' });
    await engine.apply('editor', itemId, 'resume', { reason: 'over' });
    await engine.apply('editor', itemId, 'hold', { reason: 'again' });
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const history = await handle.fetchHistory();
    const told = await replayOf(bundle, history);
    expect(told).toEqual(livedIn(history));
    const last = told.answers.at(-1)?.[1] as { answer: object; snapshot: { value: unknown } };
    expect(last.snapshot.value).toBe('on_hold');
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
