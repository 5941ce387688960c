import { errorOf } from './answers.ts';
import type { CommandApplied, WebhookCall } from './api-types.ts';
import { BatonPendingError } from './errors.ts';
import { pause } from './pause.ts';
import { randomId } from './random-id.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { signWebhook } from './webhook-signature.ts';

/** A decision on its way to an endpoint. */
export type WebhookDelivery = Omit<TransportOptions, 'key'> & {
  /** Address of the endpoint, `<base>/v1/webhooks/<endpointId>`. */
  address: string;
  /** `whsec_…` of the endpoint. */
  secret: string;
  call: WebhookCall;
  /** Names the delivery: the same id again is the same decision. A new one when left out. */
  id?: string | undefined;
  /** Milliseconds that the decision may wait for its verdict; default 30,000. */
  verdictWithinMs?: number | undefined;
};

const VERDICT_WITHIN_MS = 30_000;
const REPEAT_MS = 500;

/**
 * Signs a decision and sends it. While the answer is "pending" the same delivery is repeated, freshly
 * signed, as any sender of webhooks would: it gets the verdict of the first one.
 *
 * @throws BatonError with the unmet requirements when the decision is refused; BatonUnreachableError;
 * BatonPendingError when there is no verdict in time.
 */
export async function sendWebhook(delivery: WebhookDelivery): Promise<CommandApplied> {
  const { address, secret, call, id = `msg_${randomId()}` } = delivery;
  const { verdictWithinMs = VERDICT_WITHIN_MS } = delivery;
  const send = createTransport({ fetch: delivery.fetch, timeoutMs: delivery.timeoutMs });
  const body = JSON.stringify(call);
  const deadline = Date.now() + verdictWithinMs;
  for (;;) {
    const reply = await send(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signWebhook({ secret, body, id }) },
      body,
    });
    if (!reply.ok) throw await errorOf(reply);
    // The route answers 200 with what was applied, else 202 until there is a verdict.
    const answer = (await reply.json()) as CommandApplied;
    if (reply.status !== 202) return answer;
    if (Date.now() + REPEAT_MS > deadline) {
      throw new BatonPendingError(answer.commandId, verdictWithinMs);
    }
    await pause(REPEAT_MS);
  }
}
