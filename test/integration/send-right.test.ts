import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutRight } from '../../src/activities/publishing/send-attempt.ts';
import {
  type SendRight,
  takeNextSendRight,
  takeSendRight,
} from '../../src/activities/publishing/send-right.ts';
import { type Contents, sendTexts } from '../../src/activities/publishing/send-texts.ts';
import { SEND_TIMING } from '../../src/activities/publishing/send-timing.ts';
import type { Db } from '../../src/db/client.ts';
import { banAccount } from '../../src/db/publishing/channel-budgets.ts';
import type { PublicationOrder } from '../../src/domain/channel/publication-intent.ts';
import { createFakeNetwork } from '../support/fake-network.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { DAY_MS, toScheduled } from '../support/item-story.ts';
import { orderOf } from '../support/publication-order.ts';

const SHORT = { ...SEND_TIMING, leaseMs: 1_500, leaseMarginMs: 500 };
const CONTENTS: Contents = [
  { text: 'one', language: 'en' },
  { text: 'two', language: 'en' },
];

const network = createFakeNetwork();
let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ channels: () => network.registry });
});
afterAll(() => engine?.close());

async function scheduledOrder(): Promise<PublicationOrder> {
  const itemId = await engine.start();
  await toScheduled(engine, itemId, { slotInMs: DAY_MS });
  return orderOf(engine, itemId);
}

function ask(order: PublicationOrder, timing = SEND_TIMING) {
  const question = { order, timing, contents: CONTENTS, again: false };
  return takeSendRight(engine.deps.db, { ...question, idempotency: 'exact' });
}

async function take(order: PublicationOrder, timing = SEND_TIMING): Promise<SendRight> {
  const right = await ask(order, timing);
  if (!right.granted) throw new Error(`no right to send: ${right.reason}`);
  return right;
}

function send(
  order: PublicationOrder,
  right: SendRight,
  { db = engine.deps.db, timing = SEND_TIMING },
) {
  const channel = network.registry.get('sandbox');
  if (channel === null) throw new Error('the network is not there');
  const account = { id: order.itemId, name: 'one', settings: {}, credentials: null };
  return sendTexts(
    { db },
    {
      order,
      right,
      timing,
      contents: CONTENTS,
      target: { channel, account, sealed: null },
      deadline: performance.now() + 30_000,
    },
  );
}

/** The process stops for so long behind the answer to a select, as `kill -STOP` stops it. */
function pausedBehindSelects(db: Db, ms: number): Db {
  return new Proxy(db, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (property !== 'select') return value;
      return (...fields: []) => {
        const select = target.select(...fields);
        const from = select.from.bind(select);
        return Object.assign(select, {
          from: (table: Parameters<typeof from>[0]) => {
            const query = from(table);
            const execute = query.execute.bind(query);
            return Object.assign(query, {
              execute: async () => {
                const rows = await execute();
                const until = performance.now() + ms;
                while (performance.now() < until);
                return rows;
              },
            });
          },
        });
      };
    },
  });
}

describe('the right to send', () => {
  it('is given in time, and refused once the time of the order is over', async () => {
    const order = await scheduledOrder();
    const sendUntil = new Date(Date.now() - 1_000).toISOString();
    const late = await ask({ ...order, sendUntil });
    if (late.granted) throw new Error('the right was given');
    expect(late.reason).toBe('too_late');
    expect(await withoutRight(engine.deps, order, late)).toMatchObject({ outcome: 'not_sent' });
    expect(await ask(order)).toMatchObject({ granted: true });
  });

  it('to the next text of a thread ends with the item', async () => {
    const order = await scheduledOrder();
    const { leaseToken, dueAt, segments, before } = await take(order);
    const next = { order, leaseToken, dueAt, segments, before, timing: SEND_TIMING, note: {} };
    expect(await takeNextSendRight(engine.deps.db, next)).toMatchObject({ granted: true });
    await engine.apply('strategist', order.itemId, 'cancel', { reason: 'the campaign is off' });
    expect(await takeNextSendRight(engine.deps.db, next)).toMatchObject({
      reason: 'no_longer_wanted',
    });
  });
});

describe('who holds the lease', () => {
  it('makes no request when another sender of the account was asked for silence', async () => {
    const order = await scheduledOrder();
    const right = await take(order);
    await banAccount(engine.deps.db, { ...order, forMs: 60_000 });
    expect(await send(order, right, {})).toMatchObject({ outcome: 'not_sent' });
    expect(network.calls(order.itemId)).toEqual([]);
    await engine.deps.db.$client.query('update channel_budgets set banned_until = null');
    expect(await send(order, await take(order), {})).toMatchObject({ outcome: 'published' });
    expect(network.calls(order.itemId)).toHaveLength(2);
  });

  it('and is paused after the last look at it sends nothing when it wakes up too late', async () => {
    const order = await scheduledOrder();
    const right = await take(order, SHORT);
    const db = pausedBehindSelects(engine.deps.db, 1_200);
    await send(order, right, { db, timing: SHORT });
    expect(network.calls(order.itemId)).toEqual([]);
  });
});
