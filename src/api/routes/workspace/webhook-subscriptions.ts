import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { newWebhookSecret, webhookPurpose } from '../../../credentials/signing-secrets.ts';
import { newId } from '../../../db/ids.ts';
import { callDelivery } from '../../../db/outbound/deliveries.ts';
import {
  changeSubscription,
  deleteSubscription,
  getSubscription,
  insertSubscription,
  listSubscriptions,
  rotateSubscriptionSecret,
  type SubscriptionRow,
} from '../../../db/outbound/subscriptions.ts';
import { requireRoom } from '../../../db/workspace/quotas.ts';
import { OUTBOUND_EVENT_TYPES, SubscriptionFilter } from '../../../domain/outbound/catalogue.ts';
import { faultOfAddress } from '../../../http/http-target.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound, problems } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import {
  additionAnswers,
  answers,
  changeAnswers,
  pageAnswers,
  pageView,
  removalAnswers,
} from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const types = z
  .array(z.enum(['*', ...OUTBOUND_EVENT_TYPES]))
  .min(1)
  .max(OUTBOUND_EVENT_TYPES.length)
  .describe('`*` for every type, those of later releases too');

const WebhookSubscription = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string(),
    types,
    filter: SubscriptionFilter,
    active: z.boolean(),
    stopped: z
      .enum(['paused', 'gone'])
      .nullable()
      .describe('why it is not active: `paused` here, or `gone` as its receiver answered (410)'),
    issuedBy: z.string().nullable().describe('the member who made it'),
    secrets: z
      .array(z.object({ createdAt: z.string(), expiresAt: z.string().nullable() }))
      .describe('newest first, without their values; deliveries are signed with all of them'),
    createdAt: InstantText,
  })
  .meta({ id: 'WebhookSubscription' });

const NewWebhookSubscription = z
  .strictObject({
    url: z.string().min(1).max(2_000),
    types,
    filter: SubscriptionFilter.default({}),
    description: z.string().trim().max(500).default(''),
  })
  .meta({
    id: 'NewWebhookSubscription',
    example: {
      url: 'https://example.org/baton',
      types: ['approval.requested', 'approval.voided'],
      filter: { role: 'editor' },
      description: 'legal desk',
    },
  });

const WebhookSubscriptionChange = z
  .strictObject({
    active: z.boolean().optional(),
    types: types.optional(),
    filter: SubscriptionFilter.optional(),
  })
  .meta({ id: 'WebhookSubscriptionChange', example: { active: false } });

const secret = z.string().describe('`whsec_…`, shown once');
const CreatedWebhookSubscription = WebhookSubscription.extend({ secret }).meta({
  id: 'CreatedWebhookSubscription',
});
const SubscriptionSecret = z.object({ secret }).meta({ id: 'SubscriptionSecret' });

/** What a workspace may have. */
const MOST_SUBSCRIPTIONS = 100;

const SubscriptionParams = idParams('id of the subscription', 'whs_01KAMJ5SQ0');

const listRoute = createRoute({
  ...withKey('get', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions',
  operationId: 'listWebhookSubscriptions',
  summary: 'Who is told of what, without the secrets, oldest first (admin)',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(WebhookSubscription, 'A page of subscriptions', 'forbidden'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions',
  operationId: 'addWebhookSubscription',
  summary: 'Have events delivered to an address, signed with a secret that is shown once (admin)',
  request: { body: body(NewWebhookSubscription) },
  responses: additionAnswers(CreatedWebhookSubscription, 'Made', 'forbidden'),
});

const readRoute = createRoute({
  ...withKey('get', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}',
  operationId: 'getWebhookSubscription',
  summary: 'One subscription (admin)',
  request: { params: SubscriptionParams },
  responses: {
    200: answers(WebhookSubscription, 'The subscription'),
    ...problems('unauthenticated', 'forbidden', 'not_found'),
  },
});

const changeRoute = createRoute({
  ...withKey('patch', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}',
  operationId: 'changeWebhookSubscription',
  summary: 'Pause it or let it go on, or change what it is told (admin)',
  description: 'What happens while it is paused is delivered when it goes on.',
  request: { params: SubscriptionParams, body: body(WebhookSubscriptionChange) },
  responses: changeAnswers(WebhookSubscription, 'As it is now', 'forbidden', 'not_found'),
});

const rotateRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}/rotate',
  operationId: 'rotateSubscriptionSecret',
  summary: 'Make a new secret; deliveries carry both signatures for 24 hours (admin)',
  request: { params: SubscriptionParams },
  responses: changeAnswers(SubscriptionSecret, 'The new secret', 'forbidden', 'not_found'),
});

const removeRoute = createRoute({
  ...withKey('delete', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-subscriptions/{id}',
  operationId: 'removeWebhookSubscription',
  summary: 'End a subscription with everything that it still waits for (admin)',
  request: { params: SubscriptionParams },
  responses: removalAnswers('Ended', 'forbidden'),
});

export function webhookSubscriptionRoutes({
  db,
  secrets,
  settings,
}: Pick<ApiDeps, 'db' | 'secrets' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listSubscriptions(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, subscriptionView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId: issuedBy } = c.get('caller');
      const asked = c.req.valid('json');
      const fault = faultOfAddress(asked.url, settings.allowedOrigins);
      if (fault !== null) throw invalidRequest([{ path: 'url', message: fault }]);
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const limit = MOST_SUBSCRIPTIONS;
        await requireRoom(tx, { workspaceId, quota: 'webhookSubscriptions', limit });
        const id = newId('webhookSubscription');
        const value = newWebhookSecret();
        const sealedSecret = secrets.seal(value, webhookPurpose(id));
        const row = await insertSubscription(tx, {
          ...asked,
          id,
          workspaceId,
          issuedBy,
          sealedSecret,
        });
        return { ...subscriptionView(row), secret: value };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 201);
    })
    .openapi(readRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const row = await getSubscription(db, key);
      if (row === null) throw notFound('webhook subscription', key.subscriptionId);
      return c.json(subscriptionView(row), 200);
    })
    .openapi(changeRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const change = c.req.valid('json');
      if (Object.keys(change).length === 0) {
        throw invalidRequest([{ path: '', message: 'names nothing to change' }]);
      }
      const row = await changeSubscription(db, { ...key, change });
      if (row === null) throw notFound('webhook subscription', key.subscriptionId);
      if (row.active) await callDelivery(db, key);
      return c.json(subscriptionView(row), 200);
    })
    .openapi(rotateRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const value = newWebhookSecret();
        const sealedSecret = secrets.seal(value, webhookPurpose(key.subscriptionId));
        const row = await rotateSubscriptionSecret(tx, { ...key, sealedSecret });
        if (row === null) throw notFound('webhook subscription', key.subscriptionId);
        return { secret: value };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 200);
    })
    .openapi(removeRoute, async (c) => {
      const key = keyOf(c.get('caller'), c.req.valid('param'));
      if (!(await deleteSubscription(db, key))) {
        throw notFound('webhook subscription', key.subscriptionId);
      }
      return c.body(null, 204);
    });
}

function keyOf({ workspaceId }: { workspaceId: string }, { id }: { id: string }) {
  return { workspaceId, subscriptionId: id };
}

/** The types are those that were let in. */
function subscriptionView(row: SubscriptionRow): z.infer<typeof WebhookSubscription> {
  const { id, url, description, filter, active, stopped, issuedBy, createdAt } = row;
  return {
    id,
    url,
    description,
    types: row.types as z.infer<typeof types>,
    filter,
    active,
    stopped,
    issuedBy,
    secrets: row.secrets.map((one) => ({ createdAt: one.createdAt, expiresAt: one.expiresAt })),
    createdAt,
  };
}
