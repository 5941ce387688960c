import { z } from 'zod';
import { failureOf } from '../request-failures.ts';
import { serverOrigin } from '../server-origin.ts';
import {
  defineSource,
  type MeasureAnswer,
  type SourceFailure,
  type SourceQuestion,
} from '../source-kind.ts';

const HOUR_MS = 3_600_000;
/** A visit goes on until half an hour without a view. */
const VISIT_MS = HOUR_MS / 2;

const Goal = z.string().min(1).max(120);
const Count = z.int().min(0);
const Percent = z.number().min(0).max(100);

interface Asked {
  range: [string, string];
  filters: unknown[];
}

/** Rows of the asked dimension; a row of anything else is no answer. */
function answerOf<Row extends z.ZodType>(row: Row, { most }: { most: number }) {
  return z.object({ results: z.array(row).max(most), query: z.looseObject({}) });
}

/**
 * Plausible, Stats API v2. A visit is told by the `utm_content` that it began with. Bounces are stated as a
 * rate in whole percent only: their number is rebuilt from it, and right to half a percent of the visits.
 */
export const PLAUSIBLE = defineSource({
  id: 'plausible',
  name: 'Plausible',
  origin: 'connection',
  config: z.strictObject({
    server: serverOrigin('https://plausible.io').default('https://plausible.io'),
    siteId: z
      .string()
      .regex(/^[\w.-]+(\/[\w./-]+)?$/, 'is the site’s domain as Plausible knows it')
      .max(250),
    /** Plausible's own goal of that kind is called `File Download`. */
    downloadGoal: Goal.optional(),
    keyEventGoals: z.array(Goal).max(20).default([]),
  }),
  secret: z.strictObject({
    apiKey: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'is a key of the Stats API'),
  }),
  supplies: () => ['sessions', 'bounces', 'pageviews', 'users', 'downloads', 'key_events'],
  settlingMs: VISIT_MS,
  limit: { requests: 600, perMs: HOUR_MS },
  definitions: {
    sessions: 'sessions:plausible-visits',
    bounces: 'bounces:plausible-one-view',
    users: 'users:plausible-per-day',
  },
  create({ config, secret, http, now }) {
    const { siteId, downloadGoal, keyEventGoals } = config;
    const goals = [...new Set([...keyEventGoals, ...(downloadGoal ? [downloadGoal] : [])])];

    const query = <T>(asked: object, schema: z.ZodType<T>, signal: AbortSignal) =>
      http.requestJson(
        {
          method: 'POST',
          url: `${config.server}/api/v2/query`,
          headers: { authorization: `Bearer ${secret.apiKey}` },
          json: { site_id: siteId, ...asked },
          signal,
        },
        schema,
      );

    async function goalCounts({ range, filters }: Asked, signal: AbortSignal) {
      const row = z.object({ dimensions: z.tuple([z.enum(goals)]), metrics: z.tuple([Count]) });
      const asked = {
        metrics: ['events'],
        dimensions: ['event:goal'],
        date_range: range,
        filters: [...filters, ['is', 'event:goal', goals]],
      };
      return query(asked, answerOf(row, { most: goals.length }), signal);
    }

    async function countsOfGoals(
      asked: Asked,
      signal: AbortSignal,
    ): Promise<{ downloads: MeasureAnswer; key_events: MeasureAnswer } | SourceFailure> {
      if (goals.length === 0) return { downloads: 'not_available', key_events: 'not_available' };
      const outcome = await goalCounts(asked, signal);
      if (outcome.kind !== 'json') return failureOf(outcome, now());
      const { results } = outcome.value;
      const sumOf = (names: readonly string[]): MeasureAnswer => {
        if (names.length === 0) return 'not_available';
        const rows = results.filter(({ dimensions: [goal] }) => names.includes(goal));
        return rows.length === 0 ? 'empty' : rows.reduce((sum, row) => sum + row.metrics[0], 0);
      };
      return {
        downloads: sumOf(downloadGoal === undefined ? [] : [downloadGoal]),
        key_events: sumOf(keyEventGoals),
      };
    }

    return {
      async check(signal) {
        const range = rangeOf({
          from: new Date(now() - HOUR_MS).toISOString(),
          to: new Date(now()).toISOString(),
        });
        const row = z.object({ metrics: z.tuple([Count]) });
        const asked = { metrics: ['visits'], date_range: range };
        const visits = await query(asked, answerOf(row, { most: 1 }), signal);
        if (visits.kind !== 'json') return { ok: false, ...failureOf(visits, now()) };
        // A goal that the site does not have is refused.
        const counts = goals.length > 0 && (await goalCounts({ range, filters: [] }, signal));
        if (counts && counts.kind !== 'json') return { ok: false, ...failureOf(counts, now()) };
        const count = visits.value.results[0]?.metrics[0] ?? 0;
        return { ok: true, detail: `it answers; ${count} visits in the last hour` };
      },
      async collect({ publication: { id }, window }, signal) {
        const asked = {
          range: rangeOf(window),
          filters: [['is', 'visit:utm_content', [id]]],
        };
        const row = z.object({
          dimensions: z.tuple([z.literal(id)]),
          metrics: z.tuple([Count, Percent.nullable(), Count, Count]),
        });
        const visits = await query(
          {
            metrics: ['visits', 'bounce_rate', 'pageviews', 'visitors'],
            dimensions: ['visit:utm_content'],
            date_range: asked.range,
            filters: asked.filters,
          },
          answerOf(row, { most: 1 }),
          signal,
        );
        if (visits.kind !== 'json') return failureOf(visits, now());
        const found = visits.value.results[0];
        const goalsFound = await countsOfGoals(asked, signal);
        if ('unavailable' in goalsFound) return goalsFound;
        if (found === undefined) return { measures: goalsFound };
        const [sessions, bounceRate, pageviews, users] = found.metrics;
        const bounces = bounceRate === null ? 'empty' : Math.round((sessions * bounceRate) / 100);
        return { measures: { ...goalsFound, sessions, bounces, pageviews, users } };
      },
    };
  },
});

/** Both ends are included. */
function rangeOf({ from, to }: SourceQuestion['window']): [string, string] {
  const second = (text: string) => new Date(text).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return [second(from), second(to)];
}
