import { setTimeout as delay } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/db/ids.ts';
import {
  addOutboxEvent,
  listWaitingStreams,
  type OutboxRow,
  takeStreams,
} from '../../src/db/outbound/outbox.ts';
import { deleteSubscription, insertSubscription } from '../../src/db/outbound/subscriptions.ts';
import { outbox, webhookSubscriptions } from '../../src/db/schema/index.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { openWakeUps, type WakeUps } from '../../src/db/wake-ups.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import {
  dispatchWaiting,
  type OutboxConsumer,
  startDispatcher,
} from '../../src/telling/dispatcher.ts';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';

let database: OpenTestDb;
let wakeUps: WakeUps;
beforeAll(async () => {
  database = await openTestDb(8);
  wakeUps = openWakeUps(database.programUrl);
});
afterAll(async () => {
  await wakeUps?.close();
  await database?.close();
});

/** Events come so far apart, and those of so long are handed on at once. */
const APART_MS = 15;
const GATHERED_MS = 100;
const log = { warn: () => {} };
const type = 'webhook.test';

function deps(...consumers: OutboxConsumer[]) {
  return { db: database.program, wakeUps, consumers, log };
}

/** Keeps what it is given. */
function listener(refuses: (event: OutboxRow) => boolean = () => false) {
  const heard: OutboxRow[] = [];
  const consumer: OutboxConsumer = {
    name: 'listener',
    async take(_tx, events) {
      if (events.some(refuses)) throw new Error('cannot take this');
      heard.push(...events);
    },
  };
  return { heard, consumer, of: (id: string) => heard.filter((one) => one.workspaceId === id) };
}

async function freshWorkspace(): Promise<string> {
  const { workspaceId } = await makeWorkspace(database.db);
  await drain();
  return workspaceId;
}

/** What the making of a workspace says is not what a test is about. */
async function drain(): Promise<void> {
  while ((await dispatchWaiting(deps())) > 0);
}

function say(workspaceId: string, n: number): Promise<string> {
  return inWorkspace({ workspaceId }, () =>
    addOutboxEvent(database.program, { workspaceId, type, payload: { n } }),
  );
}

describe('the dispatcher', () => {
  it('hands events on in the order of their stream, and the outbox is empty afterwards', async () => {
    const workspaceId = await freshWorkspace();
    const { consumer, of } = listener();
    for (let n = 1; n <= 120; n += 1) await say(workspaceId, n);
    while ((await dispatchWaiting(deps(consumer))) > 0);
    expect(of(workspaceId).map(({ payload }) => payload['n'])).toEqual(
      Array.from({ length: 120 }, (_, index) => index + 1),
    );
    expect(await database.db.select().from(outbox)).toEqual([]);
  });

  it('is woken by an event, long before it looks by itself', async () => {
    const workspaceId = await freshWorkspace();
    const { consumer, of } = listener();
    const dispatcher = startDispatcher(deps(consumer), { sweepMs: 3_600_000 });
    try {
      await say(workspaceId, 1);
      await expect.poll(() => of(workspaceId)).toHaveLength(1);
      await say(workspaceId, 2);
      await expect.poll(() => of(workspaceId)).toHaveLength(2);
    } finally {
      await dispatcher.stop();
    }
  });

  it('hands events on together that come shortly after each other', async () => {
    const workspaceId = await freshWorkspace();
    const { consumer, of } = listener();
    let looks = 0;
    const counting: OutboxConsumer = {
      name: 'counting',
      async take() {
        looks += 1;
      },
    };
    const dispatcher = startDispatcher(deps(consumer, counting), { sweepMs: 3_600_000 });
    try {
      const begun = performance.now();
      for (let n = 1; n <= 20; n += 1) {
        await say(workspaceId, n);
        await delay(APART_MS);
      }
      await expect.poll(() => of(workspaceId)).toHaveLength(20);
      expect(looks).toBeLessThanOrEqual(2 + (performance.now() - begun) / GATHERED_MS);
    } finally {
      await dispatcher.stop();
    }
  });

  it('looks by itself where no wake-up comes', async () => {
    const workspaceId = await freshWorkspace();
    const { consumer, of } = listener();
    const deaf = { next: () => new Promise<void>(() => {}) };
    const dispatcher = startDispatcher({ ...deps(consumer), wakeUps: deaf }, { sweepMs: 20 });
    try {
      await say(workspaceId, 1);
      await expect.poll(() => of(workspaceId)).toHaveLength(1);
    } finally {
      await dispatcher.stop();
    }
  });

  it('keeps what a consumer refuses, and tells every other stream', async () => {
    const [sick, sound] = [await freshWorkspace(), await freshWorkspace()];
    let isSick = true;
    const { consumer, of } = listener((event) => isSick && event.workspaceId === sick);
    await say(sick, 1);
    await say(sound, 1);
    await dispatchWaiting(deps(consumer));
    expect(of(sound)).toHaveLength(1);
    expect(of(sick)).toEqual([]);

    // It waits as a whole: what comes later does not overtake.
    await say(sick, 2);
    const waiting = await listWaitingStreams(database.program, { limit: 10 });
    expect(waiting.map(({ workspaceId }) => workspaceId)).not.toContain(sick);

    isSick = false;
    const dispatcher = startDispatcher(deps(consumer), { sweepMs: 50 });
    await expect
      .poll(() => of(sick).map(({ payload, failures }) => [payload['n'], failures]))
      .toEqual([
        [1, 1],
        [2, 0],
      ]);
    await dispatcher.stop();
  });

  it('holds a stream in one hand, and loses and doubles nothing at four at once', async () => {
    const workspaces = await Promise.all([1, 2, 3].map(freshWorkspace));
    const { consumer, of } = listener();
    const all = [1, 2, 3, 4].map(() => startDispatcher(deps(consumer), { sweepMs: 100 }));
    for (let n = 1; n <= 40; n += 1) for (const id of workspaces) await say(id, n);
    const expected = Array.from({ length: 40 }, (_, index) => index + 1);
    for (const id of workspaces) {
      await expect.poll(() => of(id).map(({ payload }) => payload['n'])).toEqual(expected);
    }
    await Promise.all(all.map((one) => one.stop()));
  });

  it('leaves a stream alone that somebody holds', async () => {
    const workspaceId = await freshWorkspace();
    await say(workspaceId, 1);
    const asked = { workspaceId, streams: [workspaceId], perStream: 10 };
    const take = () =>
      inWorkspace({ workspaceId }, () =>
        inTransaction(database.program, (tx) => takeStreams(tx, asked)),
      );
    await inWorkspace({ workspaceId }, () =>
      inTransaction(database.program, async (tx) => {
        expect(await takeStreams(tx, asked)).toHaveLength(1);
        expect(await take()).toEqual([]);
      }),
    );
    expect(await take()).toHaveLength(1);
    await drain();
  });

  it('sees the streams of every workspace and the events of one', async () => {
    const [own, other] = [await freshWorkspace(), await freshWorkspace()];
    await say(own, 1);
    await say(other, 1);
    const listed = await listWaitingStreams(database.program, { limit: 10 });
    expect(listed.map(({ stream }) => stream)).toEqual([own, other]);
    const stolen = await inWorkspace({ workspaceId: other }, () =>
      takeStreams(database.program, { workspaceId: own, streams: [own], perStream: 9 }),
    );
    expect(stolen).toEqual([]);
    await drain();
  });

  it('is told every administrative act with the act itself', async () => {
    const { consumer, heard } = listener();
    const { workspaceId } = await makeWorkspace(database.db);
    while ((await dispatchWaiting(deps(consumer))) > 0);
    const acts = heard.filter((event) => event.workspaceId === workspaceId);
    expect(acts.map((act) => act.type)).toContain('administration.recorded');
    expect(acts[0]?.payload).toMatchObject({ actor: 'operator', data: { act: 'workspace.added' } });
  });

  it('is told of subscriptions without their addresses, which the record keeps', async () => {
    const workspaceId = await freshWorkspace();
    const { consumer, of } = listener();
    const address = 'https://example.org/a-secret-path';
    const { id: subscriptionId } = await insertSubscription(database.db, {
      id: newId('webhookSubscription'),
      workspaceId,
      url: address,
      description: 'the desk',
      types: ['*'],
      filter: {},
      issuedBy: null,
      sealedSecret: 'sealed',
    });
    await database.db
      .update(webhookSubscriptions)
      .set({ url: `${address}/moved` })
      .where(eq(webhookSubscriptions.id, subscriptionId));
    await deleteSubscription(database.db, { workspaceId, subscriptionId });
    while ((await dispatchWaiting(deps(consumer))) > 0);
    expect(of(workspaceId).map(({ payload }) => payload['data'])).toMatchObject([
      { act: 'webhook_subscription.added', after: { description: 'the desk' } },
      { act: 'webhook_subscription.changed' },
      { act: 'webhook_subscription.removed' },
    ]);
    expect(JSON.stringify(of(workspaceId))).not.toContain('a-secret-path');
    const { rows } = await database.pool.query<{ record: string }>(
      'select record from administrative_acts where workspace_id = $1 and record like $2',
      [workspaceId, '%a-secret-path%'],
    );
    expect(rows).toHaveLength(3);
  });
});
