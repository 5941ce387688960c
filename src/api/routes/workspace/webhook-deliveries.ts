import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Db } from '../../../db/client.ts';
import { newId } from '../../../db/ids.ts';
import {
  callDelivery,
  type DeliveryRow,
  findDeliveryOf,
  listDeliveries,
  replayDelivery,
  storeDeliveries,
} from '../../../db/outbound/deliveries.ts';
import { getSubscription } from '../../../db/outbound/subscriptions.ts';
import { bodyOf } from '../../../domain/outbound/body.ts';
import { DELIVERY_STATES, type SubscriptionKey } from '../../../domain/outbound/delivery.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { changeAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import { InstantText, idempotent, idText, paging, withKey } from '../../route-parts.ts';

const Attempt = z.object({
  at: InstantText,
  status: z.int().optional().describe('of the answer, where there was one'),
  ms: z.int(),
  error: z.string().optional(),
  answer: z.string().optional().describe('its first 2 kB'),
});

const OutboundDelivery = z
  .object({
    id: z.string(),
    eventId: z.string().describe('the `webhook-id`'),
    type: z.string(),
    itemId: z.string().optional(),
    state: z
      .enum(DELIVERY_STATES)
      .describe('`failed`: another attempt follows; `exhausted`: none, unless it is replayed'),
    createdAt: InstantText,
    attempts: z.array(Attempt).describe('the newest 20, the oldest first'),
    nextAttemptAt: InstantText.optional(),
  })
  .meta({ id: 'OutboundDelivery' });

const id = idText('id of the subscription', 'whs_01KAMJ5SQ0');
const SubscriptionParams = z.object({ id });
const DeliveryParams = z.object({
  id,
  deliveryId: idText('id of the delivery', 'whd_01KAMJ5SQ0'),
});

const listRoute = createRoute({
  ...withKey('get', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}/deliveries',
  operationId: 'listWebhookDeliveries',
  summary: 'What was and is to be delivered, with its attempts, newest first (admin)',
  request: {
    params: SubscriptionParams,
    query: z.strictObject({ ...paging, state: z.enum(DELIVERY_STATES).optional() }),
  },
  responses: pageAnswers(OutboundDelivery, 'A page of deliveries', 'forbidden', 'not_found'),
});

const replayRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}/deliveries/{deliveryId}/replay',
  operationId: 'replayWebhookDelivery',
  summary: 'Deliver it again, under the same `webhook-id` (admin)',
  request: { params: DeliveryParams },
  responses: changeAnswers(OutboundDelivery, 'It waits again', 'forbidden', 'not_found'),
});

const testRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}/test',
  operationId: 'testWebhookSubscription',
  summary: 'Deliver a `webhook.test` at once, whatever else waits (admin)',
  request: { params: SubscriptionParams },
  responses: changeAnswers(OutboundDelivery, 'What is delivered', 'forbidden', 'not_found'),
});

export function webhookDeliveryRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      await requireSubscription(db, key);
      const page = await listDeliveries(db, { ...key, ...c.req.valid('query') });
      return c.json(pageView(page, deliveryView), 200);
    })
    .openapi(replayRoute, async (c) => {
      const { deliveryId } = c.req.valid('param');
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        await requireActive(tx, key);
        const row = await replayDelivery(tx, { ...key, deliveryId });
        if (row === null) throw notFound('delivery', deliveryId);
        return deliveryView(row);
      });
      return c.json(answer, 200);
    })
    .openapi(testRoute, async (c) => {
      const { memberId: actor } = c.get('caller');
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        await requireActive(tx, key);
        return deliveryView(await storeTest(tx, key, actor));
      });
      return c.json(answer, 200);
    });
}

/** In a stream of its own: nothing that failed before is in its way. */
async function storeTest(tx: Db, key: SubscriptionKey, actor: string): Promise<DeliveryRow> {
  const { workspaceId, subscriptionId } = key;
  const eventId = newId('event');
  const createdAt = new Date().toISOString();
  const type = 'webhook.test';
  const event = { id: eventId, workspaceId, itemId: null, seq: null, type, createdAt };
  const payload = { actor, data: { subscriptionId } };
  const body = bodyOf({ ...event, payload }, { item: null, endpoint: null });
  const stored = { ...event, body, stream: eventId, subscriptionIds: [subscriptionId] };
  await storeDeliveries(tx, { workspaceId, events: [stored] });
  await callDelivery(tx, key);
  const row = await findDeliveryOf(tx, { ...key, eventId });
  if (row === null) throw notFound('webhook subscription', subscriptionId);
  return row;
}

async function requireSubscription(db: Db, key: SubscriptionKey) {
  const row = await getSubscription(db, key);
  if (row === null) throw notFound('webhook subscription', key.subscriptionId);
  return row;
}

/** @throws ApiError `conflict` for one that is paused: nothing would be delivered. */
async function requireActive(db: Db, key: SubscriptionKey): Promise<void> {
  const { active } = await requireSubscription(db, key);
  if (active) return;
  const detail = 'the subscription is not active: let it go on first';
  throw new ApiError('conflict', { detail });
}

function keyOf({ workspaceId }: { workspaceId: string }, params: { id: string }) {
  return { workspaceId, subscriptionId: params.id };
}

function deliveryView(row: DeliveryRow): z.infer<typeof OutboundDelivery> {
  const { eventId, type, itemId, state, createdAt, log, nextAttemptAt } = row;
  return {
    id: row.id,
    eventId,
    type,
    state,
    createdAt,
    attempts: log,
    ...(itemId !== null && { itemId }),
    ...(nextAttemptAt !== null && { nextAttemptAt }),
  };
}
