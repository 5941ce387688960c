import { randomBytes } from 'node:crypto';
import type { SecretBox } from './secret-box.ts';

/** A new signing secret: 32 random bytes. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** What a webhook secret is sealed for: its endpoint or subscription, and no other. */
export function webhookPurpose(ownerId: string): string {
  return `webhook secret of ${ownerId}`;
}

/** A stored secret. */
interface Stored {
  sealed: string;
  /** Null for the newest. */
  expiresAt: string | null;
}

/** The secrets of an endpoint or subscription that are valid now. */
export function validSecrets(
  owner: { id: string; secrets: readonly Stored[] },
  { secrets, nowMs }: { secrets: SecretBox; nowMs: number },
): string[] {
  return owner.secrets
    .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs)
    .map(({ sealed }) => secrets.open(sealed, webhookPurpose(owner.id)));
}
