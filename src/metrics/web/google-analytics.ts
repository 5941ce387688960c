import { z } from 'zod';
import { serverOrigin } from '../server-origin.ts';
import { defineSource, type MeasureAnswer, type SourceFailure } from '../source-kind.ts';
import { GoogleKey, googleReader } from './google-account.ts';
import { daysAnswer, otherZone, wholeDays } from './whole-days.ts';

const SCOPE = 'https://www.googleapis.com/auth/analytics.readonly';
const DAY_MS = 24 * 3_600_000;
/** Google changes the numbers of a day for two days. */
const SETTLING_MS = 2 * DAY_MS;

const CONTENT = 'sessionManualAdContent';
const OF_SESSIONS = [
  'sessions',
  'engagedSessions',
  'screenPageViews',
  'keyEvents',
  'totalUsers',
] as const;

/** Numbers come as texts; key events as fractions, also where they are whole. */
const Amount = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,20})?$/)
  .transform(Number);
const Header = z.object({ name: z.string() });
const Value = z.object({ value: z.string() });
const Metadata = z.object({
  timeZone: z.string(),
  dataLossFromOtherRow: z.boolean().default(false),
  subjectToThresholding: z.boolean().default(false),
  samplingMetadatas: z.array(z.unknown()).default([]),
});

/** A report of one publication has one row at most; the field is left out when there is none. */
const Report = z.object({
  kind: z.literal('analyticsData#runReport'),
  dimensionHeaders: z.array(Header).default([]),
  metricHeaders: z.array(Header).default([]),
  rows: z
    .array(
      z.object({
        dimensionValues: z.array(Value).default([]),
        metricValues: z.array(z.object({ value: Amount })),
      }),
    )
    .max(1)
    .default([]),
  metadata: Metadata,
});
type Report = z.infer<typeof Report>;
const Reports = z.object({
  kind: z.literal('analyticsData#batchRunReports'),
  reports: z.tuple([Report, Report]),
});

/**
 * Google Analytics 4, Data API. A session is told by the `utm_content` that it began with, in days of the
 * property's zone. Its bounces are the sessions that were not engaged, as the property's timer has it.
 */
export const GOOGLE_ANALYTICS = defineSource({
  id: 'ga4',
  name: 'Google Analytics',
  origin: 'connection',
  config: z.strictObject({
    property: z.string().regex(/^\d{1,20}$/, 'is the number of the property, such as "123456789"'),
    server: serverOrigin('https://analyticsdata.googleapis.com').default(
      'https://analyticsdata.googleapis.com',
    ),
  }),
  secret: GoogleKey,
  supplies: () => [
    'sessions',
    'engaged_sessions',
    'bounces',
    'pageviews',
    'users',
    'key_events',
    'downloads',
  ],
  settlingMs: SETTLING_MS,
  // Of 40,000 tokens in an hour and 200,000 in a day, a batch of two reports takes 20 at most.
  limit: { requests: 400, perMs: 3_600_000 },
  definitions: {
    sessions: 'sessions:ga4',
    engaged_sessions: 'engaged-sessions:ga4',
    bounces: 'bounces:ga4-not-engaged',
    users: 'users:ga4',
    key_events: 'key-events:ga4',
  },
  create({ config: { property, server }, secret, ...means }) {
    const ask = googleReader(means, { key: secret, scope: SCOPE });
    const url = (method: string) => `${server}/v1beta/properties/${property}:${method}`;

    return {
      async check(signal) {
        const days = { startDate: 'yesterday', endDate: 'today' };
        const json = { dateRanges: [days], metrics: [{ name: 'sessions' }] };
        const answer = await ask({ url: url('runReport'), json, signal }, Report);
        return 'unavailable' in answer
          ? { ok: false, ...answer }
          : {
              ok: true,
              detail: `it answers; its days are those of ${answer.value.metadata.timeZone}`,
            };
      },
      async collect({ publication: { id }, window, zone, at }, signal) {
        const days = wholeDays(window, zone);
        const ofPublication = { fieldName: CONTENT, stringFilter: exactly(id) };
        const common = {
          dateRanges: [{ startDate: days.first, endDate: days.last }],
          dimensions: [{ name: CONTENT }],
          limit: '2',
        };
        const json = {
          requests: [
            {
              ...common,
              metrics: OF_SESSIONS.map((name) => ({ name })),
              dimensionFilter: { filter: ofPublication },
            },
            {
              ...common,
              metrics: [{ name: 'eventCount' }],
              dimensionFilter: {
                andGroup: {
                  expressions: [
                    { filter: ofPublication },
                    { filter: { fieldName: 'eventName', stringFilter: exactly('file_download') } },
                  ],
                },
              },
            },
          ],
        };
        const answer = await ask({ url: url('batchRunReports'), json, signal }, Reports);
        if ('unavailable' in answer) return answer;
        const [ofSessions, ofDownloads] = answer.value.reports;
        const sessions = rowOf(ofSessions, { id, zone, metrics: OF_SESSIONS });
        if ('unavailable' in sessions) return sessions;
        const downloads = rowOf(ofDownloads, { id, zone, metrics: ['eventCount'] });
        if ('unavailable' in downloads) return downloads;
        const [all, engaged] = [sessions.of('sessions'), sessions.of('engagedSessions')];
        return {
          measures: {
            sessions: all,
            engaged_sessions: engaged,
            bounces: bouncesOf(all, engaged),
            pageviews: sessions.of('screenPageViews'),
            users: sessions.of('totalUsers'),
            key_events: sessions.of('keyEvents'),
            downloads: downloads.of('eventCount'),
          },
          ...daysAnswer(days, { at, settlingMs: SETTLING_MS }),
        };
      },
    };
  },
});

/** Google estimates both, so that more may be engaged than there are. */
function bouncesOf(all: MeasureAnswer, engaged: MeasureAnswer): MeasureAnswer {
  if (typeof all !== 'number') return all;
  if (typeof engaged !== 'number') return engaged;
  return engaged > all ? 'not_available' : all - engaged;
}

function exactly(value: string) {
  return { matchType: 'EXACT', value, caseSensitive: true };
}

interface Row {
  of(metric: string): MeasureAnswer;
}

/** The row of a publication. A report that is not whole is none: its numbers would look measured. */
function rowOf(
  { dimensionHeaders, metricHeaders, rows, metadata }: Report,
  { id, zone, metrics }: { id: string; zone: string; metrics: readonly string[] },
): Row | SourceFailure {
  if (metadata.timeZone !== zone) return otherZone(metadata.timeZone, zone);
  if (metadata.dataLossFromOtherRow) {
    return { unavailable: 'it put rows together under "(other)"', retry: false };
  }
  if (metadata.samplingMetadatas.length > 0) {
    return { unavailable: 'it estimated from a sample', retry: false };
  }
  const row = rows[0];
  // Few users: Google withholds the row.
  const without = metadata.subjectToThresholding ? 'not_available' : 'empty';
  if (row === undefined) return { of: () => without };
  const names = [...dimensionHeaders, ...metricHeaders].map(({ name }) => name);
  const asked = [CONTENT, ...metrics];
  const isWhole = names.join() === asked.join() && row.metricValues.length === metrics.length;
  if (!isWhole || row.dimensionValues[0]?.value !== id) {
    return { unavailable: 'its row is not the one that was asked for', retry: true };
  }
  return {
    of(metric) {
      const value = row.metricValues[metrics.indexOf(metric)]?.value ?? 'empty';
      // A key event that several sessions share was counted in none of them.
      return typeof value === 'number' && !Number.isInteger(value) ? 'not_available' : value;
    },
  };
}
