import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type ChannelAccountChange,
  type ChannelAccountRow,
  insertChannelAccount,
  listChannelAccounts,
  updateChannelAccount,
} from '../../db/channel-accounts.ts';
import { getMember } from '../../db/members.ts';
import { ChannelId } from '../../domain/channels.ts';
import { isTimeZone } from '../../time/zoned-time.ts';
import type { ApiEnv } from '../context.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidRequest, notFound, problems } from '../errors.ts';
import { once } from '../idempotency.ts';
import { requireRole } from '../require-role.ts';
import { answers, body, IDEMPOTENT, idParams, WITH_KEY, wholeList } from '../route-parts.ts';

const ChannelAccount = z
  .object({
    id: z.string(),
    channel: ChannelId,
    name: z.string(),
    zone: z.string().describe('IANA zone that wall times of its slots are read in'),
    ownerId: z.string().nullable(),
    tokenExpiresAt: z.string().nullable(),
    active: z.boolean(),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'ChannelAccount' });

const zone = z
  .string()
  .min(1)
  .max(64)
  .refine(isTimeZone, 'is not an IANA time zone')
  .meta({ example: 'Europe/Paris' });
const name = z.string().trim().min(1).max(200);
const ownerId = z.string().min(1).max(64).nullable();
const tokenExpiresAt = z.iso.datetime().nullable();

const NewChannelAccount = z
  .strictObject({
    channel: ChannelId,
    name,
    zone,
    ownerId: ownerId.default(null),
    tokenExpiresAt: tokenExpiresAt.default(null),
  })
  .meta({ id: 'NewChannelAccount' });

const ChannelAccountUpdate = z
  .strictObject({ name, zone, ownerId, tokenExpiresAt, active: z.boolean() })
  .partial()
  .meta({ id: 'ChannelAccountUpdate' });

const writeProblems = problems(
  'invalid_request',
  'malformed_json',
  'unauthenticated',
  'forbidden',
  'not_found',
  'request_timeout',
  'idempotency_conflict',
  'conflict',
  'payload_too_large',
  'unsupported_media_type',
);

const common = { tags: ['Administration'], security: WITH_KEY };

const listRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/channel-accounts',
  operationId: 'listChannelAccounts',
  summary: 'Accounts to publish to, by channel and name',
  request: { query: z.strictObject({ channel: ChannelId.optional() }) },
  responses: {
    200: answers(
      z.object({ items: z.array(ChannelAccount), nextCursor: z.null() }),
      'Every account',
    ),
    ...problems('invalid_request', 'unauthenticated'),
  },
});

const addRoute = createRoute({
  ...common,
  method: 'post',
  path: '/v1/channel-accounts',
  operationId: 'addChannelAccount',
  summary: 'Add an account (admin or social media manager)',
  parameters: IDEMPOTENT,
  request: { body: body(NewChannelAccount) },
  responses: { 201: answers(ChannelAccount, 'Added'), ...writeProblems },
});

const changeRoute = createRoute({
  ...common,
  method: 'patch',
  path: '/v1/channel-accounts/{id}',
  operationId: 'changeChannelAccount',
  summary: 'Change an account; nothing is planned on an inactive one',
  request: {
    params: idParams('id of the account', 'cha_01KAMJ5SQ0'),
    body: body(ChannelAccountUpdate),
  },
  responses: { 200: answers(ChannelAccount, 'Changed'), ...writeProblems },
});

export function channelAccountRoutes({ db }: Pick<ApiDeps, 'db'>) {
  async function requireOwner(workspaceId: string, memberId: string | null | undefined) {
    if (memberId === null || memberId === undefined) return;
    if ((await getMember(db, { workspaceId, memberId })) !== null) return;
    throw invalidRequest([{ path: 'ownerId', message: 'is not a member of this workspace' }]);
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const rows = await listChannelAccounts(db, { workspaceId, ...c.req.valid('query') });
      return c.json(wholeList(rows.map(accountView)), 200);
    })
    .openapi(addRoute, async (c) => {
      const caller = c.get('caller');
      requireRole(caller, ['admin', 'social_media_manager']);
      const { workspaceId } = caller;
      const given = c.req.valid('json');
      await requireOwner(workspaceId, given.ownerId);
      const answer = await once(c, db, async (tx) => ({
        status: 201 as const,
        body: accountView(await insertChannelAccount(tx, { workspaceId, ...given })),
      }));
      return c.json(answer.body, 201);
    })
    .openapi(changeRoute, async (c) => {
      const caller = c.get('caller');
      requireRole(caller, ['admin', 'social_media_manager']);
      const { workspaceId } = caller;
      const { id: channelAccountId } = c.req.valid('param');
      const given = c.req.valid('json');
      await requireOwner(workspaceId, given.ownerId);
      const change = changeOf(given);
      const row = await updateChannelAccount(db, { workspaceId, channelAccountId, change });
      if (row === null) throw notFound('channel account', channelAccountId);
      return c.json(accountView(row), 200);
    });
}

/** Only the fields that were given. */
function changeOf(given: z.infer<typeof ChannelAccountUpdate>): ChannelAccountChange {
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as ChannelAccountChange;
}

/** Settings stay inside: a channel may keep there what is nobody else's business. */
function accountView({
  workspaceId: _,
  settings: __,
  credentials: ___,
  ...account
}: ChannelAccountRow): z.infer<typeof ChannelAccount> {
  return account;
}
