import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { keyIdOf } from '../../../credentials/secret-box.ts';
import type { Db } from '../../../db/client.ts';
import { newId } from '../../../db/ids.ts';
import { inTransaction } from '../../../db/transaction.ts';
import {
  type ChannelAccountRow,
  insertChannelAccount,
  pageChannelAccounts,
} from '../../../db/workspace/channel-accounts.ts';
import { getMember } from '../../../db/workspace/members.ts';
import { ChannelId } from '../../../domain/channel/channels.ts';
import { Instant } from '../../../domain/instant.ts';
import { isTimeZone } from '../../../time/zoned-time.ts';
import {
  type AccountChange,
  AccountCredentials,
  changeAccount,
  sealedFor,
} from '../../accounts/account-change.ts';
import { readAccountInput } from '../../accounts/account-input.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { additionAnswers, changeAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const ChannelAccount = z
  .object({
    id: z.string(),
    channel: ChannelId,
    name: z.string(),
    zone: z.string().describe('IANA zone that wall times of its slots are read in'),
    ownerId: z.string().nullable(),
    settings: z.record(z.string(), z.unknown()).describe('of the channel; nothing in it is secret'),
    hasCredentials: z.boolean(),
    credentialsKeyId: z
      .string()
      .nullable()
      .describe('id of the key that the stored credentials are encrypted with'),
    tokenExpiresAt: z.string().nullable(),
    active: z.boolean(),
    createdAt: InstantText,
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
const tokenExpiresAt = Instant.nullable();

const settings = z
  .record(z.string().max(64), z.unknown())
  .describe('as the channel takes them: docs/channels.md');
const { credentials } = AccountCredentials.shape;

const NewChannelAccount = z
  .strictObject({
    channel: ChannelId,
    name,
    zone,
    settings: settings.default({}),
    credentials: credentials.nullable().default(null),
    ownerId: ownerId.default(null),
    tokenExpiresAt: tokenExpiresAt.default(null),
  })
  .meta({ id: 'NewChannelAccount' });

const ChannelAccountUpdate = z
  .strictObject({
    name,
    zone,
    ownerId,
    tokenExpiresAt,
    active: z.boolean(),
    settings: settings.describe(
      'replaces all of them; needs the credentials again, because they are sent where the settings say',
    ),
    credentials: credentials.nullable(),
  })
  .partial()
  .meta({ id: 'ChannelAccountUpdate' });

const NewCredentials = AccountCredentials.meta({ id: 'NewCredentials' });

const AccountParams = idParams('id of the account', 'cha_01KAMJ5SQ0');

const listRoute = createRoute({
  ...withKey('get', 'Administration'),
  path: '/v1/channel-accounts',
  operationId: 'listChannelAccounts',
  summary: 'Accounts to publish to, by channel and name',
  request: { query: z.strictObject({ channel: ChannelId.optional(), ...paging }) },
  responses: pageAnswers(ChannelAccount, 'A page of accounts'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Administration'),
  middleware: forRoles(['admin', 'social_media_manager']),
  path: '/v1/channel-accounts',
  operationId: 'addChannelAccount',
  summary: 'Add an account (admin or social media manager)',
  request: { body: body(NewChannelAccount) },
  responses: additionAnswers(ChannelAccount, 'Added', 'forbidden', 'not_found'),
});

const changeRoute = createRoute({
  ...withKey('patch', 'Administration'),
  middleware: forRoles(['admin', 'social_media_manager']),
  path: '/v1/channel-accounts/{id}',
  operationId: 'changeChannelAccount',
  summary: 'Change an account; nothing is planned on an inactive one',
  request: { params: AccountParams, body: body(ChannelAccountUpdate) },
  responses: changeAnswers(ChannelAccount, 'Changed', 'forbidden', 'not_found'),
});

const credentialsRoute = createRoute({
  ...idempotent('put', 'Administration'),
  middleware: forRoles(['admin', 'social_media_manager']),
  path: '/v1/channel-accounts/{id}/credentials',
  operationId: 'replaceChannelCredentials',
  summary: 'Replace the credentials of an account and when they expire',
  request: { params: AccountParams, body: body(NewCredentials) },
  responses: changeAnswers(ChannelAccount, 'Replaced', 'forbidden', 'not_found'),
});

export function channelAccountRoutes({
  db,
  secrets,
  accountFormOf,
}: Pick<ApiDeps, 'db' | 'secrets' | 'accountFormOf'>) {
  async function requireOwner(workspaceId: string, memberId: string | null | undefined) {
    if (memberId === null || memberId === undefined) return;
    if ((await getMember(db, { workspaceId, memberId })) !== null) return;
    throw invalidRequest([{ path: 'ownerId', message: 'is not a member of this workspace' }]);
  }

  const change = async (
    tx: Db,
    key: { workspaceId: string; channelAccountId: string },
    update: AccountChange,
  ) => accountView(await changeAccount(tx, { secrets, accountFormOf }, key, update));

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await pageChannelAccounts(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, accountView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const body = c.req.valid('json');
      const { settings = {}, credentials = null } = readAccountInput(accountFormOf, body, body);
      await requireOwner(workspaceId, body.ownerId);
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const id = newId('channelAccount');
        const account = { ...body, id, settings, credentials: sealedFor(secrets, id, credentials) };
        const row = await insertChannelAccount(tx, { workspaceId, ...account });
        return accountView(row);
      });
      return c.json(answer, 201);
    })
    .openapi(changeRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const body = c.req.valid('json');
      await requireOwner(workspaceId, body.ownerId);
      const channelAccountId = c.req.valid('param').id;
      const key = { workspaceId, channelAccountId };
      return c.json(await inTransaction(db, (tx) => change(tx, key, body)), 200);
    })
    .openapi(credentialsRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const channelAccountId = c.req.valid('param').id;
      const body = c.req.valid('json');
      const answer = await once(
        c,
        { db, status: 200 },
        async (tx) => await change(tx, { workspaceId, channelAccountId }, body),
      );
      return c.json(answer, 200);
    });
}

function accountView({
  workspaceId: _,
  credentials,
  ...account
}: ChannelAccountRow): z.infer<typeof ChannelAccount> {
  return {
    ...account,
    hasCredentials: credentials !== null,
    credentialsKeyId: credentials === null ? null : keyIdOf(credentials),
  };
}
