import { z } from 'zod';
import { rateLimitWaitMs } from '../channels/mastodon/outcomes.ts';
import { MastodonCredentials, MastodonSettings } from '../channels/mastodon/settings.ts';
import type { MeasureId } from '../domain/kpi/measures.ts';
import type { HttpOutcome } from '../http/http-outcome.ts';
import { failureOf } from './request-failures.ts';
import { defineSource, type MeasureAnswer, type SourceFailure } from './source-kind.ts';

const Count = z.int().min(0);
const Status = z.object({
  favourites_count: Count,
  replies_count: Count,
  reblogs_count: Count,
  /** Mastodon 4.5 and later. */
  quotes_count: Count.nullish(),
});
const OwnAccount = z.object({ acct: z.string().max(300), followers_count: Count });

const OF_POST = ['reactions', 'comments', 'shares'] as const satisfies readonly MeasureId[];

/**
 * Counts of a post as its own server knows them: what others did on servers that it never heard of is
 * in none. It counts no impressions, no reach and no clicks.
 */
export const MASTODON_COUNTS = defineSource({
  id: 'mastodon',
  name: 'Mastodon',
  origin: 'account',
  config: MastodonSettings,
  secret: MastodonCredentials,
  supplies: (channel) => (channel === 'mastodon' ? [...OF_POST, 'followers'] : []),
  settlingMs: 0,
  limit: { requests: 300, perMs: 300_000 },
  definitions: { shares: 'shares:reblogs+quotes' },
  create({ config, secret, http, now }) {
    const get = <T>(path: string, schema: z.ZodType<T>, signal: AbortSignal) =>
      http.getJson(new URL(path, config.server).href, schema, {
        headers: { authorization: `Bearer ${secret.accessToken}` },
        signal,
      });
    const ownAccount = (signal: AbortSignal) =>
      get('/api/v1/accounts/verify_credentials', OwnAccount, signal);

    async function countsOf(
      remoteId: string,
      signal: AbortSignal,
    ): Promise<{ [M in MeasureId]?: MeasureAnswer } | SourceFailure> {
      const path = `/api/v1/statuses/${encodeURIComponent(remoteId)}`;
      const outcome = await get(path, Status, signal);
      // Deleted: its readings of before stay what is known of it.
      if (outcome.kind === 'response' && outcome.status === 404) return {};
      if (outcome.kind !== 'json') return failed(outcome, now());
      const { favourites_count, replies_count, reblogs_count, quotes_count } = outcome.value;
      return {
        reactions: favourites_count,
        comments: replies_count,
        shares: reblogs_count + (quotes_count ?? 0),
      };
    }

    return {
      async check(signal) {
        const outcome = await ownAccount(signal);
        return outcome.kind === 'json'
          ? { ok: true, detail: `signed in as ${outcome.value.acct}` }
          : { ok: false, ...failed(outcome, now()) };
      },
      async collect({ publication: { remoteId, publishedAt } }, signal) {
        const counts =
          publishedAt === null || remoteId === null ? {} : await countsOf(remoteId, signal);
        if ('unavailable' in counts) return counts;
        const account = await ownAccount(signal);
        if (account.kind !== 'json') return failed(account, now());
        return { measures: { ...counts, followers: account.value.followers_count } };
      },
    };
  },
});

function failed(outcome: HttpOutcome, now: number): SourceFailure {
  const failure = failureOf(outcome, now);
  return outcome.kind === 'response' && outcome.status === 429
    ? { ...failure, retryAfterMs: rateLimitWaitMs(outcome.headers, now) }
    : failure;
}
