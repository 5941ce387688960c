import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

const LEASE_MS = 4_000;

/** As SIGSTOP would: everything in this process stands still, and wakes after the lease. */
function pauseProcess(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_MS + 500);
}

let engine: ItemEngine;
let pauses = 0;
beforeAll(async () => {
  engine = await openItemEngine({
    sendTiming: { leaseMs: LEASE_MS, leaseMarginMs: 500, leasePollMs: 500 },
    // The process stops between its last check and the request, once.
    channels: (real) => ({
      get(id) {
        const channel = real.get(id);
        if (channel === null) return null;
        return {
          ...channel,
          async publish({ signal: _, ...request }) {
            pauses += 1;
            if (pauses === 1) pauseProcess();
            return channel.publish({ ...request, signal: new AbortController().signal });
          },
        };
      },
    }),
  });
});
afterAll(() => engine?.close());

it('a sender that was paused past its lease writes nothing when it wakes; the post goes out once', async () => {
  const itemId = await engine.start();
  await toScheduled(engine, itemId, { slotInMs: 1_000 });
  await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
  expect(pauses).toBe(2);
  expect(engine.posts(itemId)).toHaveLength(1);
  const [intent] = await engine.intents(itemId);
  expect(intent?.log.map(({ what }) => what)).toEqual([
    'lease taken',
    'planned',
    'lease taken',
    'published',
  ]);
});
