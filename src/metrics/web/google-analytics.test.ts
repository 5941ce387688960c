import { generateKeyPairSync } from 'node:crypto';
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
import { GOOGLE_ANALYTICS } from './google-analytics.ts';

const session = (change: object = {}) => ({
  date: '2026-03-02',
  content: 'pub_1',
  engaged: true,
  views: 2,
  keyEvents: 0,
  user: 'u1',
  downloads: 0,
  ...change,
});
const STATE = {
  ...GOOGLE_READER,
  property: '123',
  timeZone: 'UTC',
  sessions: [
    session({ keyEvents: 2 }),
    session({ user: 'u2', engaged: false, views: 1, downloads: 3 }),
    session({ date: '2026-03-03', views: 4 }),
    session({ content: 'pub_2' }),
    session({ date: '2026-03-01' }),
    session({ date: '2026-03-04' }),
  ],
};

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('google');
});
afterAll(() => server.stop());
beforeEach(() => server.hold(STATE));

const connection = ({ email = GOOGLE_READER.email, property = '123' } = {}) => ({
  url: server.url,
  config: { server: server.url, property },
  secret: googleSecret(server.url, email),
});
const source = (change = {}) => openSource('ga4', connection(change));
const question = questionFor('linkedin');
const grants = async () => (await server.asked()).filter((one) => one === 'POST /token').length;

/** An answer whose row of sessions has these numbers, and none of downloads. */
function batchOf(values: string[]) {
  const metadata = { timeZone: 'UTC' };
  const names = ['sessions', 'engagedSessions', 'screenPageViews', 'keyEvents', 'totalUsers'];
  const kind = 'analyticsData#runReport';
  const ofSessions = {
    kind,
    metadata,
    dimensionHeaders: [{ name: 'sessionManualAdContent' }],
    metricHeaders: names.map((name) => ({ name })),
    rows: [
      {
        dimensionValues: [{ value: 'pub_1' }],
        metricValues: values.map((value) => ({ value })),
      },
    ],
  };
  return {
    kind: 'analyticsData#batchRunReports',
    reports: [ofSessions, { kind, metadata, metricHeaders: [{ name: 'eventCount' }] }],
  };
}

async function signedIn() {
  const opened = source();
  await opened.collect(question);
  return opened;
}

describe('sessions of Google Analytics', () => {
  describeSource(async () => ({
    kind: GOOGLE_ANALYTICS,
    server,
    source: await signedIn(),
    refused: source({ email: WRONG_EMAIL }),
    question,
    silence: () => server.hold({ ...STATE, sessions: [] }),
  }));

  it('are those with the publication’s tag; bounces are those that were not engaged', async () => {
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({
      sessions: 3,
      engaged_sessions: 2,
      bounces: 1,
      pageviews: 7,
      users: 2,
      key_events: 2,
      downloads: 3,
      empty: [],
      notAvailable: [],
    });
    const bounces = { measure: 'bounces', definition: 'bounces:ga4-not-engaged' };
    expect(reply).toMatchObject({
      readings: expect.arrayContaining([expect.objectContaining(bounces)]),
    });
  });

  it('whose row is not whole are none: what is missing would look measured', async () => {
    const opened = await signedIn();
    await server.fail({ body: batchOf(['3']) });
    expect(await opened.collect(question)).toMatchObject({
      unavailable: expect.stringContaining('row'),
      retry: true,
    });
  });

  it('are counts, however a number is written; one in parts is none', async () => {
    const opened = await signedIn();
    await server.fail({ body: batchOf(['3', '2', '7', '2.0', '2']) });
    expect(valuesOf(await opened.collect(question))).toMatchObject({ sessions: 3, key_events: 2 });
    await server.fail({ body: batchOf(['3', '2', '7', '1.333333', '2']) });
    expect(valuesOf(await opened.collect(question))).toMatchObject({
      sessions: 3,
      bounces: 1,
      notAvailable: ['key_events'],
    });
  });

  it('have no bounces where more were engaged than there were', async () => {
    const opened = await signedIn();
    await server.fail({ body: batchOf(['3', '4', '7', '2', '2']) });
    expect(valuesOf(await opened.collect(question))).toMatchObject({
      sessions: 3,
      engaged_sessions: 4,
      notAvailable: ['bounces'],
    });
  });

  it('without a download have an empty count, never zero', async () => {
    await server.hold({ ...STATE, sessions: [session()] });
    expect(valuesOf(await source().collect(question))).toMatchObject({
      sessions: 1,
      empty: ['downloads'],
    });
  });

  it('of nobody are empty; those that it withholds are not available', async () => {
    await server.hold({ ...STATE, sessions: [] });
    const supplied = GOOGLE_ANALYTICS.supplies('linkedin');
    expect(valuesOf(await source().collect(question))).toEqual({
      empty: supplied,
      notAvailable: [],
    });
    await server.hold({ ...STATE, sessions: [], metadata: { subjectToThresholding: true } });
    expect(valuesOf(await source().collect(question))).toEqual({
      empty: [],
      notAvailable: supplied,
    });
  });

  it.each([
    ['estimates', { samplingMetadatas: [{ samplesReadCount: '1', samplingSpaceSize: '2' }] }],
    ['puts rows together', { dataLossFromOtherRow: true }],
    ['counts days of another zone', { timeZone: 'America/New_York' }],
  ])('are none when it %s', async (_what, metadata) => {
    await server.hold({ ...STATE, metadata });
    expect(await source().collect(question)).toMatchObject({ retry: false });
  });

  it('are settled two days after their last day', async () => {
    const opened = await signedIn();
    const settled = async (at: string) => {
      const reply = await opened.collect({ ...question, at });
      return 'readings' in reply && reply.readings.every(({ provisional }) => !provisional);
    };
    expect(await settled('2026-03-05T23:59:59.000Z')).toBe(false);
    expect(await settled('2026-03-06T00:00:00.000Z')).toBe(true);
    const reply = await opened.collect({ ...question, at: '2026-03-06T00:00:00.000Z' });
    expect(reply).toMatchObject({
      readings: [{ asOf: '2026-03-04T00:00:00.000Z' }, ...Array(6).fill({})],
    });
  });

  it('take one token for all questions, and another when it is void or over', async () => {
    const opened = await signedIn();
    await opened.collect(question);
    expect(await grants()).toBe(1);
    await server.hold({ ...STATE, epoch: 2 });
    expect(valuesOf(await opened.collect(question))).toMatchObject({ sessions: 3 });
    expect(await grants()).toBe(1);
    await server.hold({ ...STATE, epoch: 3, expiresIn: 60 });
    await opened.collect(question);
    await opened.collect(question);
    expect(await grants()).toBe(2);
  });

  it('of another property are refused', async () => {
    const reply = await source({ property: '9' }).collect(question);
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
  });

  it('are tried by a check, which says whose days they are', async () => {
    const detail = 'Google Analytics: it answers; its days are those of UTC';
    expect(await checkConnection('ga4', connection())).toEqual({ ok: true, detail });
    for (const change of [{ property: '9' }, { email: 'other@example.org' }]) {
      const reply = await checkConnection('ga4', connection(change));
      expect(reply).toMatchObject({ ok: false, retry: false, credentialsRefused: true });
    }
  });

  it.each([
    ['no key', 'nothing'],
    [
      'a short key',
      generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      }),
    ],
    [
      'a key of another kind',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ],
  ])('are not asked for with %s', (_what, private_key) => {
    const secret = { ...connection().secret, private_key };
    const parsed = GOOGLE_ANALYTICS.secret.safeParse(secret);
    expect(parsed.error?.issues).toMatchObject([{ path: ['private_key'] }]);
  });

  it('wait longer when a quota is used up', async () => {
    const opened = await signedIn();
    const body = { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' } };
    await server.fail({ status: 429, body });
    expect(await opened.collect(question)).toMatchObject({ retry: true, retryAfterMs: 900_000 });
  });
});
