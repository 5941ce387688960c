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
import { UMAMI } from './umami.ts';

const WEBSITE = '5d6b1f0e-7b1c-4b62-9f0e-0d5a1c2b3e4f';
const LOGIN = { username: 'reader', password: 'umami-pass' };
const view = (visit: string, change: object = {}) => ({
  at: '2026-03-02T09:30:00Z',
  visit,
  visitor: `of-${visit}`,
  query: 'utm_source=x&utm_content=pub_1',
  ...change,
});
const VIEWS = [
  view('a'),
  view('b', { visitor: 'of-a' }),
  // The second page of a visit has no tags.
  view('b', { visitor: 'of-a', query: '' }),
  view('c', { query: 'utm_content=pub_2' }),
  // Before the post, and after the checkpoint.
  view('d', { at: '2026-03-02T07:59:59Z' }),
  view('e', { at: '2026-03-03T08:00:01Z' }),
];
const STATE = { version: 3, ...LOGIN, apiKey: 'umami-key', websiteId: WEBSITE, views: VIEWS };

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('umami');
});
afterAll(() => server.stop());
beforeEach(() => server.hold(STATE));

const connection = (secret: object = LOGIN, websiteId = WEBSITE) => ({
  url: server.url,
  config: { server: server.url, websiteId },
  secret,
});
const source = (...change: Parameters<typeof connection>) =>
  openSource('umami', connection(...change));
const question = questionFor('linkedin');

describe('visits of Umami', () => {
  describeSource(async () => {
    const signedIn = source();
    await signedIn.collect(question);
    return {
      kind: UMAMI,
      server,
      source: signedIn,
      refused: source({ ...LOGIN, password: 'wrong-pass' }),
      question,
      // It says zero.
      silence: null,
    };
  });

  it.each([2, 3])('are those with the publication’s tag, of version %i', async (version) => {
    await server.hold({ ...STATE, version });
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({ sessions: 2, users: 1, empty: [], notAvailable: [] });
    expect(reply).toMatchObject({
      readings: expect.arrayContaining([
        expect.objectContaining({ definition: 'sessions:umami-visits', provisional: false }),
      ]),
    });
  });

  it('are zero where it says zero', async () => {
    await server.hold({ ...STATE, views: [] });
    expect(valuesOf(await source().collect(question))).toMatchObject({ sessions: 0, users: 0 });
  });

  it('that fall are taken as they are', async () => {
    await server.hold({ ...STATE, views: [view('a')] });
    expect(valuesOf(await source().collect(question))).toMatchObject({ sessions: 1 });
  });

  it('of Umami Cloud are read with its key, without a login', async () => {
    const reply = await source({ apiKey: 'umami-key' }).collect(question);
    expect(valuesOf(reply)).toMatchObject({ sessions: 2 });
    expect(await server.asked()).toEqual([expect.stringMatching(/^GET \/v1\/websites\//)]);
    const refused = await source({ apiKey: 'wrong-key' }).collect(question);
    expect(refused).toMatchObject({ retry: false, credentialsRefused: true });
  });

  it('take one login for all questions, and a second one when the token is void', async () => {
    const signedIn = source();
    await signedIn.collect(question);
    await signedIn.collect(question);
    const logins = async () => (await server.asked()).filter((one) => one.includes('/login'));
    expect(await logins()).toHaveLength(1);
    await server.hold({ ...STATE, epoch: 2 });
    expect(valuesOf(await signedIn.collect(question))).toMatchObject({ sessions: 2 });
    expect(await logins()).toHaveLength(1);
  });

  it('of another website are refused', async () => {
    const other = source(LOGIN, '00000000-0000-4000-8000-000000000000');
    expect(await other.collect(question)).toMatchObject({ credentialsRefused: true });
  });

  it('are tried by a check, which uses no login of before', async () => {
    expect(await checkConnection('umami', connection())).toMatchObject({ ok: true });
    const wrong = await checkConnection('umami', connection({ ...LOGIN, password: 'other' }));
    expect(wrong).toMatchObject({ ok: false, retry: false, credentialsRefused: true });
  });

  it.each([{}, { username: 'reader' }, { ...LOGIN, apiKey: 'k' }])(
    'are not asked for with %j',
    (secret) => {
      expect(UMAMI.secret.safeParse(secret).success).toBe(false);
    },
  );

  it('are none where a count is negative', async () => {
    const signedIn = source();
    await signedIn.collect(question);
    await server.fail({ body: { visits: -1, visitors: 1 } });
    expect(await signedIn.collect(question)).toMatchObject({ retry: true });
  });
});
