import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { plan, toScheduled } from '../support/item-story.ts';

/** A slot so near that it comes by itself. */
const SOON_MS = 1_500;

/** Each outage has a worker and a network of its own, so that they last at the same time. */
async function withEngine(work: (engine: ItemEngine) => Promise<void>): Promise<void> {
  const engine = await openItemEngine();
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}

describe.concurrent('a send', () => {
  it(
    'whose worker is killed in the call is found by look-up: one post',
    () =>
      withEngine(async (engine) => {
        const itemId = await engine.start();
        await toScheduled(engine, itemId, { slotInMs: 6_000 });
        await engine.sandbox.fault({ mode: 'accept_then_hang', marker: engine.marker(itemId) });
        await engine.stopWorker();
        try {
          const worker = await engine.spawnWorker();
          await eventually(() => engine.posts(itemId).length === 1, { what: 'an accepted post' });
          await worker.kill();
        } finally {
          await engine.startWorker();
        }
        const { publications } = await engine.until(
          itemId,
          'measuring',
          ({ stage }) => stage === 'measuring',
          60_000,
        );
        expect(publications).toMatchObject([{ state: 'published' }]);
        expect(publications[0]?.evidence).toContain('found by look-up');
        expect(engine.posts(itemId)).toHaveLength(1);
      }),
    90_000,
  );

  it(
    'that cannot reach its network is tried again, then sends the item back to planning',
    () =>
      withEngine(async (engine) => {
        await engine.sandbox.stop();
        const itemId = await engine.start();
        try {
          await toScheduled(engine, itemId, { slotInMs: SOON_MS });
          const { publications, stageNote } = await engine.until(
            itemId,
            'planning',
            (context) => context.publications.some(({ state }) => state === 'rejected'),
            50_000,
          );
          expect(publications[0]?.evidence).toContain('nothing was sent in 5 attempts');
          expect(stageNote).toContain('rejected');
          const item = await engine.item(itemId);
          expect(item).toMatchObject({ stage: 'scheduling', substage: 'planning' });
        } finally {
          await engine.sandbox.start();
        }
        expect(engine.posts(itemId)).toEqual([]);
        await plan(engine, itemId, { slotInMs: SOON_MS });
        await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring', 20_000);
        expect(engine.posts(itemId)).toHaveLength(1);
      }),
    90_000,
  );
});
