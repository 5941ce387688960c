import { z } from '@hono/zod-openapi';
import { sealCredentials } from '../../credentials/account-credentials.ts';
import type { Db } from '../../db/client.ts';
import { deleteChannelSession } from '../../db/publishing/channel-sessions.ts';
import { deleteCredentialRefusal } from '../../db/publishing/credential-refusals.ts';
import {
  type ChannelAccountChange,
  type ChannelAccountRow,
  getChannelAccount,
  updateChannelAccount,
} from '../../db/workspace/channel-accounts.ts';
import { forgetRefusalsOfAccount } from '../../db/workspace/metric-source-health.ts';
import { Instant } from '../../domain/instant.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidRequest, notFound } from '../gates/errors.ts';
import { type AccountInput, readAccountInput } from './account-input.ts';

/** Credentials of an account, and when they expire. */
export const AccountCredentials = z.strictObject({
  credentials: z
    .record(z.string().max(64), z.unknown())
    .describe('as the channel takes them: docs/channels.md; stored encrypted, never shown again'),
  tokenExpiresAt: Instant.nullable().default(null),
});

type Keeper = Pick<ApiDeps, 'secrets' | 'accountFormOf'>;
export type AccountChange = AccountInput & {
  [K in keyof Omit<ChannelAccountChange, 'settings' | 'credentials'>]?:
    | ChannelAccountChange[K]
    | undefined;
};

/**
 * The account with what was sent, checked by its channel's form and sealed.
 * @throws ApiError
 */
export async function changeAccount(
  tx: Db,
  { secrets, accountFormOf }: Keeper,
  key: { workspaceId: string; channelAccountId: string },
  { settings, credentials, ...rest }: AccountChange,
): Promise<ChannelAccountRow> {
  const current = await getChannelAccount(tx, key, { lock: true });
  if (current === null) throw notFound('channel account', key.channelAccountId);
  if (settings !== undefined && credentials === undefined && current.credentials !== null) {
    const message = 'are needed again with other settings: they are sent where the settings say';
    throw invalidRequest([{ path: 'credentials', message }]);
  }
  const read = readAccountInput(accountFormOf, current, { settings, credentials });
  if (Object.keys(read).length > 0) await deleteChannelSession(tx, key);
  if (read.credentials !== undefined) {
    await deleteCredentialRefusal(tx, key);
    await forgetRefusalsOfAccount(tx, key);
  }
  const row = await updateChannelAccount(tx, {
    ...key,
    change: {
      ...givenFields(rest),
      ...(read.settings !== undefined && { settings: read.settings }),
      ...(read.credentials !== undefined && {
        credentials: sealedFor(secrets, current.id, read.credentials),
      }),
    },
  });
  // Its row is locked since it was read.
  return row ?? current;
}

export function sealedFor(
  secrets: Keeper['secrets'],
  id: string,
  plain: Record<string, unknown> | null,
): string | null {
  return plain === null ? null : sealCredentials(secrets, { id, credentials: plain });
}

function givenFields(body: object): ChannelAccountChange {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}
