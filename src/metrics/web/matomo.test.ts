import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  checkConnection,
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
  valuesOf,
} from '../../../test/support/source-server.ts';
import { describeSource } from '../source.testsuite.ts';
import { MATOMO } from './matomo.ts';

const TOKEN = 'matomo-token';
const visit = (change: object = {}) => ({
  at: '2026-03-02T09:30:00Z',
  content: 'pub_1',
  visitor: 'v1',
  pages: 1,
  ...change,
});
const VISITS = [
  visit(),
  visit({ visitor: 'v2', pages: 3, downloads: 2, conversions: 1 }),
  visit({ content: 'pub_2' }),
  visit({ at: '2026-03-01T23:30:00Z' }),
  visit({ at: '2026-03-03T23:30:00Z', pages: 2 }),
];
const STATE = { token: TOKEN, siteId: 7, timezone: 'UTC', visits: VISITS };

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('matomo');
});
afterAll(() => server.stop());
beforeEach(() => server.hold(STATE));

const connection = (token = TOKEN, zone = 'UTC') => ({
  url: server.url,
  config: { server: `${server.url}/matomo/`, siteId: 7 },
  secret: { token },
  zone,
});
const source = (...change: Parameters<typeof connection>) =>
  openSource('matomo', connection(...change));
const question = questionFor('linkedin');

describe('visits of Matomo', () => {
  describeSource(async () => ({
    kind: MATOMO,
    server,
    source: source(),
    refused: source('wrong-token'),
    question,
    silence: () => server.hold({ ...STATE, visits: [] }),
  }));

  it('are those of the publication’s campaign content, by whole days of the site', async () => {
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({
      sessions: 3,
      bounces: 1,
      pageviews: 6,
      downloads: 2,
      key_events: 1,
      empty: [],
      // Of a range it counts them only when it is told to.
      notAvailable: ['users'],
    });
    const bounces = { measure: 'bounces', definition: 'bounces:matomo-one-page' };
    expect(reply).toMatchObject({
      readings: expect.arrayContaining([expect.objectContaining(bounces)]),
    });
  });

  it('are other visits in another zone', async () => {
    await server.hold({ ...STATE, timezone: 'Europe/Paris', unique: true });
    const reply = await source(TOKEN, 'Europe/Paris').collect(question);
    // Half past eleven is half past midnight of the next day.
    expect(valuesOf(reply)).toMatchObject({ sessions: 3, bounces: 2, users: 2 });
  });

  it('are none when the site counts in another zone than the connection', async () => {
    const reply = await source(TOKEN, 'Europe/Paris').collect(question);
    expect(reply).toMatchObject({ retry: false, unavailable: expect.stringContaining('UTC') });
  });

  it('are settled when their last day is over for two hours', async () => {
    const settled = async (at: string) => {
      const reply = await source().collect({ ...question, at });
      return 'readings' in reply && reply.readings.every(({ provisional }) => !provisional);
    };
    expect(await settled('2026-03-04T01:59:59.000Z')).toBe(false);
    expect(await settled('2026-03-04T02:00:00.000Z')).toBe(true);
  });

  it('that are not in its reports are empty, never zero', async () => {
    await server.hold({ ...STATE, archived: false });
    expect(valuesOf(await source().collect(question))).toEqual({
      empty: MATOMO.supplies('linkedin'),
      notAvailable: [],
    });
  });

  it('that are answered as a list of nothing are empty, too', async () => {
    await server.fail({ body: [{ name: 'x', timezone: 'UTC' }, [], [], []] });
    expect(valuesOf(await source().collect(question))).toEqual({
      empty: MATOMO.supplies('linkedin'),
      notAvailable: [],
    });
  });

  it('are zero of what the visits did not do', async () => {
    await server.hold({ ...STATE, visits: [visit({ pages: 2 })] });
    expect(valuesOf(await source().collect(question))).toMatchObject({
      sessions: 1,
      bounces: 0,
      downloads: 0,
      key_events: 0,
    });
  });

  it('are none without the plugin that keeps campaign contents', async () => {
    await server.hold({ ...STATE, plugin: false });
    const reply = await source().collect(question);
    expect(reply).toMatchObject({
      retry: false,
      unavailable: expect.stringContaining("'campaignContent' is not a supported segment"),
    });
    expect(reply).not.toHaveProperty('credentialsRefused');
  });

  it.each([200, 401])('are refused with a wrong token by status %i', async (status) => {
    await server.hold({ ...STATE, ...(status !== 200 && { status }) });
    const reply = await source('wrong-token').collect(question);
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
  });

  it('are tried by a check, which says whose days they are', async () => {
    const detail = expect.stringContaining('its days are those of UTC');
    expect(await checkConnection('matomo', connection())).toEqual({ ok: true, detail });
    const wrong = await checkConnection('matomo', connection('wrong-token'));
    expect(wrong).toMatchObject({ ok: false, retry: false, credentialsRefused: true });
  });

  it.each(['https://example.org/matomo?token_auth=x', 'https://u:p@example.org/', 'matomo'])(
    'are not asked for at %s',
    (address) => {
      expect(MATOMO.config.safeParse({ server: address, siteId: 7 }).success).toBe(false);
    },
  );

  it('never put the token into an address', async () => {
    await source().collect(question);
    expect(await server.asked()).toEqual(['POST /matomo/index.php']);
  });

  it.each([
    ['three of four reports', [{ name: 'x', timezone: 'UTC' }, [], []]],
    ['a negative count', [{ name: 'x', timezone: 'UTC' }, [], [], { nb_conversions: -1 }]],
  ])('are none when it answers %s', async (_what, body) => {
    await server.fail({ body });
    expect(await source().collect(question)).toMatchObject({ retry: true });
  });
});
