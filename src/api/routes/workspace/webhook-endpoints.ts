import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { newWebhookSecret, webhookPurpose } from '../../../credentials/signing-secrets.ts';
import { newId } from '../../../db/ids.ts';
import { getMember, listMembers, type MemberRow } from '../../../db/workspace/members.ts';
import { requireRoom } from '../../../db/workspace/quotas.ts';
import {
  getWebhookEndpoint,
  insertWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
  setWebhookEndpointActive,
  setWebhookUsers,
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

const MAX_USERS = 500;
const Users = z
  .record(
    z
      .string()
      .regex(/^[A-Z0-9]{1,40}$/, 'is the id of a user in Slack')
      .max(40),
    z.string().min(1).max(64),
  )
  .refine((users) => Object.keys(users).length <= MAX_USERS, `has at most ${MAX_USERS} users`)
  .meta({ id: 'WebhookUsers', maxProperties: MAX_USERS, example: { U0123ABCD: 'mbr_01KAMJ5SQ0' } });

const decisions = z.array(z.enum(WEBHOOK_DECISIONS)).min(1).max(WEBHOOK_DECISIONS.length);

const WebhookEndpoint = z
  .object({
    id: z.string(),
    url: z.string().describe('path to post deliveries to'),
    kind: z.enum(['standard', 'slack', 'github']),
    name: z.string(),
    memberId: z
      .string()
      .nullable()
      .describe('the member it acts for; null for Slack, where it depends on who clicks'),
    users: Users.optional().describe('of Slack: member ids by the ids of its users'),
    issuedBy: z.string().nullable().describe('the member who made it'),
    decisions,
    active: z.boolean(),
    secrets: z
      .array(z.object({ createdAt: z.string(), expiresAt: z.string().nullable() }))
      .describe('newest first, without their values'),
    createdAt: InstantText,
  })
  .meta({ id: 'WebhookEndpoint' });

const memberId = z.string().min(1).max(64);
const common = { decisions, name: z.string().trim().min(1).max(200).default('webhook') };
/** Printable ASCII: what it signs is the same in every program. */
const givenSecret = z
  .string()
  .regex(/^[\x21-\x7e]{16,256}$/, 'is 16 to 256 visible ASCII characters')
  .max(256)
  .optional()
  .describe(
    'of the program that signs, such as the signing secret of a Slack app; made when left out',
  );

const NewWebhookEndpoint = z
  .union([
    z.strictObject({ kind: z.literal('standard').default('standard'), memberId, ...common }),
    z.strictObject({ kind: z.literal('github'), memberId, secret: givenSecret, ...common }),
    z.strictObject({
      kind: z.literal('slack'),
      users: Users.default({}),
      secret: givenSecret,
      ...common,
    }),
  ])
  .meta({
    id: 'NewWebhookEndpoint',
    example: { memberId: 'mbr_01KAMJ5SQ0', decisions: ['decide_approval'], name: 'legal desk' },
  });

const secret = z.string().describe('shown once; `whsec_…` where it was made here');
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

const RotationBody = z.strictObject({ secret: givenSecret }).meta({ id: 'WebhookRotation' });
const UsersBody = z.strictObject({ users: Users }).meta({ id: 'NewWebhookUsers' });

const usersRoute = createRoute({
  ...idempotent('put', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-endpoints/{id}/users',
  operationId: 'setWebhookUsers',
  summary: 'Say which user of Slack is which member, for all of them (admin)',
  request: { params: EndpointParams, body: body(UsersBody) },
  responses: changeAnswers(WebhookEndpoint, 'The endpoint', 'forbidden', 'not_found'),
});

const rotateRoute = createRoute({
  ...idempotent('post', 'Webhooks'),
  middleware: forRoles(['admin']),
  path: '/v1/webhook-endpoints/{id}/rotate',
  operationId: 'rotateWebhookSecret',
  summary: 'Make a new secret; the one before stays valid for 24 hours (admin)',
  description: 'A Slack app makes its signing secret itself: state the new one as `secret`.',
  request: { params: EndpointParams, body: body(RotationBody, {}) },
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
      if (body.kind === 'slack') await requireMembers(workspaceId, body.users);
      else await requireMember({ workspaceId, memberId: body.memberId }, 'memberId');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const limit = settings.quotas.webhookEndpoints;
        await requireRoom(tx, { workspaceId, quota: 'webhookEndpoints', limit });
        const id = newId('webhookEndpoint');
        const { secret: given, ...settled } = { secret: undefined, ...body };
        const value = given ?? newWebhookSecret();
        const sealedSecret = secrets.seal(value, webhookPurpose(id));
        const made = { memberId: null, ...settled, workspaceId, id, sealedSecret, issuedBy };
        const row = await insertWebhookEndpoint(tx, made);
        return { ...endpointView(row), secret: value };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 201);
    })
    .openapi(rotateRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: endpointId } = c.req.valid('param');
      const { secret: given } = c.req.valid('json');
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const endpoint = await getWebhookEndpoint(tx, { workspaceId, endpointId });
        if (endpoint?.kind === 'standard' && given !== undefined) {
          const message = 'is made here for an endpoint of Standard Webhooks';
          throw invalidRequest([{ path: 'secret', message }]);
        }
        const value = given ?? newWebhookSecret();
        const sealedSecret = secrets.seal(value, webhookPurpose(endpointId));
        const row = await rotateWebhookSecret(tx, { workspaceId, endpointId, sealedSecret });
        if (row === null) throw notFound('webhook endpoint', endpointId);
        return { secret: value };
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 200);
    })
    .openapi(usersRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: endpointId } = c.req.valid('param');
      const { users } = c.req.valid('json');
      await requireMembers(workspaceId, users);
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const row = await setWebhookUsers(tx, { workspaceId, endpointId, users });
        if (row === null) throw notFound('webhook endpoint for Slack', endpointId);
        return endpointView(row);
      });
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

  /** @throws ApiError `invalid_request` */
  async function requireMember(key: { workspaceId: string; memberId: string }, path: string) {
    const member = await getMember(db, key);
    if (member?.active !== true) throw invalidRequest([{ path, message: NO_MEMBER }]);
  }

  /** @throws ApiError `invalid_request` */
  async function requireMembers(workspaceId: string, users: Record<string, string>) {
    const active = new Set((await listMembers(db, { workspaceId })).flatMap(activeId));
    const issues = Object.entries(users)
      .filter(([, id]) => !active.has(id))
      .map(([user]) => ({ path: `users.${user}`, message: NO_MEMBER }));
    if (issues.length > 0) throw invalidRequest(issues);
  }
}

const NO_MEMBER = 'is not an active member of this workspace';

function activeId({ id, active }: MemberRow): string[] {
  return active ? [id] : [];
}

function endpointView(row: WebhookEndpointRow): z.infer<typeof WebhookEndpoint> {
  const { id, kind, name, memberId, issuedBy, decisions: may, active, createdAt } = row;
  return {
    id,
    kind,
    name,
    memberId,
    ...(kind === 'slack' && { users: row.users }),
    issuedBy,
    active,
    createdAt,
    url: `/v1/webhooks/${id}`,
    decisions: may,
    secrets: row.secrets.map((one) => ({ createdAt: one.createdAt, expiresAt: one.expiresAt })),
  };
}
