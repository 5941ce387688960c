import { createHmac } from 'node:crypto';
import { isSame } from './signature.ts';

const DELIVERY = /^[A-Za-z0-9_-]{1,64}$/;
const SIGNATURE = /^sha256=[0-9a-f]{64}$/;

/**
 * Verifies a delivery as GitHub signs it: HMAC-SHA256 over the body alone. Neither the id of the
 * delivery nor a time is under the signature: whoever saw a delivery could send it again under another
 * id, at any time (`findSameDelivery`). Bodies of commands that a repair wrote again are unknown.
 * @returns the id of the delivery, or null.
 */
export function verifyGithubDelivery(
  rawBody: Uint8Array,
  { id = '', signature = '' }: { id?: string | undefined; signature?: string | undefined },
  { secrets }: { secrets: readonly string[] },
): string | null {
  const matches = secrets
    .map((secret) => isSame(githubSignatureOf(rawBody, secret), signature))
    .includes(true);
  return matches && DELIVERY.test(id) && SIGNATURE.test(signature) ? id : null;
}

export function githubSignatureOf(rawBody: Uint8Array, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(rawBody).digest('hex')}`;
}
