import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckpointQuestion } from '../../src/activities/measuring.ts';
import { QUEUE_LIMITS } from '../../src/activities/queue-limits.ts';
import { createAudit } from '../../src/audit/audit.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { queueName } from '../../src/domain/task-queues.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toMeasuring, toScheduled } from '../support/item-story.ts';

/** A post has its slot so soon, and is late by less than this however much hangs elsewhere. */
const SLOT_IN_MS = 4_000;
const LATE_MS = 2_000;
/** A busy machine may make one post late; what hangs would make each of them late. */
const POSTS = 3;

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({
    workflowsPath: join(import.meta.dirname, '..', 'support', 'lone-send-workflows.ts'),
  });
});
afterAll(() => engine?.close());

/** How late the network got the post of a new item, in milliseconds. */
async function lateness(): Promise<number> {
  const itemId = await engine.start();
  const due = Date.parse(await toScheduled(engine, itemId, { slotInMs: SLOT_IN_MS }));
  const [post] = await eventually(() => {
    const posts = engine.posts(itemId);
    return posts.length > 0 && posts;
  });
  return Date.parse(post?.at ?? '') - due;
}

function questionFor(itemId: string): CheckpointQuestion {
  const at = new Date().toISOString();
  return {
    workspaceId: engine.workspace.workspaceId,
    itemId,
    publicationId: 'pub_1',
    channelAccountId: engine.channelAccountId,
    channel: 'sandbox',
    slotNumber: 1,
    remoteId: null,
    checkpoint: '+1d',
    publishedAt: at,
    at,
  };
}

async function scheduled(itemId: string) {
  const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: task }) =>
    task ? [{ name: task.activityType?.name, queue: task.taskQueue?.name, ...task.priority }] : [],
  );
}

describe('the queues of a run', () => {
  it('a send is first, in a queue of its own; each workspace has its share', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    const { temporal, taskQueue } = engine.deps;
    const { workspaceId: fairnessKey } = engine.workspace;
    const tasks = await scheduled(itemId);
    expect(tasks).toContainEqual(
      expect.objectContaining({
        name: 'sendPublication',
        queue: queueName(taskQueue, 'sends'),
        priorityKey: 1,
        fairnessKey,
      }),
    );
    expect(tasks).toContainEqual(
      expect.objectContaining({
        name: 'recordEvents',
        queue: queueName(taskQueue, 'recording'),
        fairnessKey,
      }),
    );
    const { raw } = await temporal.workflow.getHandle(itemWorkflowId(itemId)).describe();
    expect(raw.workflowExecutionInfo?.priority).toMatchObject({ fairnessKey });
  });
});

describe('worker processes of a queue each', () => {
  it('a queue without a worker is found by name; nothing else stops', async () => {
    await engine.stopWorker();
    const others = await engine.spawnWorker({
      BATON_QUEUES: 'items, lookups,measuring,recording,watch,delivery',
    });
    const audit = createAudit(engine.deps);
    const { workspaceId } = engine.workspace;
    const missing = async () => {
      const now = new Date().toISOString();
      const filters = { code: 'no_worker' as const };
      const { items } = await audit.stuck({ workspaceId, now, limit: 200, filters });
      return items.map(({ evidence }) => evidence);
    };
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: 1_000 });
    const sends = queueName(engine.deps.taskQueue, 'sends');
    const found = await eventually(async () => {
      const queues = await missing();
      return queues.length === 1 && queues;
    });
    expect(found).toMatchObject([{ taskQueue: sends, kinds: ['activity'] }]);
    expect(engine.posts(itemId)).toEqual([]);
    const senders = await engine.spawnWorker({ BATON_QUEUES: 'sends' });
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    await eventually(async () => (await missing()).length === 0);
    await senders.kill();
    await others.kill();
  });
});

describe('readings that hang', () => {
  it('in every slot of their queue do not make a post late', async () => {
    await engine.stopWorker();
    await engine.spawnWorker();
    const { temporal, taskQueue, db } = engine.deps;
    const usual = await lateness();
    const itemId = await engine.start();
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    // Whoever reads or stores readings waits until the end of this.
    const lock = inTransaction(db, async (tx) => {
      await tx.execute('set local idle_in_transaction_session_timeout = 0');
      await tx.execute('lock table readings in access exclusive mode');
      locked.resolve();
      await release.promise;
    });
    try {
      await locked.promise;
      const handles = await Promise.all(
        Array.from({ length: 3 * QUEUE_LIMITS.measuring.slots }, () =>
          temporal.workflow.start('loneReading', {
            workflowId: `reading-${randomUUID()}`,
            taskQueue,
            args: [questionFor(itemId)],
          }),
        ),
      );
      await eventually(async () => {
        const { rows } = await db.$client.query(
          "select 1 from pg_stat_activity where application_name = 'baton measuring' and wait_event_type = 'Lock'",
        );
        return rows.length === QUEUE_LIMITS.measuring.connections;
      });
      let latest = Number.POSITIVE_INFINITY;
      for (let count = 0; count < POSTS && latest - usual >= LATE_MS; count += 1) {
        latest = Math.min(latest, await lateness());
      }
      expect(latest - usual).toBeLessThan(LATE_MS);
      await Promise.all(handles.map((handle) => handle.terminate()));
    } finally {
      release.resolve();
      await lock;
    }
  });
});
