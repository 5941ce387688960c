import { z } from 'zod';
import { type SecretBox, SecretUnreadable } from './secret-box.ts';

/** What an account's credentials are sealed for: that account and no other. */
export function credentialsPurpose(channelAccountId: string): string {
  return `credentials of ${channelAccountId}`;
}

export type Credentials = Readonly<Record<string, unknown>>;

const Sealed = z.record(z.string(), z.unknown());

/** Sealed form of an account's credentials, for its row. */
export function sealCredentials(
  secrets: SecretBox,
  { id, credentials }: { id: string; credentials: Credentials },
): string {
  return secrets.seal(JSON.stringify(credentials), credentialsPurpose(id));
}

/**
 * An account's credentials in the clear; null where none are stored.
 * @throws SecretUnreadable when the key they were sealed with is gone, or the row was altered.
 */
export function openCredentials(
  secrets: SecretBox,
  { id, credentials }: { id: string; credentials: string | null },
): Credentials | null {
  return credentials === null
    ? null
    : Sealed.parse(JSON.parse(secrets.open(credentials, credentialsPurpose(id))));
}

/** What an account's session is sealed for. */
export function sessionPurpose(channelAccountId: string): string {
  return `session of ${channelAccountId}`;
}

export function sealSession(
  secrets: SecretBox,
  { id, session }: { id: string; session: string },
): string {
  return secrets.seal(session, sessionPurpose(id));
}

/** @returns null for a session that cannot be opened: another one can be had for the credentials. */
export function openSession(
  secrets: SecretBox,
  { id, sealed }: { id: string; sealed: string | null },
): string | null {
  if (sealed === null) return null;
  try {
    return secrets.open(sealed, sessionPurpose(id));
  } catch (error) {
    if (error instanceof SecretUnreadable) return null;
    throw error;
  }
}
