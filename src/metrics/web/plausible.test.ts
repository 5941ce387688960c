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
import { PLAUSIBLE } from './plausible.ts';

const KEY = 'plausible-key';
const visit = (change: object = {}) => ({
  at: '2026-03-02T09:30:00Z',
  content: 'pub_1',
  visitor: 'v1',
  views: 1,
  ...change,
});
const VISITS = [
  visit(),
  visit({ visitor: 'v2', views: 4, goals: { 'File Download': 2, Signup: 1 } }),
  visit({ visitor: 'v2', views: 2, goals: { Contact: 1 } }),
  visit({ content: 'pub_2', visitor: 'v3' }),
  // Before the post, and after the checkpoint.
  visit({ at: '2026-03-02T07:59:59Z' }),
  visit({ at: '2026-03-03T08:00:01Z' }),
];
const STATE = {
  apiKey: KEY,
  siteId: 'example.org',
  goals: ['File Download', 'Signup', 'Contact'],
  visits: VISITS,
};

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('plausible');
});
afterAll(() => server.stop());
beforeEach(() => server.hold(STATE));

const GOALS = { downloadGoal: 'File Download', keyEventGoals: ['Signup', 'Contact'] };
const connection = (config: object = GOALS, apiKey = KEY) => ({
  url: server.url,
  config: { server: server.url, siteId: 'example.org', ...config },
  secret: { apiKey },
});
const source = (...change: Parameters<typeof connection>) =>
  openSource('plausible', connection(...change));
const question = questionFor('linkedin');
const rowsOf = (...results: object[]) => ({ body: { results, meta: {}, query: {} } });
const row = (metrics: unknown[], id = 'pub_1') => ({ dimensions: [id], metrics });

describe('visits of Plausible', () => {
  describeSource(async () => ({
    kind: PLAUSIBLE,
    server,
    source: source(),
    refused: source(GOALS, 'wrong-key'),
    question,
    silence: () => server.hold({ ...STATE, visits: [] }),
  }));

  it('are those with the publication’s tag, and bounces are rebuilt from the rate', async () => {
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({
      sessions: 3,
      // 33 % of three.
      bounces: 1,
      pageviews: 7,
      users: 2,
      downloads: 2,
      key_events: 2,
      empty: [],
      notAvailable: [],
    });
    expect(reply).toMatchObject({
      readings: expect.arrayContaining([
        expect.objectContaining({ measure: 'bounces', definition: 'bounces:plausible-one-view' }),
      ]),
    });
  });

  it('are settled half an hour after the window', async () => {
    const settled = async (at: string) => {
      const reply = await source().collect({ ...question, at });
      return 'readings' in reply && reply.readings.every(({ provisional }) => !provisional);
    };
    expect(await settled('2026-03-03T08:29:59.000Z')).toBe(false);
    expect(await settled('2026-03-03T08:30:00.000Z')).toBe(true);
  });

  it('of a publication that nobody came from are empty, never zero', async () => {
    await server.hold({ ...STATE, visits: [visit({ content: 'pub_2' })] });
    expect(valuesOf(await source().collect(question))).toEqual({
      empty: PLAUSIBLE.supplies('linkedin'),
      notAvailable: [],
    });
  });

  it('without goals have no downloads and no key events, and cost one request', async () => {
    expect(valuesOf(await source({}).collect(question))).toMatchObject({
      sessions: 3,
      notAvailable: ['downloads', 'key_events'],
    });
    expect(await server.asked()).toHaveLength(1);
  });

  it('are none with a goal that the site does not have', async () => {
    const reply = await source({ downloadGoal: 'Nothing' }).collect(question);
    expect(reply).toMatchObject({ retry: false });
  });

  it('are tried by a check, with the goals', async () => {
    const detail = expect.stringContaining('visits in the last hour');
    expect(await checkConnection('plausible', connection())).toEqual({ ok: true, detail });
    const wrong = [connection({ siteId: 'other.org' }), connection({ downloadGoal: 'Nothing' })];
    for (const one of wrong) {
      const reply = await checkConnection('plausible', one);
      expect(reply).toMatchObject({ ok: false, retry: false });
    }
  });

  it.each([
    ['many rows', rowsOf(row([1, 0, 1, 1]), row([2, 0, 2, 2]))],
    ['a row of another publication', rowsOf(row([1, 0, 1, 1], 'pub_2'))],
    ['half a row', rowsOf(row([1, 0]))],
    ['a rate over 100 %', rowsOf(row([1, 120, 1, 1]))],
  ])('are none when it answers %s', async (_what, fault) => {
    await server.fail(fault);
    expect(await source().collect(question)).toMatchObject({ retry: true });
  });
});
