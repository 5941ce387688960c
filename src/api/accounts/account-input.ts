import type { z } from 'zod';
import type { AccountForm } from '../../domain/channel/account-form.ts';
import type { ChannelId } from '../../domain/channel/channels.ts';
import type { ApiDeps } from '../deps.ts';
import { invalidRequest } from '../gates/errors.ts';

type Fields = Record<string, unknown>;

/** An account's settings and credentials, as its channel takes them. */
export interface AccountInput {
  settings?: Fields | undefined;
  /** Null removes them. */
  credentials?: Fields | null | undefined;
}

/**
 * Checks the fields by the channel's own form.
 * @returns what is stored: defaults are filled in.
 * @throws ApiError 400 naming every field; no value is repeated in it.
 */
export function readAccountInput(
  accountFormOf: ApiDeps['accountFormOf'],
  { channel, name }: { channel: ChannelId; name: string },
  { settings, credentials }: AccountInput,
): AccountInput {
  if (settings === undefined && credentials === undefined) return {};
  const form = accountFormOf(channel);
  if (form === null) return refuseFields(channel, { settings, credentials });
  return {
    ...(settings !== undefined && {
      settings: parse('settings', form.settings, { ...form.settingsByName?.(name), ...settings }),
    }),
    ...(credentials !== undefined && { credentials: parseCredentials(channel, form, credentials) }),
  };
}

/** Nobody knows yet what an account of this channel is described by. */
function refuseFields(
  channel: ChannelId,
  { settings = {}, credentials = null }: AccountInput,
): AccountInput {
  const message = `nothing publishes to ${channel} yet, so its accounts take none`;
  const issues = [
    ...(Object.keys(settings).length > 0 ? [{ path: 'settings', message }] : []),
    ...(credentials === null ? [] : [{ path: 'credentials', message }]),
  ];
  if (issues.length > 0) throw invalidRequest(issues);
  return { settings: {}, credentials: null };
}

function parseCredentials(
  channel: ChannelId,
  form: AccountForm,
  credentials: Fields | null,
): Fields | null {
  if (credentials === null) return null;
  if (form.credentials === null) {
    const message = `accounts of ${channel} have no credentials`;
    throw invalidRequest([{ path: 'credentials', message }]);
  }
  return parse('credentials', form.credentials, credentials);
}

function parse(path: string, schema: z.ZodType<Fields>, fields: Fields): Fields {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw invalidRequest(
    parsed.error.issues.map((issue) => ({
      path: [path, ...issue.path].join('.'),
      message: issue.message,
    })),
  );
}
