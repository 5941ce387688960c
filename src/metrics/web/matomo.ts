import { z } from 'zod';
import { failureOf } from '../request-failures.ts';
import { serverPath } from '../server-origin.ts';
import { defineSource, type SourceFailure } from '../source-kind.ts';
import { postForm } from './post-form.ts';
import { daysAnswer, otherZone, wholeDays } from './whole-days.ts';

/** Reports of a day are made within an hour of its end where the server keeps its defaults. */
const SETTLING_MS = 2 * 3_600_000;

/** A count may come as a text. */
const Count = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);
const Refusal = z.object({ result: z.literal('error'), message: z.string().max(5_000) });
/** One report that is refused spoils the answer: the others would look whole. */
const AnyRefusal = z.union([
  Refusal,
  z.array(z.unknown()).transform((reports, context) => {
    const refused = reports.map((report) => Refusal.safeParse(report)).find((one) => one.success);
    if (refused !== undefined) return refused.data;
    context.addIssue({ code: 'custom', message: 'nothing in it is refused' });
    return z.NEVER;
  }),
]);
/** A report of no data may be an empty list. */
const NoData = z
  .array(z.unknown())
  .length(0)
  .transform(() => null);

const Visits = z.object({
  nb_visits: Count,
  bounce_count: Count,
  /** Of a range, only where the server is told to count them. */
  nb_uniq_visitors: Count.optional(),
});
const Actions = z.object({ nb_pageviews: Count, nb_downloads: Count });
const Goals = z.object({ nb_conversions: Count });
const Site = z.object({ name: z.string(), timezone: z.string() });

const Reports = z.tuple([
  Site,
  z.union([NoData, Visits]),
  z.union([NoData, Actions]),
  z.union([NoData, Goals]),
]);

/**
 * Matomo, Reporting API, all reports in one request. A visit is told by its campaign content, which Matomo
 * keeps of `utm_content` with its plugin MarketingCampaignsReporting only. It counts days of the site's zone.
 */
export const MATOMO = defineSource({
  id: 'matomo',
  name: 'Matomo',
  origin: 'connection',
  config: z.strictObject({
    server: serverPath('https://example.org/matomo'),
    siteId: z.int().min(1).max(2_147_483_647),
  }),
  secret: z.strictObject({
    token: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'is a token_auth that may view the site'),
  }),
  supplies: () => ['sessions', 'bounces', 'users', 'pageviews', 'downloads', 'key_events'],
  settlingMs: SETTLING_MS,
  limit: null,
  definitions: {
    sessions: 'sessions:matomo-visits',
    bounces: 'bounces:matomo-one-page',
    users: 'users:matomo-unique',
    key_events: 'key-events:matomo-goals',
  },
  create({ config, secret, http, now }) {
    async function bulk<T>(
      calls: readonly Record<string, string>[],
      schema: z.ZodType<T>,
      signal: AbortSignal,
    ): Promise<{ reports: T } | SourceFailure> {
      const own = calls.map((call, index) => [
        `urls[${index}]`,
        new URLSearchParams({ idSite: String(config.siteId), ...call }).toString(),
      ]);
      const form = {
        module: 'API',
        method: 'API.getBulkRequest',
        format: 'json',
        token_auth: secret.token,
        ...Object.fromEntries(own),
      };
      const reply = z.union([AnyRefusal, schema.transform((reports) => ({ reports }))]);
      const outcome = await postForm(
        http,
        { url: `${config.server}/index.php`, form, signal },
        reply,
      );
      if (outcome.kind !== 'json') return failureOf(outcome, now());
      return 'reports' in outcome.value ? outcome.value : refused(outcome.value);
    }

    const site = { method: 'SitesManager.getSiteFromId' };
    return {
      async check(signal) {
        const answer = await bulk([site], z.tuple([Site]), signal);
        if ('unavailable' in answer) return { ok: false, ...answer };
        const [{ name, timezone }] = answer.reports;
        return { ok: true, detail: `site ${name}; its days are those of ${timezone}` };
      },
      async collect({ publication: { id }, window, zone, at }, signal) {
        const days = wholeDays(window, zone);
        const asked = {
          period: 'range',
          date: `${days.first},${days.last}`,
          segment: `campaignContent==${encodeURIComponent(id)}`,
          format_metrics: '0',
        };
        const answer = await bulk(
          [
            site,
            { method: 'VisitsSummary.get', ...asked },
            { method: 'Actions.get', ...asked },
            { method: 'Goals.get', ...asked },
          ],
          Reports,
          signal,
        );
        if ('unavailable' in answer) return answer;
        const [{ timezone }, visits, actions, goals] = answer.reports;
        if (timezone !== zone) return otherZone(timezone, zone);
        const asOf = daysAnswer(days, { at, settlingMs: SETTLING_MS });
        // Of a segment that it made no report of it says 0 as well.
        if (visits === null || visits.nb_visits === 0) return { measures: {}, ...asOf };
        return {
          measures: {
            sessions: visits.nb_visits,
            bounces: visits.bounce_count,
            users: visits.nb_uniq_visitors ?? 'not_available',
            ...(actions !== null && {
              pageviews: actions.nb_pageviews,
              downloads: actions.nb_downloads,
            }),
            ...(goals !== null && { key_events: goals.nb_conversions }),
          },
          ...asOf,
        };
      },
    };
  },
});

/** Matomo says what it refuses in its own words, often with status 200. */
function refused({ message }: z.infer<typeof Refusal>): SourceFailure {
  const credentials = /token_auth|authenticat|requires? .*access|log in/i.test(message);
  return {
    unavailable: `it refused: ${message}`,
    retry: false,
    ...(credentials && { credentialsRefused: true }),
  };
}
