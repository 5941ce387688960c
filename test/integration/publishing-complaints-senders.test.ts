import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { heldServer } from '../support/held-server.ts';
import { type EngineOptions, type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

/** "The same post twice", as far as it needs a sender that is lost: each has an engine of its own. */

const SOON_MS = 1_500;

async function withEngine(
  options: EngineOptions,
  story: (engine: ItemEngine) => Promise<void>,
): Promise<void> {
  const engine = await openItemEngine(options);
  try {
    await story(engine);
  } finally {
    await engine.close();
  }
}

/** The engine ends the attempt that is under way, as it does by itself after its 30 seconds. */
async function giveUpAttempt(engine: ItemEngine, itemId: string): Promise<void> {
  const { temporal } = engine.deps;
  const workflowId = `item:${itemId}`;
  const { raw } = await temporal.workflow.getHandle(workflowId).describe();
  const activityId = raw.pendingActivities?.[0]?.activityId ?? '';
  await temporal.activity.fail({ workflowId, activityId }, new Error('no sign of life'));
}

const isMeasured = ({ stage }: { stage: string }) => stage === 'measuring';
const wordsOf = async (engine: ItemEngine, itemId: string) =>
  (await engine.intents(itemId)).flatMap(({ log }) => log.map(({ what }) => what));

describe.concurrent('the same post twice', () => {
  it('after a crash between accept and record: the post that is out is found, not repeated', async () => {
    await withEngine({}, async (engine) => {
      await engine.stopWorker();
      const worker = await engine.spawnWorker();
      const network = await heldServer();
      try {
        const itemId = await engine.start();
        const marker = engine.marker(itemId);
        await engine.sandbox.hook({ at: 'after-accept', url: network.url, marker });
        await toScheduled(engine, itemId, { slotInMs: SOON_MS });
        await network.arrived;
        await worker.kill();
        network.release();
        await eventually(() => engine.posts(itemId).length === 1);
        expect(await wordsOf(engine, itemId)).toEqual(['lease taken']);
        await giveUpAttempt(engine, itemId);
        await engine.startWorker();
        const { publications } = await engine.until(itemId, 'measuring', isMeasured);
        expect(publications[0]?.evidence).toContain('found by look-up');
        expect(engine.posts(itemId)).toHaveLength(1);
      } finally {
        await network.close();
      }
    });
  });

  it('after a false timeout: a sender given up while still at work comes back late and changes nothing', async () => {
    let calls = 0;
    let comeBack = () => {};
    const late = new Promise<void>((resolve) => {
      comeBack = resolve;
    });
    let isBack = false;
    const options: EngineOptions = {
      sendTiming: { leaseMs: 4_000, leaseMarginMs: 500, settleMs: 200, leasePollMs: 500 },
      channels: (real) => ({
        get(id) {
          const channel = real.get(id);
          if (channel === null) return null;
          return {
            ...channel,
            async publish(request) {
              calls += 1;
              const outcome = await channel.publish(request);
              await late;
              isBack = true;
              return outcome;
            },
          };
        },
      }),
    };
    await withEngine(options, async (engine) => {
      try {
        const itemId = await engine.start();
        await toScheduled(engine, itemId, { slotInMs: SOON_MS });
        await eventually(() => engine.posts(itemId).length === 1);
        await giveUpAttempt(engine, itemId);
        await engine.until(itemId, 'measuring', isMeasured);
        const settled = await engine.intents(itemId);
        const { seq } = await engine.item(itemId);
        comeBack();
        // Ends when the late sender has done whatever it does.
        await engine.stopWorker();
        expect(isBack).toBe(true);
        expect(await engine.intents(itemId)).toEqual(settled);
        expect((await engine.item(itemId)).seq).toBe(seq);
        expect([calls, engine.posts(itemId).length]).toEqual([1, 1]);
      } finally {
        comeBack();
      }
    });
  });
});
