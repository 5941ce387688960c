import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
  valuesOf,
} from '../../test/support/source-server.ts';
import { MASTODON_COUNTS } from './mastodon.ts';
import { describeSource } from './source.testsuite.ts';

const TOKEN = 'token-of-the-account';
const STATUS = { favourites_count: 3, replies_count: 0, reblogs_count: 2, quotes_count: 1 };
const ACCOUNT = { id: '1', acct: 'studio', followers_count: 40 };

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('mastodon');
});
afterAll(() => server.stop());
beforeEach(() => server.hold({ token: TOKEN, account: ACCOUNT, statuses: { 'remote-1': STATUS } }));

const source = (accessToken = TOKEN) =>
  openSource('mastodon', {
    url: server.url,
    config: { server: server.url },
    secret: { accessToken },
  });
const question = questionFor('mastodon');

describe('counts of Mastodon', () => {
  describeSource(async () => ({
    kind: MASTODON_COUNTS,
    server,
    source: source(),
    refused: source('wrong-token'),
    question,
    silence: null,
  }));

  it('are those of the post and its account, zero where it says zero', async () => {
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({
      reactions: 3,
      comments: 0,
      shares: 3,
      followers: 40,
      empty: [],
      notAvailable: [],
    });
    expect(reply).toMatchObject({
      readings: expect.arrayContaining([
        expect.objectContaining({
          measure: 'shares',
          definition: 'shares:reblogs+quotes',
          provisional: false,
          asOf: question.at,
        }),
      ]),
    });
  });

  it('of a server that knows no quotes are without them', async () => {
    const { quotes_count: _, ...older } = STATUS;
    await server.hold({ token: TOKEN, account: ACCOUNT, statuses: { 'remote-1': older } });
    expect(valuesOf(await source().collect(question))).toMatchObject({ shares: 2 });
  });

  it('that fall are taken as they are', async () => {
    expect(valuesOf(await source().collect(question))).toMatchObject({ reactions: 3 });
    const fewer = { ...STATUS, favourites_count: 1 };
    await server.hold({ token: TOKEN, account: ACCOUNT, statuses: { 'remote-1': fewer } });
    expect(valuesOf(await source().collect(question))).toMatchObject({ reactions: 1 });
  });

  it('of a deleted post are empty, never zero', async () => {
    await server.hold({ token: TOKEN, account: ACCOUNT, statuses: {} });
    expect(valuesOf(await source().collect(question))).toEqual({
      followers: 40,
      empty: ['reactions', 'comments', 'shares'],
      notAvailable: [],
    });
  });

  it('before the post are the followers of its account', async () => {
    const baseline = questionFor('mastodon', { publishedAt: null, remoteId: null });
    const reply = await source().collect({ ...baseline, checkpoint: 'baseline' });
    expect(valuesOf(reply)).toEqual({ followers: 40, empty: [], notAvailable: [] });
    expect(await server.asked()).toEqual(['GET /api/v1/accounts/verify_credentials']);
  });

  it.each([
    ['a limit with its end', { 'x-ratelimit-reset': '2999-01-01T00:00:00.000Z' }, 86_400_000],
    ['no word on when', {}, 300_000],
  ])('wait after 429 with %s', async (_what, headers, retryAfterMs) => {
    await server.fail({ status: 429, headers, body: { error: 'Too many requests' } });
    expect(await source().collect(question)).toMatchObject({ retry: true, retryAfterMs });
  });

  it.each([
    ['a text for a count', { body: { ...STATUS, favourites_count: 'many' } }],
    ['a negative count', { body: { ...STATUS, favourites_count: -1 } }],
  ])('of a server that answers %s are none, and may be asked for again', async (_what, fault) => {
    await server.fail(fault);
    expect(await source().collect(question)).toMatchObject({ retry: true });
  });
});
