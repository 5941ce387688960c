import type { Db } from '../db/client.ts';
import { type EventToDeliver, storeDeliveries } from '../db/outbound/deliveries.ts';
import { listIdleReceivers } from '../db/outbound/delivery-turns.ts';
import {
  type AnswerEndpoint,
  listAnswerEndpoints,
  readItemFacts,
} from '../db/outbound/event-facts.ts';
import type { OutboxRow } from '../db/outbound/outbox.ts';
import { listListeners } from '../db/outbound/subscriptions.ts';
import type { WebhookDecision } from '../db/schema/webhook-endpoints.ts';
import { bodyOf, isWanted, questionsOf } from '../domain/outbound/body.ts';
import type { SubscriptionKey } from '../domain/outbound/delivery.ts';
import type { OutboxConsumer } from './dispatcher.ts';

/** Decisions that may come in through an endpoint. */
const DECISIONS = ['accept_handoff', 'decide_approval', 'sign_off'] as const;

/**
 * Puts events down for the subscriptions that want them.
 * @param startDelivery has deliveries of a subscription begin.
 * @param publicUrl address of the instance; null: events name paths.
 */
export function webhookEvents(
  db: Db,
  startDelivery: (receiver: SubscriptionKey) => Promise<void>,
  { publicUrl }: { publicUrl: string | null },
): OutboxConsumer {
  return {
    name: 'webhooks',
    async take(tx, events) {
      const workspaceId = events[0]?.workspaceId ?? '';
      const listeners = await listListeners(tx, { workspaceId });
      if (listeners.length === 0) return;
      await storeDeliveries(tx, {
        workspaceId,
        events: await eventsFor(tx, { workspaceId, publicUrl }, events, listeners),
      });
    },
    async afterCommit(events) {
      const workspaceId = events[0]?.workspaceId ?? '';
      const eventIds = events.map(({ id }) => id);
      const idle = await listIdleReceivers(db, { workspaceId, eventIds });
      await Promise.all(idle.map(startDelivery));
    },
  };
}

type Listeners = Awaited<ReturnType<typeof listListeners>>;

async function eventsFor(
  tx: Db,
  { workspaceId, publicUrl }: { workspaceId: string; publicUrl: string | null },
  events: readonly OutboxRow[],
  listeners: Listeners,
): Promise<EventToDeliver[]> {
  const itemIds = [...new Set(events.flatMap(({ itemId }) => itemId ?? []))];
  const rows = await readItemFacts(tx, { workspaceId, itemIds });
  const facts = new Map(rows.map((row) => [row.id, row]));
  const wanted = events.flatMap((event) => {
    const item = event.itemId === null ? null : (facts.get(event.itemId) ?? null);
    const subscriptionIds = listeners
      .filter((listener) => isWanted(event, item, listener))
      .map(({ id }) => id);
    return subscriptionIds.length === 0 ? [] : [{ event, item, subscriptionIds }];
  });
  const decisions = DECISIONS.filter((decision) =>
    wanted.some(({ event }) => questionsOf(event).some((one) => one.for === decision)),
  );
  const endpoints = await listAnswerEndpoints(tx, { workspaceId, decisions });
  return wanted.map(({ event, item, subscriptionIds }) => {
    const { id, stream, itemId, type, createdAt } = event;
    const path = endpointFor(event, endpoints);
    const endpoint = path === null ? null : `${publicUrl ?? ''}${path}`;
    const body = bodyOf(event, { item, endpoint });
    return { id, stream, itemId, type, body, createdAt, subscriptionIds };
  });
}

/** Path of the first endpoint that acts for somebody who is asked, and may decide what is asked. */
function endpointFor(event: OutboxRow, endpoints: readonly AnswerEndpoint[]): string | null {
  const questions = questionsOf(event);
  const found = endpoints.find(({ memberId, roles, decisions }) =>
    questions.some(
      (asked) =>
        decisions.includes(asked.for as WebhookDecision) &&
        (asked.memberId === undefined ? roles.includes(asked.role) : asked.memberId === memberId),
    ),
  );
  return found === undefined ? null : `/v1/webhooks/${found.id}`;
}
