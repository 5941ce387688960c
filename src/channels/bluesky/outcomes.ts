import { retryAfterMs } from '../../http/http-outcome.ts';
import type { LookupOutcome } from '../channel.ts';
import {
  cannotTellAfter,
  type FailedOutcome,
  notSentOutcome,
  unknownOutcome,
  unreachable,
} from '../request-outcomes.ts';
import { isTokenRefusal, type Refusal, type XrpcFailed } from './xrpc.ts';

const RATE_LIMIT_WAIT_MS = 60_000;
/** Longer windows than the network's own (a day) are not believed. */
const LONGEST_WAIT_MS = 24 * 3_600_000;
/** The only call that makes a post: a failure of any other has posted nothing. */
const WRITE = 'com.atproto.repo.putRecord';
const CLOSED_ACCOUNT = new Set(['AccountTakedown', 'AccountDeactivated', 'AccountSuspended']);

/** What a failed call means for the post. */
export function publishOutcome({ method, outcome }: XrpcFailed, nowMs: number): FailedOutcome {
  switch (outcome.kind) {
    case 'not_sent':
      return notSentOutcome(outcome);
    case 'unknown':
      return method === WRITE ? unknownOutcome(outcome) : unreachable(outcome.message);
    case 'refused':
      return refusedOutcome(method, outcome, nowMs);
  }
}

/** Only refusals in the protocol's own words are final: anything else may come from something in between. */
function refusedOutcome(method: string, refusal: Refusal, nowMs: number): FailedOutcome {
  const { status, error, message } = refusal;
  if (status === 429) {
    return {
      outcome: 'retryable',
      code: 'rate_limited',
      message,
      retryAfterMs: waitOf(refusal.headers, nowMs),
    };
  }
  if (status >= 500 || (error === null && status !== 413)) {
    if (method !== WRITE) return unreachable(message);
    const code = status >= 500 ? 'server_error' : 'answer_unusable';
    return { outcome: 'unknown', code, message };
  }
  // Our key stands with another content: an earlier send was accepted, and the look-up finds it.
  if (error === 'InvalidSwap') {
    return { outcome: 'unknown', code: 'key_used_for_other_content', message };
  }
  if (CLOSED_ACCOUNT.has(error ?? '') || status === 403) {
    return { outcome: 'rejected', code: 'not_permitted', message };
  }
  if (isTokenRefusal(refusal) || method.startsWith('com.atproto.server.')) {
    return { outcome: 'rejected', code: 'credentials_refused', message };
  }
  if (error === 'RepoNotFound') return { outcome: 'rejected', code: 'account_unknown', message };
  const code = status === 413 ? 'content_too_large' : 'content_refused';
  return { outcome: 'rejected', code, message };
}

/** `RateLimit-Reset` is when the window ends, in seconds of the epoch. */
function waitOf(headers: Refusal['headers'], nowMs: number): number {
  const reset = headers['ratelimit-reset'] ?? '';
  const untilReset = /^\d{1,12}$/.test(reset) ? Number(reset) * 1000 - nowMs : null;
  const waitMs = retryAfterMs(headers, nowMs) ?? untilReset ?? RATE_LIMIT_WAIT_MS;
  return Math.min(Math.max(1_000, waitMs), LONGEST_WAIT_MS);
}

export function lookupOutcome({ method, outcome }: XrpcFailed, nowMs: number): LookupOutcome {
  if (outcome.kind !== 'refused') return { outcome: 'cannot_tell', message: outcome.message };
  return method === 'com.atproto.repo.getRecord' &&
    outcome.status === 400 &&
    outcome.error === 'RecordNotFound'
    ? { outcome: 'absent' }
    : cannotTellAfter(refusedOutcome(method, outcome, nowMs));
}
