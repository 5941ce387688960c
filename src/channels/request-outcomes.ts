import type { NotSent, NotSentCode, Unknown, UnknownCode } from '../http/http-outcome.ts';
import type { PublishOutcome, UnknownOutcomeCode } from './channel.ts';

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
export function notSentOutcome({ code, message }: NotSent): PublishOutcome {
  return ADDRESS_CODES.has(code)
    ? { outcome: 'rejected', code: 'not_permitted', message }
    : unreachable(message);
}

/** Nothing was posted, and the same send may succeed later. */
export function unreachable(message: string): PublishOutcome {
  return {
    outcome: 'retryable',
    code: 'unreachable',
    message,
    retryAfterMs: UNREACHABLE_WAIT_MS,
  };
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
