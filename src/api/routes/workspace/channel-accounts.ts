import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { sealCredentials } from '../../../credentials/account-credentials.ts';
import { keyIdOf } from '../../../credentials/secret-box.ts';
import type { Db } from '../../../db/client.ts';
import { newId } from '../../../db/ids.ts';
import { deleteChannelSession } from '../../../db/publishing/channel-sessions.ts';
import { deleteCredentialRefusal } from '../../../db/publishing/credential-refusals.ts';
import { inTransaction } from '../../../db/transaction.ts';
import {
  type ChannelAccountChange,
  type ChannelAccountRow,
  getChannelAccount,
  insertChannelAccount,
  pageChannelAccounts,
  updateChannelAccount,
} from '../../../db/workspace/channel-accounts.ts';
import { getMember } from '../../../db/workspace/members.ts';
import { ChannelId } from '../../../domain/channel/channels.ts';
import { Instant } from '../../../domain/instant.ts';
import { isTimeZone } from '../../../time/zoned-time.ts';
import { readAccountInput } from '../../account-input.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound } from '../../gates/errors.ts';
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
const credentials = z
  .record(z.string().max(64), z.unknown())
  .describe('as the channel takes them: docs/channels.md; stored encrypted, never shown again');

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

const NewCredentials = z
  .strictObject({ credentials, tokenExpiresAt: tokenExpiresAt.default(null) })
  .meta({ id: 'NewCredentials' });

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

  /** The account with what was body, checked by its channel's form and sealed. */
  async function change(
    tx: Db,
    key: { workspaceId: string; channelAccountId: string },
    { settings, credentials, ...rest }: z.infer<typeof ChannelAccountUpdate>,
  ): Promise<z.infer<typeof ChannelAccount>> {
    const current = await getChannelAccount(tx, key, { lock: true });
    if (current === null) throw notFound('channel account', key.channelAccountId);
    if (settings !== undefined && credentials === undefined && current.credentials !== null) {
      const message = 'are needed again with other settings: they are sent where the settings say';
      throw invalidRequest([{ path: 'credentials', message }]);
    }
    const read = readAccountInput(accountFormOf, current, { settings, credentials });
    if (Object.keys(read).length > 0) await deleteChannelSession(tx, key);
    if (read.credentials !== undefined) await deleteCredentialRefusal(tx, key);
    const row = await updateChannelAccount(tx, {
      ...key,
      change: {
        ...changeOf(rest),
        ...(read.settings !== undefined && { settings: read.settings }),
        ...(read.credentials !== undefined && {
          credentials: sealed(current.id, read.credentials),
        }),
      },
    });
    // Its row is locked since it was read.
    return accountView(row ?? current);
  }

  function sealed(id: string, plain: Record<string, unknown> | null): string | null {
    return plain === null ? null : sealCredentials(secrets, { id, credentials: plain });
  }

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
        const account = { ...body, id, settings, credentials: sealed(id, credentials) };
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

/** Only the fields that were body. */
function changeOf(body: object): ChannelAccountChange {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
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
