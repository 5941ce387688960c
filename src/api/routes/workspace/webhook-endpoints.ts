import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { newWebhookSecret, webhookPurpose } from '../../../credentials/signing-secrets.ts';
import { newId } from '../../../db/ids.ts';
import { getMember } from '../../../db/workspace/members.ts';
import { requireRoom } from '../../../db/workspace/quotas.ts';
import {
  getWebhookEndpoint,
  insertWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
  setWebhookEndpointActive,
  type WebhookEndpointRow,
} from '../../../db/workspace/webhook-endpoints.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import {
  additionAnswers,
  changeAnswers,
  pageAnswers,
  pageView,
  removalAnswers,
} from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';
import { WEBHOOK_DECISIONS } from '../../webhooks/delivery-body.ts';

const decisions = z.array(z.enum(WEBHOOK_DECISIONS)).min(1).max(WEBHOOK_DECISIONS.length);

const WebhookEndpoint = z
  .object({
    id: z.string(),
    url: z.string().describe('path to post deliveries to'),
    kind: z.enum(['standard', 'slack', 'github']),
    name: z.string(),
    memberId: z.string().describe('the member it acts for'),
    issuedBy: z.string().nullable().describe('the member who made it'),
    decisions,
    active: z.boolean(),
    secrets: z
      .array(z.object({ createdAt: z.string(), expiresAt: z.string().nullable() }))
      .describe('newest first, without their values'),
    createdAt: InstantText,
  })
  .meta({ id: 'WebhookEndpoint' });

const NewWebhookEndpoint = z
  .strictObject({
    memberId: z.string().min(1).max(64),
    decisions,
    name: z.string().trim().min(1).max(200).default('webhook'),
    kind: z.literal('standard').default('standard'),
  })
  .meta({
    id: 'NewWebhookEndpoint',
    example: { memberId: 'mbr_01KAMJ5SQ0', decisions: ['decide_approval'], name: 'legal desk' },
  });

const secret = z.string().describe('`whsec_…`, shown once');
const CreatedWebhookEndpoint = WebhookEndpoint.extend({ secret }).meta({
  id: 'CreatedWebhookEndpoint',
});
const RotatedSecret = z.object({ secret }).meta({ id: 'RotatedSecret' });

const EndpointParams = idParams('id of the endpoint', 'whe_01KAMJ5SQ0');

const listRoute = createRoute({
  ...withKey('get', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-endpoints',
  operationId: 'listWebhookEndpoints',
  summary: 'Where signed decisions may come in, without the secrets, oldest first (admin)',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(WebhookEndpoint, 'A page of endpoints', 'forbidden'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-endpoints',
  operationId: 'addWebhookEndpoint',
  summary: 'Make an endpoint that acts for one member, for the decisions named (admin)',
  request: { body: body(NewWebhookEndpoint) },
  responses: additionAnswers(CreatedWebhookEndpoint, 'Made', 'forbidden', 'not_found'),
});

const rotateRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-endpoints/{id}/rotate',
  operationId: 'rotateWebhookSecret',
  summary: 'Make a new secret; the one before stays valid for 24 hours (admin)',
  request: { params: EndpointParams },
  responses: changeAnswers(RotatedSecret, 'The new secret', 'forbidden', 'not_found'),
});

const removeRoute = createRoute({
  ...withKey('delete', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-endpoints/{id}',
  operationId: 'removeWebhookEndpoint',
  summary: 'Close an endpoint for good (admin)',
  request: { params: EndpointParams },
  responses: removalAnswers('Closed', 'forbidden'),
});

export function webhookEndpointRoutes({
  db,
  secrets,
  settings,
}: Pick<ApiDeps, 'db' | 'secrets' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listWebhookEndpoints(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, endpointView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId: issuedBy } = c.get('caller');
      const body = c.req.valid('json');
      const member = await getMember(db, { workspaceId, memberId: body.memberId });
      if (member === null || !member.active) {
        const message = 'is not an active member of this workspace';
        throw invalidRequest([{ path: 'memberId', message }]);
      }
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const limit = settings.quotas.webhookEndpoints;
        await requireRoom(tx, { workspaceId, quota: 'webhookEndpoints', limit });
        const id = newId('webhookEndpoint');
        const value = newWebhookSecret();
        const sealedSecret = secrets.seal(value, webhookPurpose(id));
        const made = { ...body, workspaceId, id, sealedSecret, issuedBy };
        const row = await insertWebhookEndpoint(tx, made);
        return { ...endpointView(row), secret: value };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 201);
    })
    .openapi(rotateRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: endpointId } = c.req.valid('param');
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const value = newWebhookSecret();
        const sealedSecret = secrets.seal(value, webhookPurpose(endpointId));
        const row = await rotateWebhookSecret(tx, { workspaceId, endpointId, sealedSecret });
        if (row === null) throw notFound('webhook endpoint', endpointId);
        return { secret: value };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 200);
    })
    .openapi(removeRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const key = { workspaceId, endpointId: c.req.valid('param').id };
      const endpoint = await getWebhookEndpoint(db, key);
      if (endpoint === null) throw notFound('webhook endpoint', key.endpointId);
      await setWebhookEndpointActive(db, { ...key, active: false });
      return c.body(null, 204);
    });
}

function endpointView(row: WebhookEndpointRow): z.infer<typeof WebhookEndpoint> {
  const { id, kind, name, memberId, issuedBy, decisions: may, active, createdAt } = row;
  return {
    id,
    kind,
    name,
    memberId,
    issuedBy,
    active,
    createdAt,
    url: `/v1/webhooks/${id}`,
    decisions: may,
    secrets: row.secrets.map((one) => ({ createdAt: one.createdAt, expiresAt: one.expiresAt })),
  };
}
