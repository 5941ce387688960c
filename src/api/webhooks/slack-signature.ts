import { createHmac } from 'node:crypto';
import { isFresh, isSame } from './signature.ts';

const TIMESTAMP = /^\d{1,12}$/;
const SIGNATURE = /^v0=[0-9a-f]{64}$/;

/**
 * Whether Slack signed a request: HMAC-SHA256 over `v0:timestamp:rawBody` by the signing secret of the
 * app, timestamp within five minutes (https://docs.slack.dev/authentication/verifying-requests-from-slack).
 */
export function isSignedBySlack(
  rawBody: Uint8Array,
  {
    timestamp = '',
    signature = '',
  }: { timestamp?: string | undefined; signature?: string | undefined },
  { secrets, nowMs }: { secrets: readonly string[]; nowMs: number },
): boolean {
  // Computed in every case, so that a malformed header takes as long as a wrong signature.
  const matches = secrets
    .map((secret) => isSame(slackSignatureOf(rawBody, timestamp, secret), signature))
    .includes(true);
  const isWellFormed = TIMESTAMP.test(timestamp) && SIGNATURE.test(signature);
  return isWellFormed && matches && isFresh(timestamp, nowMs);
}

export function slackSignatureOf(rawBody: Uint8Array, timestamp: string, secret: string): string {
  const mac = createHmac('sha256', secret).update(`v0:${timestamp}:`, 'utf8').update(rawBody);
  return `v0=${mac.digest('hex')}`;
}
