import {
  type HttpResponse,
  type NotSent,
  type NotSentCode,
  REFUSED_ADDRESS_CODES,
  retryAfterMs,
  type Unknown,
  type UnknownCode,
} from '../http/http-outcome.ts';
import type {
  LookupOutcome,
  PublishOutcome,
  RejectionCode,
  UnknownOutcomeCode,
} from './channel.ts';

export type FailedOutcome = Exclude<PublishOutcome, { outcome: 'published' }>;

const UNREACHABLE_WAIT_MS = 5_000;
const RATE_LIMIT_WAIT_MS = 60_000;

const ADDRESS_CODES: ReadonlySet<NotSentCode> = new Set(REFUSED_ADDRESS_CODES);

/** Of a request that never reached the network. */
export function notSentOutcome({ code, message }: NotSent): FailedOutcome {
  return ADDRESS_CODES.has(code)
    ? { outcome: 'rejected', code: 'not_permitted', message }
    : unreachable(message);
}

/** Nothing was posted, and the same send may succeed later. */
export function unreachable(
  message: string,
  waitMs = UNREACHABLE_WAIT_MS,
): Extract<PublishOutcome, { outcome: 'retryable' }> {
  return { outcome: 'retryable', code: 'unreachable', message, retryAfterMs: waitMs };
}

type Rejections = Readonly<Record<number, RejectionCode>>;

/** Statuses that mean the same to every network. */
const REJECTIONS: Rejections = {
  400: 'content_refused',
  401: 'credentials_refused',
  403: 'not_permitted',
  413: 'content_too_large',
  415: 'content_refused',
  422: 'content_refused',
};

/**
 * Of an answer that is no success. Only statuses whose meaning is documented are final; any other may hide an
 * accepted post.
 * @param own what further statuses mean to this network.
 */
export function refusedOutcome(
  { status, headers }: HttpResponse,
  message: string,
  own: { rejections: Rejections; waitMs?: number },
): FailedOutcome {
  const code = own.rejections[status] ?? REJECTIONS[status];
  if (code !== undefined) return { outcome: 'rejected', code, message };
  if (status === 429) {
    const waitMs = own.waitMs ?? rateLimitWaitMs(headers);
    return { outcome: 'retryable', code: 'rate_limited', message, retryAfterMs: waitMs };
  }
  return { outcome: 'unknown', code: status >= 500 ? 'server_error' : 'answer_unusable', message };
}

/** How long a network that answered 429 wants no request. */
export function rateLimitWaitMs(headers: HttpResponse['headers']): number {
  return retryAfterMs(headers, Date.now()) ?? RATE_LIMIT_WAIT_MS;
}

/** A look-up that failed as a send would have: a limit on requests is one on look-ups, too. */
export function cannotTellAfter(failed: FailedOutcome): LookupOutcome {
  const { message } = failed;
  if (failed.code === 'credentials_refused') {
    return { outcome: 'cannot_tell', message, credentialsRefused: true };
  }
  return failed.outcome === 'retryable' && failed.code === 'rate_limited'
    ? { outcome: 'cannot_tell', message, retryAfterMs: failed.retryAfterMs }
    : { outcome: 'cannot_tell', message };
}

/** Of a request that may have been processed. */
export function unknownOutcome({
  code,
  message,
}: Pick<Unknown, 'code' | 'message'>): Extract<PublishOutcome, { outcome: 'unknown' }> {
  return { outcome: 'unknown', code: unknownCode(code), message };
}

function unknownCode(code: UnknownCode): UnknownOutcomeCode {
  switch (code) {
    case 'timeout':
    case 'aborted':
      return 'timeout';
    case 'connection_lost':
      return 'connection_lost';
    case 'protocol_error':
    case 'redirected':
    case 'response_too_large':
    case 'content_type_not_accepted':
    case 'content_encoding_not_accepted':
    case 'body_unreadable':
      return 'answer_unusable';
  }
}
