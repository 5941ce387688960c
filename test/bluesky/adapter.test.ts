import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { loginOf } from '../../src/channels/bluesky/account.ts';
import { createBlueskyChannel } from '../../src/channels/bluesky/adapter.ts';
import { postKeyOf } from '../../src/channels/bluesky/post-key.ts';
import type {
  Channel,
  ChannelAccount,
  PostMedia,
  PublishOutcome,
  PublishRequest,
  RemotePost,
} from '../../src/channels/channel.ts';
import { createMemorySessions } from '../../src/channels/channel-sessions.ts';
import { validateVariant } from '../../src/domain/channel/variant-limits.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { makeAccount, type PdsAccount } from './pds-account.ts';
import { startProxy, type WatchedProxy } from './watched-proxy.ts';

let proxy: WatchedProxy;
let channel: Channel;
let theirs: PdsAccount;
let account: ChannelAccount;

beforeAll(async () => {
  proxy = await startProxy(inject('pdsUrl'));
});
afterAll(() => proxy.close());
beforeEach(async () => {
  theirs = await makeAccount();
  account = accountOf(theirs);
  channel = channelWith();
});

function channelWith(store = createMemorySessions()): Channel {
  return createBlueskyChannel({ http: createHttpClient({ allowedOrigins: [proxy.url] }), store });
}

function accountOf({ handle, appPassword }: PdsAccount): ChannelAccount {
  const settings = { service: proxy.url, handle };
  return { id: `cha_${handle}`, name: 'Baton', settings, credentials: { appPassword } };
}

function request(
  content: Partial<PublishRequest['content']> = {},
  change: Partial<PublishRequest> = {},
): PublishRequest {
  return {
    account,
    key: randomUUID(),
    marker: randomUUID(),
    dueAt: new Date().toISOString(),
    content: { text: 'Bonjour — « à demain » 🥖', language: 'fr', ...content },
    replyTo: null,
    signal: AbortSignal.timeout(20_000),
    writeBefore: performance.now() + 20_000,
    ...change,
  };
}

/** A picture of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const picture: PostMedia = {
  hash: createHash('sha256').update(PNG).digest('hex'),
  kind: 'visual',
  altText: 'Un pixel',
  mediaType: 'image/png',
  size: PNG.length,
  open: async () => Readable.from([PNG]),
};

function published(outcome: PublishOutcome): RemotePost {
  if (outcome.outcome === 'published') return outcome;
  throw new Error(`${outcome.outcome} ${outcome.code}: ${outcome.message}`);
}

describe('a post on a real server', () => {
  it('has facets, a picture with its alternative text, and is found again', async () => {
    const text = `🥖 https://example.com/pain #pain @${theirs.handle}`;
    const sent = request({ text, media: [picture] });
    const post = published(await channel.publish(sent));
    expect(await channel.lookup(sent)).toMatchObject({
      outcome: 'found',
      post: { remoteId: post.remoteId },
    });
    const [record] = await theirs.posts();
    expect(record?.uri).toBe(post.remoteId);
    expect(record?.value).toMatchObject({
      text,
      langs: ['fr'],
      createdAt: sent.dueAt,
      facets: [
        { features: [{ uri: 'https://example.com/pain' }], index: { byteStart: 5, byteEnd: 29 } },
        { features: [{ tag: 'pain' }] },
        { features: [{ did: theirs.did }] },
      ],
      embed: {
        images: [{ alt: 'Un pixel', aspectRatio: { width: 1, height: 1 } }],
      },
    });
  });

  it('has a card for its link', async () => {
    published(await channel.publish(request({ link: 'https://example.com/pain' })));
    const [record] = await theirs.posts();
    expect(record?.value.embed.external).toMatchObject({ uri: 'https://example.com/pain' });
  });

  it('answers the post before it in a thread', async () => {
    const root = published(await channel.publish(request({ text: 'un' })));
    const parent = published(
      await channel.publish(request({ text: 'deux' }, { replyTo: { parent: root, root } })),
    );
    published(await channel.publish(request({ text: 'trois' }, { replyTo: { parent, root } })));
    const records = await theirs.posts();
    const third = records.find(({ value }) => value.text === 'trois');
    expect(third?.value.reply).toMatchObject({
      parent: { uri: parent.remoteId },
      root: { uri: root.remoteId },
    });
  });
});

describe('the key of a post on a real server', () => {
  it('makes one record of five sends at once and one more', async () => {
    const sent = request();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => channel.publish(sent)));
    const again = await channel.publish(sent);
    expect(new Set([...outcomes, again].map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    published(again);
    expect(await theirs.posts()).toHaveLength(1);
  });

  it('keeps the first content: another one is unknown, and the look-up finds the first', async () => {
    const sent = request({ text: 'un' });
    const post = published(await channel.publish(sent));
    const changed = { ...sent, content: { text: 'deux', language: 'fr' } };
    expect(await channel.publish(changed)).toMatchObject({
      outcome: 'unknown',
      code: 'key_used_for_other_content',
    });
    expect(await channel.lookup(changed)).toMatchObject({
      outcome: 'found',
      post: { remoteId: post.remoteId },
    });
    expect((await theirs.posts()).map(({ value }) => value.text)).toEqual(['un']);
  });

  it('finds nothing that was never sent', async () => {
    expect(await channel.lookup(request())).toEqual({ outcome: 'absent' });
  });

  it('finds a post whose answer was lost', async () => {
    const sent = request();
    proxy.loseNextAnswer('com.atproto.repo.putRecord', async () => {});
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'unknown',
      code: 'connection_lost',
    });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'found' });
    published(await channel.publish(sent));
    expect((await theirs.posts()).map(({ uri }) => uri.split('/').at(-1))).toEqual([
      postKeyOf(sent),
    ]);
  });
});

describe('a session on a real server', () => {
  it('whose token is refused is refreshed once for twenty sends at once', async () => {
    const store = createMemorySessions();
    published(await channelWith(store).publish(request()));
    // The refresh token is the server's own; the access token is none.
    await store.renew(account.id, async (kept) =>
      JSON.stringify({ ...JSON.parse(kept ?? ''), accessJwt: 'expired' }),
    );
    const before = proxy.count('com.atproto.server.refreshSession');
    const logins = proxy.count('com.atproto.server.createSession');
    const worker = channelWith(store);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => worker.publish(request())));
    outcomes.map(published);
    expect(proxy.count('com.atproto.server.refreshSession') - before).toBe(1);
    expect(proxy.count('com.atproto.server.createSession')).toBe(logins);
    expect(await theirs.posts()).toHaveLength(21);
  });

  it('that can no longer be refreshed is opened again', async () => {
    const store = createMemorySessions();
    const login = loginOf(account);
    if (typeof login === 'string') throw new Error(login);
    const { fingerprint } = login;
    const gone = { fingerprint, did: theirs.did, accessJwt: 'expired', refreshJwt: 'revoked' };
    await store.renew(account.id, async () => JSON.stringify(gone));
    published(await channelWith(store).publish(request()));
    expect(await theirs.posts()).toHaveLength(1);
  });

  it('is not opened with another password, and nothing says which', async () => {
    const wrong = { ...account, credentials: { appPassword: 'wrong-word' } };
    const outcome = await channel.publish(request({}, { account: wrong }));
    expect(outcome).toMatchObject({ outcome: 'rejected', code: 'credentials_refused' });
    expect(JSON.stringify(outcome)).not.toContain('wrong-word');
  });
});

describe('a text that is too long', () => {
  it.each([
    ['301 graphemes', 'é'.repeat(301)],
    ['299 families of 25 bytes', '👨‍👩‍👧‍👦'.repeat(299)],
  ])('is refused by Baton and by the server alike: %s', async (_, text) => {
    expect(validateVariant({ channel: 'bluesky', text }, [])).toMatchObject([
      { code: 'text_too_long' },
    ]);
    expect(await channel.publish(request({ text }))).toMatchObject({
      outcome: 'rejected',
      code: 'content_refused',
    });
    expect(await theirs.posts()).toEqual([]);
  });

  it.each([
    ['300 graphemes', 'é'.repeat(300)],
    ['120 families, exactly 3,000 bytes', '👨‍👩‍👧‍👦'.repeat(120)],
  ])('and one that just fits is taken by both: %s', async (_, text) => {
    expect(validateVariant({ channel: 'bluesky', text }, [])).toEqual([]);
    published(await channel.publish(request({ text })));
  });
});
