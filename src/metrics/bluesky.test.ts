import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
  valuesOf,
} from '../../test/support/source-server.ts';
import { BLUESKY_COUNTS } from './bluesky.ts';
import { describeSource } from './source.testsuite.ts';

const URI = 'at://did:plc:studio/app.bsky.feed.post/3k';
const COUNTS = { likeCount: 5, replyCount: 0, repostCount: 2, quoteCount: 1, bookmarkCount: 4 };
const STATE = {
  password: 'app-password-1',
  did: 'did:plc:studio',
  followers: 12,
  posts: { [URI]: COUNTS },
};

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('bluesky');
});
afterAll(() => server.stop());
beforeEach(() => server.hold(STATE));

const source = (appPassword = STATE.password) =>
  openSource('bluesky', {
    url: server.url,
    config: { service: server.url, handle: 'baton.test' },
    secret: { appPassword },
  });
const question = questionFor('bluesky', { remoteId: URI });
const methods = async () => (await server.asked()).map((line) => line.split(/[ ?]|xrpc\//)[2]);

describe('counts of Bluesky', () => {
  describeSource(async () => {
    const one = source();
    await one.collect(question);
    return {
      kind: BLUESKY_COUNTS,
      server,
      source: one,
      refused: source('wrong-password'),
      question,
      silence: null,
    };
  });

  it('are those of the post and its account, with the account’s own login', async () => {
    expect(valuesOf(await source().collect(question))).toEqual({
      reactions: 5,
      comments: 0,
      shares: 3,
      saves: 4,
      followers: 12,
      empty: [],
      notAvailable: [],
    });
  });

  it('reuse the session: they log in once', async () => {
    const one = source();
    await one.collect(question);
    await one.collect(question);
    const logins = (await methods()).filter((name) => name?.endsWith('createSession'));
    expect(logins).toHaveLength(1);
  });

  it('renew a token that expired, and ask again', async () => {
    const one = source();
    await one.collect(question);
    await fetch(`${server.url}/xrpc/test.expireTokens`, { method: 'POST', body: '{}' });
    expect(valuesOf(await one.collect(question))).toMatchObject({ reactions: 5 });
    expect(await methods()).toContain('com.atproto.server.refreshSession');
  });

  it('of a deleted post are empty, never zero', async () => {
    await server.hold({ ...STATE, posts: {} });
    expect(valuesOf(await source().collect(question))).toEqual({
      followers: 12,
      empty: ['reactions', 'comments', 'shares', 'saves'],
      notAvailable: [],
    });
  });

  it.each([
    ['bookmarks', 'bookmarkCount', 'saves'],
    ['replies', 'replyCount', 'comments'],
    ['reposts', 'repostCount', 'shares'],
    ['quotes', 'quoteCount', 'shares'],
  ])(
    'of an AppView that counts no %s are not available, never zero',
    async (_what, field, measure) => {
      const { [field]: _, ...older }: Record<string, number> = { ...COUNTS, replyCount: 1 };
      await server.hold({ ...STATE, posts: { [URI]: older } });
      expect(valuesOf(await source().collect(question))).toMatchObject({
        reactions: 5,
        notAvailable: [measure],
      });
    },
  );

  it('before the post are the followers of its account', async () => {
    const before = questionFor('bluesky', { publishedAt: null, remoteId: null });
    const reply = await source().collect({ ...before, checkpoint: 'baseline' });
    expect(valuesOf(reply)).toEqual({ followers: 12, empty: [], notAvailable: [] });
  });

  it('of a server without an AppView are unavailable, and may be asked for again', async () => {
    await server.hold({ ...STATE, appView: false });
    expect(await source().collect(question)).toEqual({
      unavailable: 'Bluesky: it answered 502',
      retry: true,
    });
  });

  it('wait as long as the limit says', async () => {
    const one = source();
    await one.collect(question);
    const reset = String(Math.floor(Date.now() / 1_000) + 3_600);
    await server.fail({ status: 429, headers: { 'ratelimit-reset': reset }, body: {} });
    const reply = await one.collect(question);
    expect(reply).toMatchObject({ retry: true });
    const waitMs = 'unavailable' in reply ? (reply.retryAfterMs ?? 0) : 0;
    expect(waitMs).toBeGreaterThan(3_000_000);
    expect(waitMs).toBeLessThanOrEqual(3_600_000);
  });

  it.each([
    ['a post without counts', { body: { posts: [{ uri: URI }] } }],
    ['an endless list', { body: { posts: Array(26).fill({ uri: URI, ...COUNTS }) } }],
  ])('of a server that answers %s are none, and may be asked for again', async (_what, fault) => {
    const one = source();
    await one.collect(question);
    await server.fail(fault);
    expect(await one.collect(question)).toMatchObject({ retry: true });
  });
});
