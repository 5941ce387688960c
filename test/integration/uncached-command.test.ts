import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';

/** Just below where a run continues. */
const LONG_HISTORY = 1_400;
/** A busy machine may be too slow for one of them; a history that is too long is for each. */
const RESTARTS = 4;

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

it('a command to a run that no worker has in its cache is answered, not put off', async () => {
  const itemId = await engine.start();
  const reason = 'an embargo';
  while ((await engine.historyLength(itemId)) < LONG_HISTORY) {
    for (let count = 0; count < 10; count += 1) {
      await engine.apply('strategist', itemId, 'hold', { reason });
      await engine.apply('strategist', itemId, 'resume', { reason });
    }
  }
  const tookMs: number[] = [];
  let outcome = 'pending';
  for (let count = 0; count < RESTARTS && outcome === 'pending'; count += 1) {
    await engine.stopWorker();
    await engine.startWorker();
    const began = performance.now();
    const type = count % 2 === 0 ? 'hold' : 'resume';
    ({ outcome } = await engine.send('strategist', itemId, type, { reason }));
    tookMs.push(Math.round(performance.now() - began));
  }
  expect(outcome, `after ${tookMs.join(', ')} ms`).toBe('applied');
  if (process.env['LOG_LEVEL'] !== undefined) console.log(`uncached: ${tookMs.join(', ')} ms`);
});
