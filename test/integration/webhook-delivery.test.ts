import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import { newWebhookSecret, webhookPurpose } from '../../src/credentials/signing-secrets.ts';
import { newId } from '../../src/db/ids.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import {
  listDeliveries,
  replayDelivery,
  storeDeliveries,
} from '../../src/db/outbound/deliveries.ts';
import { endTurn, listUnattended } from '../../src/db/outbound/delivery-turns.ts';
import {
  changeSubscription,
  deleteSubscription,
  getSubscription,
  insertSubscription,
  rotateSubscriptionSecret,
} from '../../src/db/outbound/subscriptions.ts';
import { outboundEvents, outbox, webhookDeliveries } from '../../src/db/schema/index.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { insertWebhookEndpoint } from '../../src/db/workspace/webhook-endpoints.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { SubscriptionKey } from '../../src/domain/outbound/delivery.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { deliverDue } from '../../src/telling/deliver-due.ts';
import { dispatchWaiting } from '../../src/telling/dispatcher.ts';
import { webhookEvents } from '../../src/telling/webhook-events.ts';
import {
  firstRow,
  makeChain,
  makeItem,
  makeWorkspace,
  type OpenTestDb,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const keyOfBox = { id: 'testtest', bytes: randomBytes(32) };
const secrets = createSecretBox({ current: keyOfBox, all: [keyOfBox] });
const wakeUps = { next: () => new Promise<void>(() => {}) };

let database: OpenTestDb;
let workspace: TestWorkspace;
const receivers: WebhookReceiver[] = [];
let logged: object[] = [];
beforeAll(async () => {
  database = await openTestDb(8);
  workspace = await makeWorkspace(database.db);
  await dispatch();
});
afterEach(async () => {
  logged = [];
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  await database.pool.query('delete from webhook_subscriptions');
  await dispatch();
});
afterAll(() => database?.close());

/** Everything that waits, as the dispatcher does it. */
async function dispatch(): Promise<SubscriptionKey[]> {
  const started: SubscriptionKey[] = [];
  const settings = { publicUrl: 'https://baton.example' };
  const webhooks = webhookEvents(database.program, async (key) => void started.push(key), settings);
  const deps = {
    db: database.program,
    wakeUps,
    consumers: [webhooks],
    log: { warn: (fields: object) => console.error(fields) },
  };
  while ((await dispatchWaiting(deps)) > 0);
  return started;
}

async function subscribe(types = ['webhook.test']) {
  const receiver = await startWebhookReceiver();
  receivers.push(receiver);
  const { workspaceId } = workspace;
  const id = newId('webhookSubscription');
  const secret = newWebhookSecret();
  receiver.trust(secret);
  await insertSubscription(database.db, {
    id,
    workspaceId,
    url: `${receiver.url}/hook`,
    description: '',
    types,
    filter: {},
    issuedBy: null,
    sealedSecret: secrets.seal(secret, webhookPurpose(id)),
  });
  await dispatch();
  return { receiver, secret, key: { workspaceId, subscriptionId: id } };
}

/** One event of a stream. */
async function say(stream: string, n: number): Promise<string> {
  const id = newId('event');
  const { workspaceId } = workspace;
  const payload = { data: { n } };
  await database.db
    .insert(outbox)
    .values({ id, workspaceId, stream, type: 'webhook.test', payload });
  return id;
}

const deliver = (key: SubscriptionKey) =>
  inWorkspace(key, () =>
    deliverDue(
      {
        db: database.program,
        http: createHttpClient({ allowedOrigins: receivers.map(({ url }) => url) }),
        secrets,
        wakeUps,
        lingerMs: 0,
        log: { warn: (fields, message) => void logged.push({ ...fields, message }) },
      },
      key,
    ),
  );

/** In the order of their events. */
const deliveriesOf = async (key: SubscriptionKey) => {
  const { items } = await listDeliveries(database.db, { ...key, limit: 200 });
  return items.sort((one, other) => one.position - other.position);
};

/** As if the time of the next attempts had come. */
const hurry = () =>
  database.pool.query(
    'update webhook_deliveries set next_attempt_at = now() where next_attempt_at is not null',
  );

const numbersOf = ({ received }: WebhookReceiver) => received.map(({ body }) => body.data.n);

describe('a delivery', () => {
  it('carries the event, signed, under its id, and keeps what was answered', async () => {
    const { receiver, key } = await subscribe();
    receiver.answer((response) => response.writeHead(200).end('x'.repeat(5_000)));
    const id = await say('a', 1);
    expect(await dispatch()).toEqual([key]);
    expect(await deliver(key)).toBeNull();
    expect(receiver.forged).toEqual([]);
    const { workspaceId } = workspace;
    expect(receiver.received).toMatchObject([
      { id, body: { type: 'webhook.test', data: { workspaceId, eventId: id, n: 1 } } },
    ]);
    const [delivery] = await deliveriesOf(key);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1, nextAttemptAt: null });
    expect(delivery?.log).toMatchObject([{ status: 200, answer: 'x'.repeat(2_048) }]);
  });

  it('waits after a failure with all that follows in its stream; other streams go on', async () => {
    const { receiver, key } = await subscribe();
    receiver.answer((response, { body }) =>
      response.writeHead(body.data.n === 1 ? 500 : 204).end(),
    );
    await say('a', 1);
    await say('a', 2);
    await say('b', 3);
    await say('b', 4);
    await dispatch();
    const waitMs = await deliver(key);
    expect(numbersOf(receiver).sort()).toEqual([1, 3, 4]);
    expect(waitMs).toBeGreaterThan(3_000);
    expect(waitMs).toBeLessThan(5_600);
    expect((await deliveriesOf(key)).map(({ state }) => state)).toEqual([
      'failed',
      'pending',
      'delivered',
      'delivered',
    ]);

    receiver.answer(null);
    await hurry();
    expect(await deliver(key)).toBeNull();
    const ofA = receiver.received.filter(({ body }) => [1, 2].includes(body.data.n));
    expect(ofA.map(({ body }) => body.data.n)).toEqual([1, 1, 2]);
    // The same event, the same id, the same bytes.
    expect(ofA[1]?.id).toBe(ofA[0]?.id);
    expect(ofA[1]?.raw).toBe(ofA[0]?.raw);
  });

  it('is exhausted after ten attempts: the owner is told, and it can be replayed', async () => {
    const { receiver, key } = await subscribe();
    const owner = await subscribe(['webhook.delivery_exhausted']);
    receiver.answer((response) => response.writeHead(503).end());
    const id = await say('a', 1);
    const next = await say('a', 2);
    await dispatch();
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await hurry();
      expect(receiver.received).toHaveLength(attempt - 1);
      // The one behind it goes on when it is given up.
      if (attempt === 10)
        receiver.answer((response, one) => response.writeHead(one.id === id ? 503 : 204).end());
      await deliver(key);
    }
    const [first, second] = await deliveriesOf(key);
    expect(first).toMatchObject({ state: 'exhausted', attempts: 10, nextAttemptAt: null });
    expect(first?.exhaustedAt).not.toBeNull();
    expect(first?.log).toHaveLength(10);
    expect(second).toMatchObject({ state: 'delivered', eventId: next });

    await dispatch();
    await deliver(owner.key);
    expect(owner.receiver.received).toMatchObject([
      {
        body: {
          type: 'webhook.delivery_exhausted',
          data: {
            subscriptionId: key.subscriptionId,
            deliveryId: first?.id,
            eventType: 'webhook.test',
            attempts: 10,
          },
        },
      },
    ]);

    receiver.answer(null);
    await inWorkspace(key, () =>
      inTransaction(database.program, (tx) =>
        replayDelivery(tx, { ...key, deliveryId: first?.id ?? '' }),
      ),
    );
    expect(await listUnattended(database.program, { graceMs: 0, limit: 9 })).toEqual([key]);
    await deliver(key);
    expect(receiver.received.at(-1)?.id).toBe(id);
    expect((await deliveriesOf(key))[0]).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('is found by the sweep where its start is lost, however far ahead the next look is', async () => {
    const { receiver, key } = await subscribe();
    receiver.answer((response) => response.writeHead(429, { 'retry-after': '3600' }).end());
    await say('a', 1);
    await dispatch();
    expect(await deliver(key)).toBeGreaterThan(3_000_000);
    const unattended = () => listUnattended(database.program, { graceMs: 0, limit: 9 });
    expect(await unattended()).toEqual([]);

    await say('b', 2);
    await dispatch();
    expect(await unattended()).toEqual([key]);
  });

  it('gets its turn beside receivers whose runs nobody can begin', async () => {
    const receivers = [await subscribe(), await subscribe()];
    await say('a', 1);
    await dispatch();
    const found = new Set<string | undefined>();
    await eventually(async () => {
      const [one] = await listUnattended(database.program, { graceMs: 0, limit: 1 });
      return found.add(one?.subscriptionId).size === receivers.length;
    });
  });

  it('that is stored while a turn ends is found, too', async () => {
    const { receiver, key } = await subscribe();
    receiver.answer((response) => response.writeHead(429, { 'retry-after': '3600' }).end());
    await say('a', 1);
    await dispatch();
    await deliver(key);
    const event = {
      id: newId('event'),
      stream: 'b',
      itemId: null,
      type: 'webhook.test',
      body: '{}',
      createdAt: new Date().toISOString(),
      subscriptionIds: [key.subscriptionId],
    };
    const ended = await inTransaction(database.db, async (tx) => {
      await storeDeliveries(tx, { ...key, events: [event] });
      const end = inWorkspace(key, () => endTurn(database.program, key));
      // It waits for the one that stores.
      await eventually(async () => {
        const { rows } = await database.pool.query(
          `select from pg_stat_activity where datname = current_database()
             and wait_event_type = 'Lock' and query like '%delivery_turns%'`,
        );
        return rows.length > 0;
      });
      return { end };
    });
    expect(await ended.end).toBe(0);
    expect(await listUnattended(database.program, { graceMs: 0, limit: 9 })).toEqual([key]);
  });

  it.each([
    ['a redirect', 302, { location: 'https://example.org/' }],
    ['not 2xx', 404, {}],
  ])('fails by %s', async (_, status, headers) => {
    const { receiver, key } = await subscribe();
    receiver.answer((response) => response.writeHead(status, headers).end());
    await say('a', 1);
    await dispatch();
    await deliver(key);
    expect(await deliveriesOf(key)).toMatchObject([{ state: 'failed', log: [{ status }] }]);
  });

  it('waits as long as the receiver asks', async () => {
    const { receiver, key } = await subscribe();
    receiver.answer((response) => response.writeHead(429, { 'retry-after': '600' }).end());
    await say('a', 1);
    await dispatch();
    expect(await deliver(key)).toBeGreaterThan(595_000);
  });

  it('that cannot be signed is a failed attempt like any other, and is given up', async () => {
    const { receiver, key } = await subscribe();
    await database.pool.query(`update webhook_subscriptions
      set secrets = jsonb_set(secrets, '{0,sealed}', '"v1.another.c2VhbGVk"')`);
    await say('a', 1);
    await dispatch();
    await deliver(key);
    const error = 'the event could not be signed';
    expect(await deliveriesOf(key)).toMatchObject([
      { state: 'failed', attempts: 1, leaseUntil: null, log: [{ error }] },
    ]);
    expect(logged).toMatchObject([
      { message: 'an event could not be signed', reason: expect.stringContaining('another') },
    ]);
    for (let attempt = 2; attempt <= 10; attempt += 1) {
      await hurry();
      await deliver(key);
    }
    expect(await deliveriesOf(key)).toMatchObject([{ state: 'exhausted', attempts: 10 }]);
    expect(receiver.received).toEqual([]);
  });

  it('whose outcome cannot be stored says so in the log, and is made again', async () => {
    const { receiver, key } = await subscribe();
    await database.pool.query(`
      create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'the disk is full'; end $$;
      create trigger refuse before update on webhook_deliveries for each row
        when (new.state = 'delivered') execute function refuse()`);
    await say('a', 1);
    await dispatch();
    const begun = deliver(key);
    await eventually(() => logged.length > 0);
    await database.pool.query('drop function refuse() cascade');
    await begun;
    expect(logged).toMatchObject([{ reason: expect.stringContaining('the disk is full') }]);
    expect(receiver.received).toHaveLength(1);
    await database.pool.query('update webhook_deliveries set lease_until = now()');
    await deliver(key);
    expect(receiver.received).toHaveLength(2);
    expect(await deliveriesOf(key)).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  });

  it('is never made to an address inside', async () => {
    const { key } = await subscribe();
    await say('a', 1);
    await dispatch();
    receivers.splice(0);
    await deliver(key);
    expect(await deliveriesOf(key)).toMatchObject([
      { state: 'failed', log: [{ ms: expect.any(Number) }] },
    ]);
    expect((await deliveriesOf(key))[0]?.log[0]?.error).toMatch(/scheme_not_allowed/);
  });
});

describe('an event of an item', () => {
  it('says how the item stands, and where to answer', async () => {
    const { receiver, key } = await subscribe(['*']);
    const { id: itemId } = await makeItem(database.db, workspace);
    const [event] = makeChain(1);
    if (event === undefined) throw new Error('no event');
    await projectEvents(database.db, {
      ...key,
      itemId,
      events: [event],
      item: {
        ...firstRow(workspace, itemId, 1),
        waitingOn: [{ role: 'editor', for: 'decide_approval' }],
      },
      outbox: [
        { seq: 1, type: 'item.started', payload: { at: event.at, actor: 'system', data: {} } },
      ],
    });
    const endpoint = await insertWebhookEndpoint(database.db, {
      workspaceId: workspace.workspaceId,
      kind: 'standard',
      name: 'desk',
      memberId: workspace.memberOf('editor'),
      decisions: ['decide_approval'],
      sealedSecret: 'sealed',
    });
    await dispatch();
    await deliver(key);
    const told = receiver.received.find(({ body }) => body.type === 'item.started');
    expect(told?.body.data).toMatchObject({
      itemId,
      seq: 1,
      item: { id: itemId, stage: 'briefing' },
      answer: { endpoint: `https://baton.example/v1/webhooks/${endpoint.id}` },
    });
  });
});

describe('a subscription', () => {
  it('is disabled by 410, and its owner is told', async () => {
    const { receiver, key } = await subscribe();
    const owner = await subscribe(['webhook.subscription_disabled']);
    receiver.answer((response) => response.writeHead(410).end());
    await say('a', 1);
    await dispatch();
    expect(await deliver(key)).toBeNull();
    const row = await getSubscription(database.db, key);
    expect(row).toMatchObject({ active: false, stopped: 'gone' });
    await say('a', 2);
    await dispatch();
    expect(await deliveriesOf(key)).toHaveLength(1);
    await deliver(owner.key);
    expect(owner.receiver.received).toMatchObject([
      { body: { data: { subscriptionId: key.subscriptionId } } },
    ]);
  });

  it('keeps what comes while it is paused, and its end ends what waits', async () => {
    const { receiver, key } = await subscribe();
    await changeSubscription(database.db, { ...key, change: { active: false } });
    await say('a', 1);
    expect(await dispatch()).toEqual([]);
    expect(await deliver(key)).toBeNull();
    expect(receiver.received).toEqual([]);
    expect(await listUnattended(database.program, { graceMs: 0, limit: 9 })).toEqual([]);

    await changeSubscription(database.db, { ...key, change: { active: true } });
    expect(await listUnattended(database.program, { graceMs: 0, limit: 9 })).toEqual([key]);
    await deliver(key);
    expect(numbersOf(receiver)).toEqual([1]);

    await say('a', 2);
    await dispatch();
    await deleteSubscription(database.db, key);
    expect(await deliver(key)).toBeNull();
    expect(numbersOf(receiver)).toEqual([1]);
    expect(await database.db.select().from(webhookDeliveries)).toEqual([]);
  });

  it('signs with both secrets after a rotation', async () => {
    const { receiver, secret, key } = await subscribe();
    const fresh = newWebhookSecret();
    const sealedSecret = secrets.seal(fresh, webhookPurpose(key.subscriptionId));
    await rotateSubscriptionSecret(database.db, { ...key, sealedSecret });
    for (const trusted of [secret, fresh]) {
      receiver.trust(trusted);
      await say('a', 1);
      await dispatch();
      await deliver(key);
    }
    expect(receiver.forged).toEqual([]);
    expect(receiver.received).toHaveLength(2);

    await database.pool.query(`update webhook_subscriptions
      set secrets = jsonb_set(secrets, '{1,expiresAt}', '"2020-01-01T00:00:00.000Z"')`);
    receiver.trust(secret);
    await say('a', 2);
    await dispatch();
    await deliver(key);
    expect(receiver.forged).toHaveLength(1);
  });

  it('is not held up by another one that hangs', async () => {
    const hanging = await subscribe();
    const sound = await subscribe();
    hanging.receiver.answer(() => {});
    for (let n = 1; n <= 30; n += 1) await say(`item ${n}`, n);
    await dispatch();
    const stuck = deliver(hanging.key);
    expect(await deliver(sound.key)).toBeNull();
    expect(sound.receiver.received).toHaveLength(30);
    expect(hanging.receiver.received.length).toBeLessThanOrEqual(10);
    await changeSubscription(database.db, { ...hanging.key, change: { active: false } });
    hanging.receiver.answer(null);
    await hanging.receiver.close();
    receivers.splice(0, 1);
    await stuck;
    // Nothing waits for it: what was under way failed.
    expect((await deliveriesOf(hanging.key)).some(({ state }) => state === 'failed')).toBe(true);
  });

  it('of another workspace hears nothing, and its deliveries are hidden', async () => {
    const { key } = await subscribe();
    await say('a', 1);
    await dispatch();
    const { workspaceId } = await makeWorkspace(database.db);
    const hidden = await inWorkspace({ workspaceId }, async () => [
      await listDeliveries(database.program, key),
      await getSubscription(database.program, key),
      await database.program.select().from(outboundEvents).execute(),
    ]);
    expect(hidden).toEqual([{ items: [], nextCursor: null }, null, []]);
  });
});
