import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type ApiKeyInfo,
  createApiKey,
  listApiKeys,
  revokeApiKey,
} from '../../../db/workspace/api-keys.ts';
import { isIssuedByOther } from '../../../db/workspace/issued-credentials.ts';
import { getMember } from '../../../db/workspace/members.ts';
import { requireRoom } from '../../../db/workspace/quotas.ts';
import { Instant } from '../../../domain/instant.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { additionAnswers, pageAnswers, pageView, removalAnswers } from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const ApiKey = z
  .object({
    id: z.string(),
    memberId: z.string(),
    name: z.string(),
    expiresAt: z.string().nullable(),
    revokedAt: z.string().nullable(),
    lastUsedAt: z.string().nullable().describe('to the minute'),
    issuedBy: z
      .string()
      .nullable()
      .describe('the member who made it; null when the workspace was made with it'),
    issuedByOther: z
      .boolean()
      .describe('somebody else made it: what is done with it says so in the timeline (`via`)'),
    createdAt: InstantText,
  })
  .meta({ id: 'ApiKey' });

const NewApiKey = z
  .strictObject({
    memberId: z.string().min(1).max(64),
    name: z.string().trim().min(1).max(200),
    expiresAt: Instant.optional(),
  })
  .meta({ id: 'NewApiKey', example: { memberId: 'mbr_01KAMJ5SQ0', name: 'laptop' } });

const CreatedApiKey = z
  .object({ id: z.string(), key: z.string().describe('shown once; only its hash is stored') })
  .meta({ id: 'CreatedApiKey' });

const listRoute = createRoute({
  ...withKey('get', 'Administration'),
  path: '/v1/api-keys',
  operationId: 'listApiKeys',
  summary: 'Keys without their secrets, oldest first: an admin sees all, anyone else their own',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(ApiKey, 'A page of keys'),
});

const createKeyRoute = createRoute({
  ...idempotent('post', 'Administration'),
  middleware: forRoles(['admin']),
  path: '/v1/api-keys',
  operationId: 'createApiKey',
  summary: 'Make a key for a member',
  description:
    'With an `Idempotency-Key`, the same credential gets the same key again: the answer is kept encrypted under that credential.',
  request: { body: body(NewApiKey) },
  responses: additionAnswers(CreatedApiKey, 'Made', 'forbidden'),
});

const revokeRoute = createRoute({
  ...withKey('delete', 'Administration'),
  path: '/v1/api-keys/{id}',
  operationId: 'revokeApiKey',
  summary: 'End a key for good: any key as admin, otherwise your own',
  request: { params: idParams('id of the key', 'key_01KAMJ5SQ0') },
  responses: removalAnswers('Revoked'),
});

export function apiKeyRoutes({ db, settings }: Pick<ApiDeps, 'db' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId, memberId, roles } = c.get('caller');
      const own = roles.includes('admin') ? undefined : memberId;
      const page = await listApiKeys(db, {
        workspaceId,
        memberId: own,
        ...c.req.valid('query'),
      });
      return c.json(pageView(page, keyView), 200);
    })
    .openapi(createKeyRoute, async (c) => {
      const { workspaceId, memberId: issuedBy } = c.get('caller');
      const { memberId, name, expiresAt } = c.req.valid('json');
      const member = await getMember(db, { workspaceId, memberId });
      if (member === null || !member.active) {
        const message = 'is not an active member of this workspace';
        throw invalidRequest([{ path: 'memberId', message }]);
      }
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        // Inside, because a repetition may come after the instant has passed.
        if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) {
          throw invalidRequest([{ path: 'expiresAt', message: 'lies in the past' }]);
        }
        const limit = settings.quotas.apiKeys;
        await requireRoom(tx, { workspaceId, quota: 'apiKeys', limit });
        const key = { workspaceId, memberId, name, expiresAt: expiresAt ?? null, issuedBy };
        return await createApiKey(tx, key);
      });
      c.header('Cache-Control', 'no-store');
      return c.json(answer, 201);
    })
    .openapi(revokeRoute, async (c) => {
      const { workspaceId, memberId, roles } = c.get('caller');
      const { id: apiKeyId } = c.req.valid('param');
      const own = roles.includes('admin') ? undefined : memberId;
      const revoked = await revokeApiKey(db, { workspaceId, apiKeyId, memberId: own });
      if (!revoked) throw notFound('API key', apiKeyId);
      return c.body(null, 204);
    });
}

function keyView({ workspaceId: _, ...key }: ApiKeyInfo): z.infer<typeof ApiKey> {
  return { ...key, issuedByOther: isIssuedByOther(key) };
}
