import { z } from 'zod';
import { serverOrigin } from '../server-origin.ts';
import { defineSource } from '../source-kind.ts';
import { GoogleKey, googleReader } from './google-account.ts';
import { daysAnswer, wholeDays } from './whole-days.ts';

const SCOPE = 'https://www.googleapis.com/auth/webmasters.readonly';
/** Its dates are Pacific, whatever the site's zone. */
const ZONE = 'America/Los_Angeles';
/** Where it does not say itself which days are whole. */
const SETTLING_MS = 3 * 24 * 3_600_000;
const MOST_ROWS = 25_000;

const Day = z.iso.date();
const Answer = z.object({
  rows: z
    .array(
      z.object({
        keys: z.tuple([Day]),
        clicks: z.int().min(0),
        impressions: z.int().min(0),
        position: z.number().min(0).max(100_000),
      }),
    )
    .max(MOST_ROWS)
    .default([]),
  /** Figures by property are other figures. */
  responseAggregationType: z.literal('byPage'),
  metadata: z.object({ first_incomplete_date: Day.optional() }).default({}),
});
const Site = z.object({ siteUrl: z.string(), permissionLevel: z.string().max(100) });

/**
 * Google Search Console. It knows pages, so it answers for publications that are a page themselves: a post
 * that only leads to a page is found by nobody there, and two posts would both carry the page's numbers.
 */
export const SEARCH_CONSOLE = defineSource({
  id: 'search_console',
  name: 'Search Console',
  origin: 'connection',
  config: z.strictObject({
    siteUrl: z
      .string()
      .max(300)
      .regex(
        /^(sc-domain:[\w.-]+|https?:\/\/\S+\/)$/,
        'is the property, such as "sc-domain:example.org" or "https://example.org/"',
      ),
    server: serverOrigin('https://searchconsole.googleapis.com').default(
      'https://searchconsole.googleapis.com',
    ),
  }),
  secret: GoogleKey,
  supplies: (channel) =>
    channel === 'webhook' ? ['search_impressions', 'search_clicks', 'position_x_impressions'] : [],
  settlingMs: SETTLING_MS,
  limit: { requests: 1_200, perMs: 60_000 },
  definitions: {
    search_impressions: 'impressions:google-by-page',
    search_clicks: 'clicks:google-by-page',
    position_x_impressions: 'position:google-by-page',
  },
  create({ config: { siteUrl, server }, secret, ...means }) {
    const ask = googleReader(means, { key: secret, scope: SCOPE });
    const site = `${server}/webmasters/v3/sites/${encodeURIComponent(siteUrl)}`;

    return {
      async check(signal) {
        const answer = await ask({ url: site, signal }, Site);
        if ('unavailable' in answer) return { ok: false, ...answer };
        const { permissionLevel } = answer.value;
        if (permissionLevel !== 'siteUnverifiedUser') {
          return { ok: true, detail: `${siteUrl}, as ${permissionLevel}` };
        }
        const unavailable = `the service account may not read ${siteUrl}`;
        return { ok: false, unavailable, retry: false, credentialsRefused: true };
      },
      async collect({ publication, page, window, at }, signal) {
        // Where the channel named no address, its link is the page.
        const address = publication.url ?? page;
        if (address === null) return { measures: NOT_AVAILABLE };
        const days = wholeDays(window, ZONE);
        const json = {
          startDate: days.first,
          endDate: days.last,
          dimensions: ['date'],
          type: 'web',
          aggregationType: 'byPage',
          dimensionFilterGroups: [
            { filters: [{ dimension: 'page', operator: 'equals', expression: address }] },
          ],
          dataState: 'all',
          rowLimit: MOST_ROWS,
        };
        const reply = await ask({ url: `${site}/searchAnalytics/query`, json, signal }, Answer);
        if ('unavailable' in reply) return reply;
        const { rows, metadata } = reply.value;
        const dates = new Set(rows.map(({ keys: [date] }) => date));
        const outside = [...dates].some((date) => date < days.first || date > days.last);
        if (outside || dates.size !== rows.length) {
          return { unavailable: 'its rows are not the days that were asked for', retry: true };
        }
        const { settled, ...answer } = daysAnswer(days, { at, settlingMs: SETTLING_MS });
        const incomplete = metadata.first_incomplete_date;
        return {
          measures: totalsOf(rows),
          ...answer,
          settled: incomplete === undefined ? settled : days.last < incomplete,
        };
      },
    };
  },
});

const NOT_AVAILABLE = {
  search_impressions: 'not_available',
  search_clicks: 'not_available',
  position_x_impressions: 'not_available',
} as const;

/** Days without impressions have no row, and no rows are no zero. */
function totalsOf(rows: z.infer<typeof Answer>['rows']) {
  if (rows.length === 0) return {};
  const sum = (of: (row: (typeof rows)[number]) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  return {
    search_impressions: sum(({ impressions }) => impressions),
    search_clicks: sum(({ clicks }) => clicks),
    position_x_impressions: sum(({ position, impressions }) => position * impressions),
  };
}
