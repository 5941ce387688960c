import type { NotSent, NotSentCode, Unknown, UnknownCode } from '../http/http-outcome.ts';
import type { LookupOutcome, PublishOutcome, UnknownOutcomeCode } from './channel.ts';

const UNREACHABLE_WAIT_MS = 5_000;

/** Trying again does not help: the account's address itself is refused. */
const ADDRESS_CODES: ReadonlySet<NotSentCode> = new Set([
  'url_invalid',
  'url_has_credentials',
  'scheme_not_allowed',
  'port_not_allowed',
  'address_not_allowed',
  'header_not_allowed',
]);

/** Of a request that never reached the network. */
export function notSentOutcome({
  code,
  message,
}: NotSent): Exclude<PublishOutcome, { outcome: 'published' }> {
  return ADDRESS_CODES.has(code)
    ? { outcome: 'rejected', code: 'not_permitted', message }
    : unreachable(message);
}

/** Nothing was posted, and the same send may succeed later. */
export function unreachable(message: string): Extract<PublishOutcome, { outcome: 'retryable' }> {
  return {
    outcome: 'retryable',
    code: 'unreachable',
    message,
    retryAfterMs: UNREACHABLE_WAIT_MS,
  };
}

/** A look-up that failed as a send would have: a limit on requests is one on look-ups, too. */
export function cannotTellAfter(
  failed: Exclude<PublishOutcome, { outcome: 'published' }>,
): LookupOutcome {
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
