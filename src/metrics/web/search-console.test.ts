import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GOOGLE_READER, googleSecret, WRONG_EMAIL } from '../../../test/support/google-reader.ts';
import {
  checkConnection,
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
  valuesOf,
} from '../../../test/support/source-server.ts';
import { describeSource } from '../source.testsuite.ts';
import { SEARCH_CONSOLE } from './search-console.ts';

const PAGE = 'https://www.example.org/guide';
const SITE = 'sc-domain:example.org';
const day = (date: string, change: object = {}) => ({
  date,
  page: PAGE,
  impressions: 10,
  clicks: 1,
  position: 2.5,
  ...change,
});
const STATE = {
  ...GOOGLE_READER,
  site: SITE,
  found: [
    day('2026-03-01'),
    day('2026-03-02'),
    // The third has no impressions, so no row.
    day('2026-03-04', { impressions: 30, clicks: 0, position: 4 }),
    day('2026-03-02', { page: `${PAGE}/other` }),
    day('2026-03-05'),
  ],
};

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('google');
});
afterAll(() => server.stop());
beforeEach(() => server.hold(STATE));

const connection = ({ email = GOOGLE_READER.email, siteUrl = SITE } = {}) => ({
  url: server.url,
  config: { server: server.url, siteUrl },
  secret: googleSecret(server.url, email),
  // Its dates are Pacific all the same.
  zone: 'Asia/Tokyo',
});
const source = (change = {}) => openSource('search_console', connection(change));
// From midnight to midnight in California, of 2 to 4 March.
const question = {
  ...questionFor('webhook', { url: PAGE }),
  checkpoint: '+72h',
  at: '2026-03-05T08:00:05.000Z',
};
const provisional = async (change: object = {}) => {
  const reply = await source().collect({ ...question, ...change });
  return 'readings' in reply && reply.readings.map((one) => one.provisional);
};

describe('search figures of Search Console', () => {
  describeSource(async () => {
    const signedIn = source();
    await signedIn.collect(question);
    return {
      kind: SEARCH_CONSOLE,
      server,
      source: signedIn,
      refused: source({ email: WRONG_EMAIL }),
      question,
      silence: () => server.hold({ ...STATE, found: [] }),
    };
  });

  it('are those of the page in Pacific days, and days without a row are none', async () => {
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({
      search_impressions: 40,
      search_clicks: 1,
      position_x_impressions: 145,
      empty: [],
      notAvailable: [],
    });
    expect(reply).toMatchObject({
      readings: expect.arrayContaining([
        expect.objectContaining({ definition: 'position:google-by-page', provisional: true }),
      ]),
    });
  });

  it('are settled when all their days are before the first incomplete one', async () => {
    await server.hold({ ...STATE, incomplete: '2026-03-04' });
    expect(await provisional({ at: '2026-04-01T00:00:00.000Z' })).toEqual([true, true, true]);
    await server.hold({ ...STATE, incomplete: '2026-03-05' });
    // It names none that it was not asked for.
    expect(await provisional({ at: '2026-03-08T07:59:59.000Z' })).toEqual([true, true, true]);
    expect(await provisional({ at: '2026-03-08T08:00:00.000Z' })).toEqual([false, false, false]);
  });

  it('of a page that was not shown are empty, never zero', async () => {
    const reply = await source().collect({
      ...question,
      publication: { ...question.publication, url: `${PAGE}/none` },
    });
    expect(valuesOf(reply)).toEqual({
      empty: SEARCH_CONSOLE.supplies('webhook'),
      notAvailable: [],
    });
  });

  it('are not asked for a post that is no page', async () => {
    const reply = await source().collect({ ...question, ...questionFor('bluesky'), page: PAGE });
    expect(valuesOf(reply)).toEqual({ empty: [], notAvailable: [] });
    const nowhere = { ...question, publication: { ...question.publication, url: null } };
    expect(valuesOf(await source().collect(nowhere))).toMatchObject({
      notAvailable: SEARCH_CONSOLE.supplies('webhook'),
    });
    expect(await server.asked()).toEqual([]);
  });

  it('of another property are refused', async () => {
    const reply = await source({ siteUrl: 'https://other.example/' }).collect(question);
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
  });

  it('are tried by a check, which wants the right to read', async () => {
    const check = () => checkConnection('search_console', connection());
    expect(await check()).toMatchObject({ ok: true });
    await server.hold({ ...STATE, permission: 'siteUnverifiedUser' });
    expect(await check()).toMatchObject({ ok: false, credentialsRefused: true });
  });

  it.each([
    ['for how long', { 'retry-after': '40' }, 40_000],
    ['not for how long', {}, 900_000],
  ])(
    'are asked for later when 403 says it is asked too often, and %s',
    async (_what, headers, retryAfterMs) => {
      const opened = source();
      await opened.collect(question);
      const errors = [{ reason: 'quotaExceeded', domain: 'usageLimits' }];
      await server.fail({ status: 403, headers, body: { error: { code: 403, errors } } });
      const reply = await opened.collect(question);
      expect(reply).toMatchObject({ retry: true, retryAfterMs });
      expect(reply).not.toHaveProperty('credentialsRefused');
    },
  );

  it.each([
    [
      'days that were not asked for',
      [{ keys: ['2026-03-09'], clicks: 1, impressions: 1, position: 1 }],
    ],
    [
      'a day twice',
      Array(2).fill({ keys: ['2026-03-02'], clicks: 1, impressions: 1, position: 1 }),
    ],
    ['half a row', [{ keys: ['2026-03-02'], clicks: 1 }]],
  ])('are none when it answers %s', async (_what, rows) => {
    const opened = source();
    await opened.collect(question);
    await server.fail({ body: { rows, responseAggregationType: 'byPage' } });
    expect(await opened.collect(question)).toMatchObject({ retry: true });
  });

  it('are none when they are those of the whole property', async () => {
    const opened = source();
    await opened.collect(question);
    await server.fail({ body: { rows: [], responseAggregationType: 'byProperty' } });
    expect(await opened.collect(question)).toMatchObject({ retry: true });
  });
});
