import { z } from 'zod';
import {
  type HttpOutcome,
  type HttpResponse,
  type NotSentCode,
  retryAfterMs,
} from '../../http/http-outcome.ts';
import type { RejectionCode } from '../channel.ts';
import {
  type FailedOutcome,
  refusedOutcome,
  unknownOutcome,
  unreachable,
} from '../request-outcomes.ts';

/** Mastodon's own window of 300 requests. */
const RATE_LIMIT_WAIT_MS = 300_000;
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 86_400_000;
const MAX_QUOTED = 300;

/** entities/Error of Mastodon's API. */
const ApiError = z.object({ error: z.string(), error_description: z.string().optional() });

/** What a call that could have made a post came to, when it has no usable answer. */
export function failureOf(outcome: HttpOutcome): FailedOutcome {
  switch (outcome.kind) {
    case 'not_sent':
      return notSentOutcome(outcome.code, outcome.message);
    case 'unknown':
      return unknownOutcome(outcome);
    case 'response':
      return refusedBy(outcome);
  }
}

/** The same for a call that makes no post (an upload): whatever is not final may be repeated. */
export function harmlessFailureOf(outcome: HttpOutcome): FailedOutcome {
  const failed = failureOf(outcome);
  return failed.outcome === 'unknown' ? unreachable(failed.message) : failed;
}

export function rejected(code: RejectionCode, message: string): FailedOutcome {
  return { outcome: 'rejected', code, message };
}

/** The server's own words, cut: they end in a workflow's history. */
export function quote({ status, body }: HttpResponse): string {
  let said = '';
  try {
    const { error, error_description: more } = ApiError.parse(JSON.parse(body.toString('utf8')));
    said = `: ${error}${more === undefined ? '' : `, ${more}`}`;
  } catch {
    // Not the API's error form: the status has to do.
  }
  return `Mastodon answered ${status}${said}`.slice(0, MAX_QUOTED).toWellFormed();
}

function notSentOutcome(code: NotSentCode, message: string): FailedOutcome {
  switch (code) {
    case 'url_invalid':
    case 'url_has_credentials':
    case 'scheme_not_allowed':
    case 'port_not_allowed':
    case 'address_not_allowed':
      return rejected('account_unknown', message);
    case 'header_not_allowed':
      return rejected('credentials_refused', message);
    default:
      return unreachable(message);
  }
}

function refusedBy(response: HttpResponse): FailedOutcome {
  return refusedOutcome(response, quote(response), {
    // 404: a status or file that this post refers to, or a server without this API.
    rejections: { 404: 'content_refused', 410: 'account_unknown' },
    waitMs: rateLimitWaitMs(response.headers, Date.now()),
  });
}

/** `X-RateLimit-Reset` is an instant in ISO 8601 (content/en/api/rate-limits.md, config/initializers/rack_attack.rb). */
export function rateLimitWaitMs(headers: Readonly<Record<string, string>>, now: number): number {
  const reset = headers['x-ratelimit-reset']?.trim() ?? '';
  const at = /^\d{4}-\d{2}-\d{2}T/.test(reset) ? Date.parse(reset) : Number.NaN;
  const wait = Number.isNaN(at) ? (retryAfterMs(headers, now) ?? RATE_LIMIT_WAIT_MS) : at - now;
  return Math.min(Math.max(wait, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
}
