import { Webhook } from 'standardwebhooks';

/** Headers of a signed call, as Standard Webhooks names them. */
export interface WebhookHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
}

const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Signs a call by Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.
 *
 * @param call `secret` starts with `whsec_`; `body` is sent exactly as it was signed; `id` names the
 * delivery (the same id again is the same delivery); `timestamp` is the time of sending, now when
 * left out.
 * @throws TypeError naming the field that cannot be signed with.
 */
export function signWebhook(call: {
  secret: string;
  body: string;
  id: string;
  timestamp?: Date | undefined;
}): WebhookHeaders {
  const { secret, body, id, timestamp = new Date() } = call;
  if (!SECRET.test(secret)) throw new TypeError('secret: must be whsec_ followed by base64');
  if (!ID.test(id)) throw new TypeError('id: must be 1 to 64 letters, digits, _ or -');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, timestamp, body),
  };
}
