import { describe, expect, it } from 'vitest';
import { insertFreeze, liftFreeze } from '../../src/db/calendar/freezes.ts';
import { listIntents } from '../../src/db/publishing/publish-intents.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { eventually, untilTime } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';
import { orderOf } from '../support/publication-order.ts';

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
  it('whose worker is killed in the call is found by look-up: one post', () =>
    withEngine(async (engine) => {
      await engine.stopWorker();
      const worker = await engine.spawnWorker();
      const itemId = await engine.start();
      await engine.sandbox.fault({ mode: 'accept_then_hang', marker: engine.marker(itemId) });
      await toScheduled(engine, itemId, { slotInMs: SOON_MS });
      await eventually(() => engine.posts(itemId).length === 1, { what: 'an accepted post' });
      await worker.kill();
      await engine.startWorker();
      const { publications } = await engine.until(
        itemId,
        'measuring',
        ({ stage }) => stage === 'measuring',
      );
      expect(publications).toMatchObject([{ state: 'published' }]);
      expect(publications[0]?.evidence).toContain('found by look-up');
      expect(engine.posts(itemId)).toHaveLength(1);
    }));

  it('that cannot reach its network is tried until it can', () =>
    withEngine(async (engine) => {
      await engine.sandbox.stop();
      const itemId = await engine.start();
      try {
        await toScheduled(engine, itemId, { slotInMs: SOON_MS });
        const { workspaceId } = engine.workspace;
        await eventually(
          async () => {
            const [intent] = await listIntents(engine.deps.db, { workspaceId, itemId });
            return intent !== undefined && intent.attempt >= 2;
          },
          { what: 'a second attempt' },
        );
      } finally {
        await engine.sandbox.start();
      }
      await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
      expect(engine.posts(itemId)).toHaveLength(1);
    }));

  it('that cannot reach its network until its time is over is missed, and asks a person', () =>
    withEngine(async (engine) => {
      const { workspaceId } = engine.workspace;
      const playbook = { ...STANDARD_PLAYBOOK, name: 'hasty', slotGraceMinutes: 0.2 };
      await insertPlaybook(engine.deps.db, { workspaceId, playbook });
      await engine.sandbox.stop();
      const itemId = await engine.start({ playbook: 'hasty' });
      try {
        await toScheduled(engine, itemId, { slotInMs: SOON_MS });
        const { publications } = await engine.until(itemId, 'missed', (context) =>
          context.publications.some(({ state }) => state === 'missed'),
        );
        expect(publications[0]?.evidence).toContain('it could be sent until');
        // Its last try may have come too late to find out; those before it did.
        const [intent] = await engine.intents(itemId);
        expect(JSON.stringify(intent?.log)).toContain('unreachable');
      } finally {
        await engine.sandbox.start();
      }
      const { waitingOn } = await engine.item(itemId);
      expect(waitingOn).toMatchObject([{ for: 'resolve_publication' }]);
      expect(engine.posts(itemId)).toEqual([]);
    }));

  it('whose workers were away from its last wait until after its time is missed, and never sent', () =>
    withEngine(async (engine) => {
      const { db } = engine.deps;
      const { workspaceId, memberOf } = engine.workspace;
      const playbook = { ...STANDARD_PLAYBOOK, name: 'hasty', slotGraceMinutes: 0.2 };
      await insertPlaybook(db, { workspaceId, playbook });
      const freeze = {
        workspaceId,
        reason: 'an accident',
        frozenBy: memberOf('social_media_manager'),
      };
      await inTransaction(db, (tx) => insertFreeze(tx, freeze));
      const itemId = await engine.start({ playbook: 'hasty' });
      await toScheduled(engine, itemId, { slotInMs: SOON_MS });
      await engine.until(itemId, 'a send that waits', (context) =>
        context.publications.some(({ state }) => state === 'sending'),
      );
      await engine.stopWorker();
      const { sendUntil } = await orderOf(engine, itemId);
      await liftFreeze(db, {
        workspaceId,
        liftReason: 'over',
        liftedBy: memberOf('social_media_manager'),
      });
      await untilTime(Date.parse(sendUntil) + 1);
      await engine.startWorker();
      await engine.until(itemId, 'missed', (context) =>
        context.publications.some(({ state }) => state === 'missed'),
      );
      expect(engine.posts(itemId)).toEqual([]);
    }));
});
