import { randomBytes } from 'node:crypto';
import type { SecretBox } from '../../credentials/secret-box.ts';
import type { WebhookEndpointRow } from '../../db/workspace/webhook-endpoints.ts';

/** A new signing secret: 32 random bytes. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** What a webhook secret is sealed for: its endpoint and no other. */
export function webhookPurpose(endpointId: string): string {
  return `webhook secret of ${endpointId}`;
}

/** The secrets of an endpoint that are valid now. */
export function validSecrets(
  endpoint: Pick<WebhookEndpointRow, 'id' | 'secrets'>,
  { secrets, nowMs }: { secrets: SecretBox; nowMs: number },
): string[] {
  return endpoint.secrets
    .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > nowMs)
    .map(({ sealed }) => secrets.open(sealed, webhookPurpose(endpoint.id)));
}
