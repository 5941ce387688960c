import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ChannelAccount } from '../channel.ts';

const ORIGIN_RULE = 'is the address of a server, such as https://bsky.social';

const service = z
  .url({ protocol: /^https?$/, error: ORIGIN_RULE, abort: true })
  .max(300)
  .refine((text) => new URL(text).href === `${new URL(text).origin}/`, ORIGIN_RULE)
  .transform((text) => new URL(text).origin);

const Handle = z
  .string()
  .trim()
  .regex(/^(@?[a-z0-9.-]{3,253}|did:[a-z]+:[\w.:%-]{1,200})$/i, 'is a handle or a DID');

export const BlueskySettings = z.strictObject({
  /** The account's personal data server (PDS). */
  service: service.default('https://bsky.social'),
  /** Handle or DID to log in as. */
  handle: Handle.optional(),
});

/** An account that is called like a handle logs in as it, now and under every later name. */
export function settingsByName(name: string): { handle?: string } {
  return Handle.safeParse(name).success ? { handle: name } : {};
}

export const BlueskyCredentials = z.strictObject({
  /** An app password, made for Baton under Settings → Privacy and security → App passwords. */
  appPassword: z.string().min(1).max(200),
});

/** Where and as whom to log in. */
export interface BlueskyLogin {
  channelAccountId: string;
  service: string;
  identifier: string;
  appPassword: string;
  /** Differs for every other server, name or password: a session of another login is no session of this one. */
  fingerprint: string;
}

/** @returns what is missing, in words, when the account cannot log in. */
export function loginOf(account: ChannelAccount): BlueskyLogin | string {
  const settings = BlueskySettings.safeParse(account.settings);
  if (!settings.success) return 'the settings of the account are not those of Bluesky';
  if (account.credentials === null) return 'no app password is stored for the account';
  const credentials = BlueskyCredentials.safeParse(account.credentials);
  if (!credentials.success) return 'the stored credentials are not those of Bluesky';
  const { service, handle } = settings.data;
  if (handle === undefined) return 'settings.handle is missing: whom to log in as';
  const { appPassword } = credentials.data;
  const identifier = handle.replace(/^@/, '');
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([service, identifier, appPassword]))
    .digest('base64url');
  return { channelAccountId: account.id, service, identifier, appPassword, fingerprint };
}
