import type { Db } from '../../src/db/client.ts';
import * as deliveries from '../../src/db/outbound/deliveries.ts';
import * as turns from '../../src/db/outbound/delivery-turns.ts';
import * as facts from '../../src/db/outbound/event-facts.ts';
import * as outbox from '../../src/db/outbound/outbox.ts';
import * as subscriptions from '../../src/db/outbound/subscriptions.ts';

/** A subscription with a delivery, and an event that waits in the outbox. */
export async function fillOutbound(db: Db, { workspaceId }: { workspaceId: string }) {
  const { id: subscriptionId } = await subscriptions.insertSubscription(
    db,
    newSubscription(workspaceId, 'whs_filled'),
  );
  const events = [eventFor(subscriptionId, 'evt_filled')];
  await deliveries.storeDeliveries(db, { workspaceId, events });
  const key = { workspaceId, subscriptionId };
  const delivery = await deliveries.findDeliveryOf(db, { ...key, eventId: 'evt_filled' });
  const eventId = await outbox.addOutboxEvent(db, {
    workspaceId,
    type: 'webhook.test',
    payload: {},
  });
  return { ...key, deliveryId: delivery?.id ?? '', eventId };
}

/** The query functions of what is told, on what a workspace has. */
export function outboundAttempts(
  db: Db,
  filled: Awaited<ReturnType<typeof fillOutbound>>,
): Record<string, () => Promise<unknown>> {
  const { workspaceId, subscriptionId, deliveryId, eventId } = filled;
  const key = { workspaceId, subscriptionId };
  const stream = { workspaceId, stream: workspaceId };
  return {
    addOutboxEvent: () =>
      outbox.addOutboxEvent(db, { workspaceId, type: 'webhook.test', payload: { stolen: true } }),
    takeStreams: () =>
      outbox.takeStreams(db, { workspaceId, streams: [workspaceId], perStream: 9 }),
    removeTold: () => outbox.removeTold(db, { workspaceId, ids: [eventId] }),
    postponeStream: () =>
      outbox.postponeStream(db, { ...stream, firstPauseMs: 1, longestPauseMs: 1 }),
    storeDeliveries: () =>
      deliveries.storeDeliveries(db, {
        workspaceId,
        events: [eventFor(subscriptionId, 'evt_stolen')],
      }),
    listDeliveries: () => deliveries.listDeliveries(db, key),
    findDeliveryOf: () => deliveries.findDeliveryOf(db, { ...key, eventId: 'evt_filled' }),
    replayDelivery: () => deliveries.replayDelivery(db, { ...key, deliveryId }),
    listFailing: () => deliveries.listFailing(db, { ...key, limit: 9 }),
    replayFailing: () => deliveries.replayFailing(db, { ...key, limit: 9 }),
    callDelivery: () => deliveries.callDelivery(db, key),
    settleDelivery: () =>
      deliveries.settleDelivery(db, {
        workspaceId,
        deliveryId,
        attempt: 0,
        record: { at: '2030-01-01T00:00:00.000Z', ms: 1 },
        state: 'delivered',
        pauseMs: null,
      }),
    holdTurn: () => turns.holdTurn(db, { ...key, holdMs: 1 }),
    endTurn: () => turns.endTurn(db, key),
    takeDue: () => turns.takeDue(db, { ...key, limit: 9, leaseMs: 1 }),
    listIdleReceivers: () => turns.listIdleReceivers(db, { workspaceId, eventIds: ['evt_filled'] }),
    readItemFacts: () => facts.readItemFacts(db, { workspaceId, itemIds: ['itm_x'] }),
    listAnswerEndpoints: () =>
      facts.listAnswerEndpoints(db, { workspaceId, decisions: ['decide_approval'] }),
    insertSubscription: () =>
      subscriptions.insertSubscription(db, newSubscription(workspaceId, 'whs_stolen')),
    getSubscription: () => subscriptions.getSubscription(db, key),
    listSubscriptions: () => subscriptions.listSubscriptions(db, { workspaceId }),
    listListeners: () => subscriptions.listListeners(db, { workspaceId }),
    changeSubscription: () =>
      subscriptions.changeSubscription(db, { ...key, change: { active: false } }),
    disableSubscription: () => subscriptions.disableSubscription(db, key),
    rotateSubscriptionSecret: () =>
      subscriptions.rotateSubscriptionSecret(db, { ...key, sealedSecret: 'stolen' }),
    deleteSubscription: () => subscriptions.deleteSubscription(db, key),
  };
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
