import type { Db } from '../../src/db/client.ts';
import * as deliveries from '../../src/db/outbound/deliveries.ts';
import * as turns from '../../src/db/outbound/delivery-turns.ts';
import * as facts from '../../src/db/outbound/event-facts.ts';
import * as outbox from '../../src/db/outbound/outbox.ts';
import * as subscriptions from '../../src/db/outbound/subscriptions.ts';
import type { FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

export type FilledOutbound = Awaited<ReturnType<typeof fillOutbound>>;

/** A subscription with a delivery to come and one that failed, and an event that waits in the outbox. */
export async function fillOutbound(db: Db, { own: workspaceId, ids }: FilledWorkspace) {
  const { id: subscriptionId } = await subscriptions.insertSubscription(
    db,
    newSubscription(workspaceId, 'whs_filled'),
  );
  const key = { workspaceId, subscriptionId };
  const deliver = async (eventId: string) => {
    await deliveries.storeDeliveries(db, {
      workspaceId,
      events: [eventFor(subscriptionId, eventId)],
    });
    return (await deliveries.findDeliveryOf(db, { ...key, eventId }))?.id ?? '';
  };
  const deliveryId = await deliver('evt_filled');
  await deliveries.settleDelivery(db, {
    ...settled(workspaceId, await deliver('evt_failed')),
    state: 'failed',
    pauseMs: 3_600_000,
  });
  // Whoever looked has planned the next look.
  await turns.holdTurn(db, { ...key, holdMs: 1 });
  await turns.endTurn(db, key);
  const eventId = await outbox.addOutboxEvent(db, {
    workspaceId,
    type: 'webhook.test',
    payload: {},
  });
  return { ...key, deliveryId, eventId, itemId: ids.itemId };
}

/** Each query of what is told, asked by a workspace. */
export function outboundReads(
  db: Db,
  { workspaceId: own, subscriptionId, itemId }: FilledOutbound,
): Record<string, Read> {
  const of = (workspaceId: string) => ({ workspaceId, subscriptionId });
  return {
    takeStreams: (workspaceId) =>
      outbox.takeStreams(db, { workspaceId, streams: [own], perStream: 9 }),
    listDeliveries: (id) => deliveries.listDeliveries(db, of(id)),
    findDeliveryOf: (id) => deliveries.findDeliveryOf(db, { ...of(id), eventId: 'evt_filled' }),
    listFailing: (id) => deliveries.listFailing(db, { ...of(id), limit: 9 }),
    listIdleReceivers: (workspaceId) =>
      turns.listIdleReceivers(db, { workspaceId, eventIds: ['evt_filled'] }),
    readItemFacts: (workspaceId) => facts.readItemFacts(db, { workspaceId, itemIds: [itemId] }),
    listAnswerEndpoints: (workspaceId) =>
      facts.listAnswerEndpoints(db, { workspaceId, decisions: ['sign_off'] }),
    getSubscription: (id) => subscriptions.getSubscription(db, of(id)),
    listSubscriptions: (workspaceId) => subscriptions.listSubscriptions(db, { workspaceId }),
    listListeners: (workspaceId) => subscriptions.listListeners(db, { workspaceId }),
  };
}

/** The same with what changes it, on what is the filled workspace's own. */
export function outboundAttempts(
  db: Db,
  filled: FilledOutbound,
): Record<string, () => Promise<unknown>> {
  const { workspaceId, subscriptionId, deliveryId, eventId } = filled;
  const key = { workspaceId, subscriptionId };
  const stream = { workspaceId, stream: workspaceId };
  return {
    ...attemptsOf(outboundReads(db, filled), filled),
    addOutboxEvent: () =>
      outbox.addOutboxEvent(db, { workspaceId, type: 'webhook.test', payload: { stolen: true } }),
    removeTold: () => outbox.removeTold(db, { workspaceId, ids: [eventId] }),
    postponeStream: () =>
      outbox.postponeStream(db, { ...stream, firstPauseMs: 1, longestPauseMs: 1 }),
    storeDeliveries: () =>
      deliveries.storeDeliveries(db, {
        workspaceId,
        events: [eventFor(subscriptionId, 'evt_stolen')],
      }),
    replayDelivery: () => deliveries.replayDelivery(db, { ...key, deliveryId }),
    replayFailing: () => deliveries.replayFailing(db, { ...key, limit: 9 }),
    callDelivery: () => deliveries.callDelivery(db, key),
    settleDelivery: () =>
      deliveries.settleDelivery(db, {
        ...settled(workspaceId, deliveryId),
        state: 'delivered',
        pauseMs: null,
      }),
    holdTurn: () => turns.holdTurn(db, { ...key, holdMs: 1 }),
    endTurn: () => turns.endTurn(db, key),
    takeDue: () => turns.takeDue(db, { ...key, limit: 9, leaseMs: 1 }),
    insertSubscription: () =>
      subscriptions.insertSubscription(db, newSubscription(workspaceId, 'whs_stolen')),
    changeSubscription: () =>
      subscriptions.changeSubscription(db, { ...key, change: { active: false } }),
    disableSubscription: () => subscriptions.disableSubscription(db, key),
    rotateSubscriptionSecret: () =>
      subscriptions.rotateSubscriptionSecret(db, { ...key, sealedSecret: 'stolen' }),
    deleteSubscription: () => subscriptions.deleteSubscription(db, key),
  };
}

function settled(workspaceId: string, deliveryId: string) {
  const record = { at: '2030-01-01T00:00:00.000Z', ms: 1 };
  return { workspaceId, deliveryId, attempt: 0, record };
}

function newSubscription(workspaceId: string, id: string) {
  return {
    id,
    workspaceId,
    url: 'https://example.org/',
    description: '',
    types: ['*'],
    filter: {},
    issuedBy: null,
    sealedSecret: 'sealed',
  };
}

function eventFor(subscriptionId: string, id: string): deliveries.EventToDeliver {
  return {
    id,
    stream: 'stream',
    itemId: null,
    type: 'webhook.test',
    body: '{}',
    createdAt: '2030-01-01T00:00:00.000Z',
    subscriptionIds: [subscriptionId],
  };
}
