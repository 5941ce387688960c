import { z } from 'zod';
import type { HttpOutcome } from '../http/http-outcome.ts';
import { failureOf } from './request-failures.ts';
import { serverOrigin } from './server-origin.ts';
import { defineSource, type SourceFailure, type SourceQuestion } from './source-kind.ts';

const HOUR_MS = 3_600_000;
const PAGE = 100;
/** Referrers of one page, at most so many times `PAGE`: beyond that the answer does not end. */
const MOST_PAGES = 20;

const Hits = z.object({
  hits: z.array(z.object({ path_id: z.int(), path: z.string(), event: z.boolean() })),
});
const Referrers = z.object({
  refs: z.array(
    z.object({
      name: z.string(),
      count: z.int().min(0),
      /** `c`: it comes from `utm_source`. */
      ref_scheme: z.string().nullish(),
    }),
  ),
  more: z.boolean(),
});
const Total = z.object({ total: z.int().min(0) });

/**
 * GoatCounter, API v0. It counts visits: the first view of a page by somebody, per eight hours. It keeps
 * `utm_source` and `utm_campaign` of a visit and no other tag, so a publication is told from others of its page
 * by its channel: two posts of one piece on one channel share their number. Its hours are whole ones.
 */
export const GOATCOUNTER = defineSource({
  id: 'goatcounter',
  name: 'GoatCounter',
  origin: 'connection',
  config: z.strictObject({ server: serverOrigin('https://stats.example.org') }),
  secret: z.strictObject({
    token: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, 'is an API key with the permission to read statistics'),
  }),
  supplies: () => ['sessions'],
  // Views are written every ten seconds, and counted by the hour.
  settlingMs: HOUR_MS,
  limit: { requests: 4, perMs: 1_000 },
  definitions: { sessions: 'sessions:goatcounter-visits' },
  create({ config, secret, http, now }) {
    const get = <T>(
      path: string,
      query: Record<string, string>,
      schema: z.ZodType<T>,
      signal: AbortSignal,
    ) =>
      http.getJson(`${config.server}/api/v0/stats/${path}?${new URLSearchParams(query)}`, schema, {
        headers: {
          authorization: `Bearer ${secret.token}`,
          'content-type': 'application/json',
        },
        signal,
      });

    /** Visits from the channel's posts; `empty` when it knows none. */
    async function visitsOf(
      pathId: number,
      range: { start: string; end: string },
      channel: string,
      signal: AbortSignal,
    ): Promise<number | 'empty' | SourceFailure> {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query = { ...range, limit: String(PAGE), offset: String(page * PAGE) };
        const outcome = await get(`hits/${pathId}`, query, Referrers, signal);
        if (outcome.kind !== 'json') return failed(outcome, now());
        const { refs, more } = outcome.value;
        const found = refs.find((ref) => ref.name === channel && ref.ref_scheme === 'c');
        if (found !== undefined) return found.count;
        if (!more) return 'empty';
      }
      return {
        unavailable: `its list of referrers has over ${MOST_PAGES * PAGE} rows`,
        retry: false,
      };
    }

    return {
      async check(signal) {
        const start = new Date(now() - HOUR_MS).toISOString();
        const outcome = await get('total', { start }, Total, signal);
        return outcome.kind === 'json'
          ? { ok: true, detail: `it answers; ${outcome.value.total} visits in the last hour` }
          : { ok: false, ...failed(outcome, now()) };
      },
      async collect(question, signal) {
        const path = pathOf(question);
        if (path === null) return { measures: { sessions: 'not_available' } };
        const range = wholeHours(question.window);
        const query = { ...range, include_paths: path, path_by_name: 'true', limit: '1' };
        const outcome = await get('hits', query, Hits, signal);
        if (outcome.kind !== 'json') return failed(outcome, now());
        const hit = outcome.value.hits.find((one) => one.path === path && !one.event);
        if (hit === undefined) return { measures: { sessions: 'empty' } };
        const visits = await visitsOf(hit.path_id, range, question.publication.channel, signal);
        return typeof visits === 'object' ? visits : { measures: { sessions: visits } };
      },
    };
  },
});

/** Parameters that GoatCounter leaves out of a path, besides `utm_…`. */
const DROPPED_PARAMETERS = ['fbclid', 'ref', 'mc_cid', 'mc_eid', 'gclid'];

/**
 * The path under which GoatCounter keeps a page: without a slash at its end, with its query but for what
 * tracks (its `Hit.cleanPath`). Null for a post without a link, which leads nowhere, and for a path with a
 * comma: asked for, it would be two.
 */
function pathOf({ page }: SourceQuestion): string | null {
  if (page === null || !URL.canParse(page)) return null;
  const { pathname, searchParams } = new URL(page);
  const kept = [...searchParams].filter(
    ([name]) => !(name.startsWith('utm_') || DROPPED_PARAMETERS.includes(name)),
  );
  const sorted = new URLSearchParams(kept);
  sorted.sort();
  // Go, which GoatCounter is written in, escapes `*` in a query and leaves `~`.
  const query = sorted.toString().replaceAll('*', '%2A').replaceAll('%7E', '~');
  // Slashes are cut off the address, and off what is left of it once more.
  const path = trimmed(query === '' ? trimmed(pathname) : `${pathname}?${query}`);
  return path.includes(',') ? null : path;
}

function trimmed(path: string): string {
  return `/${path.replace(/^\/+/, '').replace(/\/+$/, '')}`;
}

/** Counts are kept by the hour in which they begin; both ends are included. */
function wholeHours({ from, to }: SourceQuestion['window']): { start: string; end: string } {
  const hourOf = (ms: number) =>
    new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString().replace('.000Z', 'Z');
  const first = Date.parse(from);
  // A window that ends with an hour has nothing of the next one.
  return { start: hourOf(first), end: hourOf(Math.max(first, Date.parse(to) - 1)) };
}

function failed(outcome: HttpOutcome, now: number): SourceFailure {
  const failure = failureOf(outcome, now);
  if (outcome.kind !== 'response' || outcome.status !== 429) return failure;
  const reset = outcome.headers['x-rate-limit-reset'] ?? '';
  return /^\d{1,6}$/.test(reset) ? { ...failure, retryAfterMs: Number(reset) * 1_000 } : failure;
}
