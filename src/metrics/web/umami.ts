import { z } from 'zod';
import type { JsonOutcome } from '../../http/http-outcome.ts';
import { failureOf } from '../request-failures.ts';
import { serverOrigin } from '../server-origin.ts';
import { defineSource, type SourceFailure, type SourceQuestion } from '../source-kind.ts';
import { keptToken } from './kept-token.ts';

const DAY_MS = 24 * 3_600_000;

const Count = z.int().min(0);
/** Version 3 states a number, version 2 the number beside that of the period before. */
const Figure = z.union([Count, z.object({ value: Count }).transform(({ value }) => value)]);
const Stats = z.object({ visits: Figure, visitors: Figure });
const Login = z.object({ token: z.string().regex(/^\S{1,5000}$/) });

const Secret = z
  .strictObject({
    username: z.string().min(1).max(255).optional(),
    password: z.string().min(1).max(255).optional(),
    apiKey: z
      .string()
      .regex(/^[\x21-\x7e]{1,300}$/, 'is a key of Umami Cloud')
      .optional(),
  })
  .refine(
    ({ username, password, apiKey }) =>
      apiKey === undefined
        ? username !== undefined && password !== undefined
        : username === undefined && password === undefined,
    'are username and password, or the apiKey of Umami Cloud',
  );

/**
 * Umami 2 and 3. A filter on an address counts views, not whole visits: with it, `bounces` are visits that saw
 * the tagged address once, and `pageviews` leave out all other pages. So only what is right is supplied: the
 * visits that came by the tagged link, and their visitors.
 *
 * `query` is the one filter of tags that both versions know. One that a version does not know is ignored, and
 * the whole site would be counted.
 */
export const UMAMI = defineSource({
  id: 'umami',
  name: 'Umami',
  origin: 'connection',
  config: z.strictObject({
    server: serverOrigin('https://stats.example.org'),
    websiteId: z.uuid({ error: 'is the id of the website in Umami' }),
  }),
  secret: Secret,
  supplies: () => ['sessions', 'users'],
  settlingMs: 0,
  // Of Umami Cloud; an own server states none.
  limit: { requests: 50, perMs: 15_000 },
  definitions: { sessions: 'sessions:umami-visits', users: 'users:umami-visitors' },
  create({ config: { server, websiteId }, secret, ...means }) {
    const { http, now } = means;

    async function login(signal: AbortSignal) {
      const outcome = await http.requestJson(
        { method: 'POST', url: `${server}/api/auth/login`, json: secret, signal },
        Login,
      );
      // It names no end: a token is used for a day at most.
      return outcome.kind === 'json'
        ? { token: outcome.value.token, until: now() + DAY_MS }
        : failureOf(outcome, now());
    }

    async function ask<T>(
      path: string,
      schema: z.ZodType<T>,
      signal: AbortSignal,
    ): Promise<JsonOutcome<T> | SourceFailure> {
      const get = (base: string, headers: Record<string, string>) =>
        http.getJson(`${server}${base}${path}`, schema, { headers, signal });
      if (secret.apiKey !== undefined) return get('/v1', { 'x-umami-api-key': secret.apiKey });

      const tokenFor = (refused: string | null) =>
        keptToken(means, { secret: { server, secret }, refused, login: () => login(signal) });
      const withToken = (token: string) => get('/api', { authorization: `Bearer ${token}` });
      const token = await tokenFor(null);
      if (typeof token !== 'string') return token;
      const first = await withToken(token);
      if (first.kind !== 'response' || first.status !== 401) return first;
      const renewed = await tokenFor(token);
      return typeof renewed === 'string' ? withToken(renewed) : renewed;
    }

    async function statsOf(query: Record<string, string>, signal: AbortSignal) {
      const path = `/websites/${websiteId}/stats?${new URLSearchParams(query)}`;
      const outcome = await ask(path, Stats, signal);
      if ('unavailable' in outcome) return outcome;
      return outcome.kind === 'json' ? outcome.value : failureOf(outcome, now());
    }

    return {
      async check(signal) {
        const to = now();
        const range = { startAt: String(to - DAY_MS), endAt: String(to) };
        const stats = await statsOf(range, signal);
        return 'unavailable' in stats
          ? { ok: false, ...stats }
          : { ok: true, detail: `it answers; ${stats.visits} visits in the last day` };
      },
      async collect({ publication: { id }, window }, signal) {
        const query = { ...rangeOf(window), query: `c.utm_content=${id}` };
        const stats = await statsOf(query, signal);
        return 'unavailable' in stats
          ? stats
          : { measures: { sessions: stats.visits, users: stats.visitors } };
      },
    };
  },
});

function rangeOf({ from, to }: SourceQuestion['window']): { startAt: string; endAt: string } {
  return { startAt: String(Date.parse(from)), endAt: String(Date.parse(to)) };
}
