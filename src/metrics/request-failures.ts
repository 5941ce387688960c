import {
  type HttpOutcome,
  type NotSentCode,
  REFUSED_ADDRESS_CODES,
  retryAfterMs,
} from '../http/http-outcome.ts';
import type { SourceFailure } from './source-kind.ts';

const ADDRESS_CODES: ReadonlySet<NotSentCode> = new Set(REFUSED_ADDRESS_CODES);
/** A source that throttles without saying for how long. */
const THROTTLE_WAIT_MS = 60_000;
/** A source whose clock is broken must not silence itself for years. */
export const LONGEST_WAIT_MS = 24 * 3_600_000;

/** What a request without a usable answer means, by the statuses that mean the same everywhere. */
export function failureOf(outcome: HttpOutcome, now: number): SourceFailure {
  switch (outcome.kind) {
    case 'not_sent':
      return { unavailable: outcome.message, retry: !ADDRESS_CODES.has(outcome.code) };
    case 'unknown':
      return { unavailable: outcome.message, retry: true };
    case 'response':
      return statusFailure(outcome, now);
  }
}

function statusFailure(
  { status, headers }: Extract<HttpOutcome, { kind: 'response' }>,
  now: number,
): SourceFailure {
  const unavailable = `it answered ${status}`;
  if (status === 401 || status === 403) {
    return { unavailable, retry: false, credentialsRefused: true };
  }
  const waitMs = retryAfterMs(headers, now) ?? (status === 429 ? THROTTLE_WAIT_MS : null);
  return {
    unavailable,
    retry: status >= 500 || status === 408 || status === 425 || status === 429,
    ...(waitMs !== null && { retryAfterMs: Math.min(waitMs, LONGEST_WAIT_MS) }),
  };
}
