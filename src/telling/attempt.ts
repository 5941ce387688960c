import { Webhook } from 'standardwebhooks';
import type { AttemptRecord } from '../domain/outbound/delivery.ts';
import type { HttpClient } from '../http/http-client.ts';
import { type HttpOutcome, retryAfterMs } from '../http/http-outcome.ts';

export const ATTEMPT_TIMEOUT_MS = 15_000;
/** What is kept of an answer. */
const ANSWER_BYTES = 2_048;
const ERROR_LENGTH = 300;
const GONE = 410;

export interface Attempt {
  record: AttemptRecord;
  delivered: boolean;
  /** The receiver wants nothing more. */
  gone: boolean;
  /** What it asks to wait; null for nothing. */
  retryAfterMs: number | null;
  /** Why nothing was sent, for the log alone: it may tell of keys. */
  unsigned?: unknown;
}

/**
 * Posts one event, signed with every secret that is valid now. Only 2xx is success; how often it was
 * tried before changes nothing that is sent but the time.
 * @param openSecrets may throw, which is a failure like any other: it is tried again, and ends.
 */
export async function attemptDelivery(
  http: Pick<HttpClient, 'request'>,
  {
    url,
    openSecrets,
    eventId,
    body,
  }: { url: string; openSecrets: () => string[]; eventId: string; body: string },
): Promise<Attempt> {
  const at = new Date();
  const started = performance.now();
  let signature: string;
  try {
    signature = openSecrets()
      .map((secret) => new Webhook(secret).sign(eventId, at, body))
      .join(' ');
  } catch (unsigned) {
    return {
      delivered: false,
      gone: false,
      retryAfterMs: null,
      record: { at: at.toISOString(), ms: 0, error: 'the event could not be signed' },
      unsigned,
    };
  }
  const outcome = await http.request({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': signature,
    },
    body,
    timeoutMs: ATTEMPT_TIMEOUT_MS,
  });
  const status = statusOf(outcome);
  const delivered = status !== undefined && status >= 200 && status < 300;
  return {
    delivered,
    gone: status === GONE,
    retryAfterMs: outcome.kind === 'response' ? retryAfterMs(outcome.headers, Date.now()) : null,
    record: {
      at: at.toISOString(),
      ms: Math.round(performance.now() - started),
      ...(status !== undefined && { status }),
      ...(outcome.kind !== 'response' && !delivered && { error: errorOf(outcome) }),
      ...(outcome.kind === 'response' &&
        outcome.body.length > 0 && { answer: textOf(outcome.body) }),
    },
  };
}

function statusOf(outcome: HttpOutcome): number | undefined {
  if (outcome.kind === 'not_sent') return undefined;
  return outcome.status;
}

function errorOf({ code, message }: { code: string; message: string }): string {
  return `${code}: ${message}`.slice(0, ERROR_LENGTH);
}

/** Whatever the bytes are; PostgreSQL text holds no NUL. */
function textOf(body: Buffer): string {
  return body.subarray(0, ANSWER_BYTES).toString('utf8').replaceAll('\0', '\uFFFD');
}
