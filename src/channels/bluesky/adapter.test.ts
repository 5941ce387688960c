import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakePds, startFakePds } from '../../../test/support/fake-pds.ts';
import { HOSTILE_ANSWERS } from '../../../test/support/hostile-answers.ts';
import { createHttpClient } from '../../http/http-client.ts';
import { type ChannelHarness, describeChannel, type NetworkFault } from '../channel.testsuite.ts';
import type { Channel, ChannelAccount, PostMedia, PublishRequest } from '../channel.ts';
import { createMemorySessions } from '../channel-sessions.ts';
import { createBlueskyChannel } from './adapter.ts';
import { postKeyOf } from './post-key.ts';

let pds: FakePds;
let channel: Channel;
let account: ChannelAccount;

function channelAt(url: string, store = createMemorySessions()): Channel {
  return createBlueskyChannel({ http: createHttpClient({ allowedOrigins: [url] }), store });
}

function accountOf({ url, password }: FakePds): ChannelAccount {
  const settings = { service: url, handle: 'baton.test' };
  return { id: 'cha_1', name: 'Baton', settings, credentials: { appPassword: password } };
}

function request(
  content: Partial<PublishRequest['content']> = {},
  change: Partial<PublishRequest> = {},
): PublishRequest {
  return {
    account,
    key: randomUUID(),
    marker: randomUUID(),
    dueAt: '2026-11-02T09:00:00.000Z',
    content: { text: 'Bonjour', language: 'fr', ...content },
    replyTo: null,
    signal: AbortSignal.timeout(3_000),
    writeBefore: performance.now() + 3_000,
    ...change,
  };
}

function image(bytes: Buffer, altText = 'Un fournil'): PostMedia {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const open = async () => Readable.from([bytes]);
  return { hash, kind: 'visual', altText, mediaType: 'image/png', size: bytes.length, open };
}

/** The first bytes of a PNG of 640 × 480. */
const PNG = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  Buffer.from([0, 0, 2, 128, 0, 0, 1, 224, 8, 6, 0, 0, 0]),
]);

describe('on a server that takes part', () => {
  let harness: ChannelHarness;
  const keys = new Map<string, string>();
  const faults = new Map<string, NetworkFault>();

  beforeAll(async () => {
    pds = await startFakePds();
    channel = channelAt(pds.url);
    account = accountOf(pds);
    // The network knows posts by their record key, the suite by their marker.
    const translated: Channel = {
      ...channel,
      publish(asked) {
        const rkey = postKeyOf(asked);
        const fault = faults.get(asked.marker);
        keys.set(asked.marker, rkey);
        faults.delete(asked.marker);
        if (fault !== undefined) pds.fail(rkey, fault);
        return channel.publish(asked);
      },
    };
    harness = {
      channel: translated,
      account,
      accepted: (marker) => pds.writes.get(keys.get(marker) ?? '') ?? 0,
      fail: async (marker, fault) => void faults.set(marker, fault),
    };
    // One login for all: the suite's patience is short.
    await channel.publish(request());
  });
  afterAll(() => pds.close());

  describeChannel('bluesky', () => harness);
});

describe('the record of a post', () => {
  beforeAll(async () => {
    pds = await startFakePds();
    channel = channelAt(pds.url);
    account = accountOf(pds);
  });
  afterAll(() => pds.close());

  async function recordFor(content: Partial<PublishRequest['content']>, change = {}) {
    const sent = request(content, change);
    const outcome = await channel.publish(sent);
    expect(outcome).toMatchObject({ outcome: 'published' });
    return pds.records.get(postKeyOf(sent));
  }

  it('has a key and a time that follow from the post', async () => {
    const sent = request();
    const outcome = await channel.publish(sent);
    const rkey = postKeyOf(sent);
    expect(rkey).toMatch(/^[234567a-j][2-7a-z]{12}$/);
    expect(postKeyOf({ ...sent })).toBe(rkey);
    expect(postKeyOf({ ...sent, key: randomUUID() })).not.toBe(rkey);
    expect(outcome).toEqual({
      outcome: 'published',
      remoteId: `at://${pds.did}/app.bsky.feed.post/${rkey}`,
      permalink: `https://bsky.app/profile/${pds.did}/post/${rkey}`,
      at: '2026-11-02T09:00:00.000Z',
    });
    expect(pds.records.get(rkey)).toEqual({
      $type: 'app.bsky.feed.post',
      text: 'Bonjour',
      langs: ['fr'],
      createdAt: '2026-11-02T09:00:00.000Z',
    });
  });

  it('has facets at UTF-8 offsets; an unknown mention stays text', async () => {
    const text = '🥖 https://example.com/é #pain @baton.test @nobody.test';
    const { facets } = await recordFor({ text });
    const parts = facets.map((facet: { index: { byteStart: number; byteEnd: number } }) =>
      Buffer.from(text).subarray(facet.index.byteStart, facet.index.byteEnd).toString(),
    );
    expect(parts).toEqual(['https://example.com/é', '#pain', '@baton.test']);
    expect(facets.map((facet: { features: unknown[] }) => facet.features[0])).toMatchObject([
      { $type: 'app.bsky.richtext.facet#link', uri: 'https://example.com/é' },
      { $type: 'app.bsky.richtext.facet#tag', tag: 'pain' },
      { $type: 'app.bsky.richtext.facet#mention', did: pds.did },
    ]);
  });

  it('has a card for its link, made without fetching it', async () => {
    const { embed } = await recordFor({ link: 'https://example.com/du-pain' });
    expect(embed).toEqual({
      $type: 'app.bsky.embed.external',
      external: {
        uri: 'https://example.com/du-pain',
        title: 'example.com/du-pain',
        description: '',
      },
    });
  });

  it('has a card whose address is cut between two characters that a reader sees', async () => {
    const family = '👨‍👩‍👧‍👦';
    const link = `https://example.com/${encodeURI('a'.repeat(3) + family.repeat(200))}`;
    const { embed } = await recordFor({ link });
    expect(embed.external.title).toBe(`example.com/aaa${family.repeat(185)}`);
  });

  it('links what a reader takes for a link, without the signs behind it', async () => {
    const { facets } = await recordFor({ text: 'See https://example.com/a...' });
    expect(facets).toMatchObject([
      { index: { byteStart: 4, byteEnd: 25 }, features: [{ uri: 'https://example.com/a' }] },
    ]);
  });

  it('has the approved title on its card, and the address below', async () => {
    const title = 'Du pain, pas de restes';
    const { embed } = await recordFor({ title, link: 'https://example.com/du%20pain?de=baton' });
    expect(embed.external).toEqual({
      uri: 'https://example.com/du%20pain?de=baton',
      title,
      description: 'example.com/du pain',
    });
    expect(await recordFor({ title })).not.toHaveProperty('embed');
    const short = 'https://go.example.com/r/abcdefghijkl';
    const written = { text: 'x', link: 'https://example.com/du-pain' };
    const { embed: shortened } = await recordFor({ title, link: short, written });
    expect(shortened.external).toMatchObject({ uri: short, description: 'example.com/du-pain' });
  });

  it('has its images with alternative text and shape, in order', async () => {
    const other = Buffer.from('GIF89a\x0a\x00\x05\x00', 'latin1');
    const media = [image(PNG), { ...image(other, 'Une mie'), mediaType: 'image/gif' }];
    const { embed } = await recordFor({ media });
    expect(embed).toMatchObject({
      $type: 'app.bsky.embed.images',
      images: [
        { alt: 'Un fournil', aspectRatio: { width: 640, height: 480 }, image: { size: 29 } },
        { alt: 'Une mie', aspectRatio: { width: 10, height: 5 }, image: { mimeType: 'image/gif' } },
      ],
    });
  });

  it('names the posts it answers by address and content', async () => {
    const root = await channel.publish(request({ text: 'un' }));
    if (root.outcome !== 'published') throw new Error(root.message);
    const { reply } = await recordFor({ text: 'deux' }, { replyTo: { parent: root, root } });
    const ref = { uri: root.remoteId, cid: expect.stringMatching(/^bafyrei/) };
    expect(reply).toEqual({ parent: ref, root: ref });
  });

  it('is not written when the post it answers is gone', async () => {
    const gone = {
      remoteId: `at://${pds.did}/app.bsky.feed.post/gone`,
      permalink: null,
      at: '2026-11-02T09:00:00.000Z',
    };
    const sent = request({ text: 'deux' }, { replyTo: { parent: gone, root: gone } });
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'rejected',
      code: 'content_refused',
    });
    expect(pds.records.has(postKeyOf(sent))).toBe(false);
  });

  it('stays as it is: another content under the same key is unknown, and the first one is found', async () => {
    const sent = request({ text: 'un' });
    await channel.publish(sent);
    const changed = { ...sent, content: { text: 'deux', language: 'fr' } };
    expect(await channel.publish(changed)).toMatchObject({
      outcome: 'unknown',
      code: 'key_used_for_other_content',
    });
    expect(await channel.lookup(changed)).toMatchObject({ outcome: 'found' });
    expect(pds.records.get(postKeyOf(sent))).toMatchObject({ text: 'un' });
  });

  it('is not begun once it is too late', async () => {
    const sent = request({}, { writeBefore: performance.now() - 1 });
    expect(await channel.publish(sent)).toMatchObject({ outcome: 'retryable' });
    expect(pds.records.has(postKeyOf(sent))).toBe(false);
  });
});

describe('a session', () => {
  beforeEach(async () => {
    pds = await startFakePds();
    channel = channelAt(pds.url);
    account = accountOf(pds);
  });
  afterEach(() => pds.close());

  const count = (method: string) => pds.calls.filter((call) => call.endsWith(method)).length;

  it('is opened once for twenty sends at once, and kept', async () => {
    await Promise.all(Array.from({ length: 20 }, () => channel.publish(request())));
    await channel.publish(request());
    expect([count('createSession'), count('refreshSession')]).toEqual([1, 0]);
    expect(pds.records.size).toBe(21);
  });

  it('that expires is refreshed once for twenty sends at once, and nothing is posted twice', async () => {
    await channel.publish(request());
    pds.expireTokens();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => channel.publish(request())),
    );
    expect(outcomes.every(({ outcome }) => outcome === 'published')).toBe(true);
    expect([count('createSession'), count('refreshSession')]).toEqual([1, 1]);
    expect([...pds.writes.values()].every((writes) => writes === 1)).toBe(true);
    expect(pds.records.size).toBe(21);
  });

  it('is shared by workers with one store: one refresh for both', async () => {
    const store = createMemorySessions();
    const workers = [channelAt(pds.url, store), channelAt(pds.url, store)];
    await Promise.all(workers.map((worker) => worker.publish(request())));
    pds.expireTokens();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => workers[index % 2]?.publish(request())),
    );
    expect([count('createSession'), count('refreshSession')]).toEqual([1, 1]);
    expect(pds.records.size).toBe(22);
  });

  it('whose refresh is refused too is opened again with the password', async () => {
    await channel.publish(request());
    pds.expireTokens();
    pds.expireRefreshTokens();
    expect(await channel.publish(request())).toMatchObject({ outcome: 'published' });
    expect(count('createSession')).toBe(2);
  });

  it('of another password is not used', async () => {
    await channel.publish(request());
    const changed = { ...account, credentials: { appPassword: 'another' } };
    expect(await channel.publish(request({}, { account: changed }))).toEqual({
      outcome: 'rejected',
      code: 'credentials_refused',
      message: 'com.atproto.server.createSession: 401 AuthenticationRequired',
    });
    expect(await channel.lookup(request({}, { account: changed }))).toMatchObject({
      outcome: 'cannot_tell',
      credentialsRefused: true,
    });
  });

  it('that is refused for good ends the send, with no token in what is said', async () => {
    await channel.publish(request());
    pds.answer('com.atproto.repo.putRecord', (response) =>
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error: 'ExpiredToken', message: pds.said.at(-1) })),
    );
    const outcome = await channel.publish(request());
    expect(outcome).toMatchObject({ outcome: 'rejected', code: 'credentials_refused' });
    expect(JSON.stringify(outcome)).not.toMatch(/access-|refresh-|pw-/);
  });

  it('that cannot be opened for want of a server leaves nothing unknown', async () => {
    pds.answer('com.atproto.server.createSession', (response) => response.destroy());
    expect(await channel.publish(request())).toMatchObject({
      outcome: 'retryable',
      code: 'unreachable',
    });
    expect(await channel.lookup(request())).toMatchObject({ outcome: 'cannot_tell' });
  });

  it.each([
    [null, 'no app password is stored for the account'],
    [{ token: 'x' }, 'the stored credentials are not those of Bluesky'],
  ])('is not tried with the credentials %j', async (credentials, message) => {
    const sent = request({}, { account: { ...account, credentials } });
    expect(await channel.publish(sent)).toEqual({
      outcome: 'rejected',
      code: 'credentials_refused',
      message,
    });
    expect(await channel.lookup(sent)).toEqual({ outcome: 'cannot_tell', message });
    expect(pds.calls).toEqual([]);
  });
});

describe('a hostile server', () => {
  beforeEach(async () => {
    pds = await startFakePds();
    channel = channelAt(pds.url);
    account = accountOf(pds);
    await channel.publish(request());
  });
  afterEach(() => pds.close());

  const answers: typeof HOSTILE_ANSWERS = {
    ...HOSTILE_ANSWERS,
    '400 in HTML': (response) =>
      response.writeHead(400, { 'content-type': 'text/html' }).end('<p>Bad</p>'),
  };

  it('that answers a write with another post leaves it unknown', async () => {
    pds.answer('com.atproto.repo.putRecord', (response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"uri":"at://did:plc:other/app.bsky.feed.post/1","cid":"bafyreicv7"}'),
    );
    expect(await channel.publish(request())).toMatchObject({ outcome: 'unknown' });
  });

  it.each(Object.keys(answers))(
    'that answers a write with %s leaves it unknown, sent once',
    async (name) => {
      pds.answer('com.atproto.repo.putRecord', answers[name] ?? null);
      const before = pds.calls.length;
      expect(await channel.publish(request())).toMatchObject({ outcome: 'unknown' });
      expect(pds.calls.slice(before)).toEqual(['com.atproto.repo.putRecord']);
    },
  );

  it.each(Object.keys(answers))('that answers a look-up with %s cannot tell', async (name) => {
    pds.answer('com.atproto.repo.getRecord', answers[name] ?? null);
    expect(await channel.lookup(request())).toMatchObject({ outcome: 'cannot_tell' });
  });

  it.each(Object.keys(answers))(
    'that answers an upload with %s has posted nothing',
    async (name) => {
      pds.answer('com.atproto.repo.uploadBlob', answers[name] ?? null);
      const sent = request({ media: [image(PNG)] });
      expect(await channel.publish(sent)).toMatchObject({ outcome: 'retryable' });
      expect(pds.records.has(postKeyOf(sent))).toBe(false);
    },
  );

  it('at a private address is never asked', async () => {
    const strict = createBlueskyChannel({ http: createHttpClient() });
    const before = pds.calls.length;
    expect(await strict.publish(request())).toMatchObject({
      outcome: 'rejected',
      code: 'not_permitted',
    });
    expect(pds.calls.length).toBe(before);
  });
});
