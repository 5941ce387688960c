import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MastodonFault } from '../../../test/support/mastodon/faults.ts';
import type { Account } from '../../../test/support/mastodon/network.ts';
import {
  type MastodonServer,
  type MastodonServerOptions,
  startMastodonServer,
} from '../../../test/support/mastodon/server.ts';
import { createHttpClient } from '../../http/http-client.ts';
import { describeChannel } from '../channel.testsuite.ts';
import type { Channel, ChannelAccount, PostMedia, PublishRequest, RemotePost } from '../channel.ts';
import { createMastodonChannel, MASTODON } from './adapter.ts';

const HOUR_MS = 3_600_000;
/** Nothing waits for it but an answer that never comes. */
const PATIENCE_MS = 5_000;

type OwnAccount = Account & { token: string };

function accountOf(
  server: MastodonServer,
  own: OwnAccount,
  settings: Record<string, unknown> = {},
): ChannelAccount {
  return {
    id: `cha_${own.id}`,
    name: own.name,
    settings: MASTODON.settings.parse({ server: server.origin, ...settings }),
    credentials: { accessToken: own.token },
  };
}

function channelAt(server: MastodonServer): Channel {
  return createMastodonChannel({ http: createHttpClient({ allowedOrigins: [server.origin] }) });
}

describe.each([
  { mode: 'a server that honours the key', keyWindowMs: HOUR_MS, software: 'mastodon' },
  { mode: 'a server that ignores the key', keyWindowMs: null, software: 'gotosocial' },
])('Mastodon, $mode', ({ mode, keyWindowMs, software }) => {
  let server: MastodonServer;
  let channel: Channel;
  // The suite's posts all have one text: each test has an account of its own, as a marker has a post.
  let own: OwnAccount;
  beforeAll(async () => {
    server = await startMastodonServer({ keyWindowMs });
    channel = channelAt(server);
  });
  beforeEach(() => {
    own = server.newAccount();
  });
  afterAll(() => server.close());

  describeChannel(mode, () => ({
    channel,
    account: accountOf(server, own, { software }),
    accepted: () => server.network.of(own.id).length,
    fail: async (_, fault) => server.fail(own, fault),
  }));

  test(`sent twice with one key, ${keyWindowMs === null ? 'two posts' : 'one post'}`, async () => {
    const sent = request(accountOf(server, own, { software }));
    const first = await channel.publish(sent);
    const second = await channel.publish(sent);
    expect(first).toMatchObject({ outcome: 'published' });
    expect(second).toMatchObject({ outcome: 'published' });
    const accepted = server.network.of(own.id);
    expect(accepted).toHaveLength(keyWindowMs === null ? 2 : 1);
    expect(accepted.every(({ idempotencyKey }) => idempotencyKey === sent.key)).toBe(true);
  });
});

let server: MastodonServer;
let own: OwnAccount;
let account: ChannelAccount;
let channel: Channel;

/** A server of the test's own, and one account on it. */
async function start(options: Partial<MastodonServerOptions> = {}): Promise<void> {
  server = await startMastodonServer({ keyWindowMs: HOUR_MS, ...options });
  own = server.newAccount();
  account = accountOf(server, own);
  channel = channelAt(server);
}

afterEach(async () => {
  await server?.close();
});

function request(to: ChannelAccount, content: Partial<PublishRequest['content']> = {}) {
  return {
    account: to,
    key: randomUUID(),
    marker: `btn-${randomUUID().slice(0, 20)}`,
    dueAt: new Date().toISOString(),
    content: { text: 'Une brioche, « tiède » 🥖', language: 'fr-FR', ...content },
    replyTo: null,
    signal: AbortSignal.timeout(PATIENCE_MS),
    writeBefore: performance.now() + PATIENCE_MS,
  } satisfies PublishRequest;
}

function image(bytes: string, rest: Partial<PostMedia> = {}): PostMedia {
  return {
    hash: createHash('sha256').update(bytes).digest('hex'),
    kind: 'visual',
    altText: 'Un fournil',
    mediaType: 'image/png',
    size: Buffer.byteLength(bytes),
    open: async () => Readable.from([Buffer.from(bytes)]),
    ...rest,
  };
}

async function published(sent: PublishRequest): Promise<RemotePost> {
  const outcome = await channel.publish(sent);
  if (outcome.outcome !== 'published') throw new Error(JSON.stringify(outcome));
  const { remoteId, permalink, at } = outcome;
  return { remoteId, permalink, at };
}

describe('what is sent', () => {
  test('the text verbatim, its language and the settings of the account', async () => {
    await start();
    const text = 'Un\u00a0:\n\n« deux » & <b>trois</b> https://example.com/a?b=c';
    const to = accountOf(server, own, {
      ...{ visibility: 'unlisted', sensitive: true, spoilerText: 'Gluten' },
    });
    await published(request(to, { text }));
    expect(server.network.of(own.id).map(({ params }) => params)).toEqual([
      {
        status: text,
        language: 'fr',
        visibility: 'unlisted',
        sensitive: true,
        spoiler_text: 'Gluten',
      },
    ]);
  });

  test('a thread: each text answers its parent, and the same words elsewhere are not it', async () => {
    await start();
    const first = request(account, { text: 'Encore' });
    const root = await published(first);
    const second = { ...request(account, { text: 'Encore' }), replyTo: { parent: root, root } };
    expect(await channel.lookup(second)).toEqual({ outcome: 'absent' });
    const reply = await published(second);
    expect(server.network.of(own.id)[1]?.params.in_reply_to_id).toBe(root.remoteId);
    expect(await channel.lookup(first)).toEqual({ outcome: 'found', post: root, others: [] });
    expect(await channel.lookup(second)).toEqual({ outcome: 'found', post: reply, others: [] });
  });

  test('files with their alternative text, in order, once the server has processed them', async () => {
    await start({ processingPolls: 1 });
    const files = [image('un'), image('deux', { altText: undefined })];
    await published(request(account, { media: files }));
    const [status] = server.network.of(own.id);
    expect(server.network.media.map(({ id }) => id)).toEqual(status?.params.media_ids);
    expect(server.network.media).toMatchObject([
      { description: 'Un fournil', sha256: files[0]?.hash, mediaType: 'image/png' },
      { description: null, sha256: files[1]?.hash },
    ]);
  });

  test('a file that is never processed in time is tried again later; nothing is posted', async () => {
    await start({ processingPolls: 1_000 });
    const sent = request(account, { media: [image('un')] });
    sent.writeBefore = performance.now() + 500;
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'retryable',
      code: 'unreachable',
      message: 'Mastodon still processes a file',
    });
    expect(server.requests).not.toContain('POST /api/v1/statuses');
  });

  test('an upload that goes wrong is harmless: no post exists yet', async () => {
    await start();
    const sent = request(account, { media: [image('un')] });
    server.failUpload(own);
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'retryable',
      code: 'unreachable',
      message: 'Mastodon answered 500: Error processing thumbnail for uploaded media',
    });
    expect(server.requests).not.toContain('POST /api/v1/statuses');
    expect(await channel.publish(sent)).toMatchObject({ outcome: 'published' });
  });

  test('the next attempt waits for the same upload, and uploads again what the server has lost', async () => {
    await start({ processingPolls: 2 });
    const sent = request(account, { media: [image('un')] });
    const impatient = { ...sent, writeBefore: performance.now() + 450 };
    expect(await channel.publish(impatient)).toMatchObject({ outcome: 'retryable' });
    await published(sent);
    expect(server.network.media).toHaveLength(1);
    server.network.media.length = 0;
    await published(sent);
    expect(server.network.media).toHaveLength(1);
  });

  test('a file that the server cannot process is final', async () => {
    await start({ processingPolls: 1, processingFails: true });
    const sent = request(account, { media: [image('un')] });
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'rejected',
      code: 'content_refused',
    });
  });

  test.each([
    ['is shorter than it should be', image('un', { size: 3 })],
    ['is longer than it should be', image('un', { size: 1 })],
    ['cannot be opened', image('un', { open: () => Promise.reject(new Error('gone')) })],
  ])('a file that %s is not sent', async (_, file) => {
    await start();
    const outcome = await channel.publish(request(account, { media: [file] }));
    expect(outcome).toMatchObject({ outcome: 'retryable', code: 'unreachable' });
    expect(server.requests).toEqual(['GET /api/v2/instance']);
  });

  test('a sender that wakes late writes nothing', async () => {
    await start();
    const late = { ...request(account), writeBefore: performance.now() - 1 };
    expect(await channel.publish(late)).toMatchObject({ outcome: 'retryable' });
    expect(server.network.of(own.id)).toHaveLength(0);
  });
});

describe('the key', () => {
  test('holds for an hour: the adapter counts on less, and after it a repetition is a second post', async () => {
    let now = Date.now();
    await start({ now: () => now });
    expect(channel.idempotencyOf(account)).toEqual({ exact_for: 3_300_000 });
    const sent = request(account);
    await published(sent);
    now += 3_300_000;
    await published(sent);
    expect(server.network.of(own.id)).toHaveLength(1);
    now += HOUR_MS;
    await published(sent);
    expect(server.network.of(own.id)).toHaveLength(2);
  });

  test('used for another text is unknown: the first post is live', async () => {
    let now = Date.now() - 120_000;
    await start({ now: () => now });
    const sent = request(account);
    await published(sent);
    now += 120_000;
    const edited = { ...sent, content: { ...sent.content, text: 'Une autre' } };
    expect(await channel.publish(edited)).toMatchObject({
      outcome: 'unknown',
      code: 'key_used_for_other_content',
    });
    expect(await channel.publish(sent)).toMatchObject({ outcome: 'published' });
  });

  test.each([
    [{}, { exact_for: 3_300_000 }],
    [{ software: 'mastodon' }, { exact_for: 3_300_000 }],
    [{ software: 'hollo' }, 'match'],
    [{ software: 'gotosocial' }, 'match'],
    [{ software: 'other' }, 'match'],
    [{ software: 'other', honoursIdempotencyKey: true }, { exact_for: 3_300_000 }],
    [{ software: 'mastodon', honoursIdempotencyKey: false }, 'match'],
    [{ software: 'unheard of' }, 'match'],
  ])('settings %j promise %j', async (settings, promised) => {
    await start();
    expect(channel.idempotencyOf({ settings: { server: server.origin, ...settings } })).toEqual(
      promised,
    );
  });
});

describe('the limits of the server', () => {
  const ALT = { altText: 'Pain' };

  test.each<[string, Partial<PublishRequest['content']>]>([
    ['characters', { text: 'a'.repeat(41) }],
    ['files', { media: [image('un', ALT), image('deux', ALT)] }],
    ['bytes', { media: [image('a'.repeat(11), ALT)] }],
    ['types', { media: [image('un', { ...ALT, mediaType: 'image/avif' })] }],
    ['characters of alternative text', { media: [image('un')] }],
  ])('too many %s: refused before anything is sent', async (_, content) => {
    await start({
      limits: {
        maxCharacters: 40,
        maxMediaAttachments: 1,
        imageSizeLimit: 10,
        descriptionLimit: 5,
      },
    });
    const small = { media: [], ...content };
    expect(await channel.publish(request(account, small))).toMatchObject({
      outcome: 'rejected',
      code: 'content_refused',
    });
    expect(server.requests).toEqual(['GET /api/v2/instance']);
  });

  test('links weigh what the server says, a mention loses its host, the warning counts', async () => {
    await start({ limits: { maxCharacters: 34 } });
    const text = `https://example.com/${'a'.repeat(100)} @ana@elsewhere.example`;
    await published(request(account, { text: `${text} un` }));
    const warned = accountOf(server, own, { spoilerText: 'Gluten' });
    expect(await channel.publish(request(warned, { text }))).toMatchObject({
      outcome: 'published',
    });
    expect(await channel.publish(request(warned, { text: `${text} un` }))).toMatchObject({
      outcome: 'rejected',
    });
  });

  test('a server that allows more is believed; one that says nothing has the default', async () => {
    await start({ limits: { maxCharacters: 5_000 } });
    await published(request(account, { text: 'a'.repeat(5_000) }));
    await server.close();
    await start({ limits: { maxCharacters: 5_000 }, statesLimits: false });
    await published(request(account, { text: 'a'.repeat(500) }));
    expect(await channel.publish(request(account, { text: 'a'.repeat(501) }))).toMatchObject({
      outcome: 'rejected',
      message: 'Mastodon takes 500 characters; the text has 501.',
    });
  });

  test('posts that are due together ask once', async () => {
    await start();
    await Promise.all([0, 1, 2].map(() => published(request(account))));
    await published(request(account));
    expect(server.requests.filter((path) => path === 'GET /api/v2/instance')).toHaveLength(1);
  });
});

describe('refusals', () => {
  test('a rate limit says until when', async () => {
    await start();
    server.fail(own, 'limits the rate', new Date(Date.now() + 90_000).toISOString());
    const outcome = await channel.publish(request(account));
    expect(outcome).toMatchObject({ outcome: 'retryable', code: 'rate_limited' });
    const { retryAfterMs } = outcome as Extract<typeof outcome, { outcome: 'retryable' }>;
    expect(retryAfterMs).toBeGreaterThan(80_000);
    expect(retryAfterMs).toBeLessThanOrEqual(90_000);
  });

  test.each([
    ['tomorrow', 300_000],
    ['2020-01-01T00:00:00Z', 1_000],
    ['9999-01-01T00:00:00Z', 86_400_000],
  ])('a reset of %s is a wait of %i ms', async (resetAt, retryAfterMs) => {
    await start();
    server.fail(own, 'limits the rate', resetAt);
    expect(await channel.publish(request(account))).toMatchObject({ retryAfterMs });
  });

  test('a token without the scope, an unknown token and none are final', async () => {
    await start();
    const weak = accountOf(server, server.newAccount(['read:accounts']));
    expect(await channel.publish(request(weak))).toMatchObject({ code: 'not_permitted' });
    const gone = { ...account, credentials: { accessToken: 'gone' } };
    expect(await channel.publish(request(gone))).toMatchObject({ code: 'credentials_refused' });
    const bare = { ...account, credentials: null };
    expect(await channel.publish(request(bare))).toMatchObject({ code: 'credentials_refused' });
  });

  test('the token is in no message, even when the server quotes it', async () => {
    await start();
    server.fail(own, 'echoes the token');
    const outcome = await channel.publish(request(account));
    expect(outcome).toMatchObject({ outcome: 'rejected', code: 'not_permitted' });
    expect(JSON.stringify(outcome)).not.toContain(own.token);
  });

  test('a parent that is gone is final', async () => {
    await start();
    const parent = { remoteId: '1', permalink: null, at: '2026-11-02T09:00:00.000Z' };
    const reply = { ...request(account), replyTo: { parent, root: parent } };
    expect(await channel.publish(reply)).toMatchObject({ code: 'content_refused' });
  });

  test('an address that may not be called is final, a server that is down is not', async () => {
    await start();
    const inside = { ...account, settings: { server: 'https://10.0.0.1' } };
    expect(await channel.publish(request(inside))).toMatchObject({ code: 'account_unknown' });
    await server.close();
    expect(await channel.publish(request(account))).toMatchObject({ code: 'unreachable' });
    expect(await channel.lookup(request(account))).toMatchObject({ outcome: 'cannot_tell' });
  });
});

describe('hostile answers', () => {
  test.each<MastodonFault>([
    'accepts and redirects',
    'accepts and answers nothing',
    'accepts and answers in plain text',
    'accepts and answers another shape',
    'accepts and never ends its answer',
    'accepts and answers far too much',
  ])('a server that %s leaves an unknown outcome; the post is found', async (fault) => {
    await start();
    const sent = request(account);
    const waits = fault === 'accepts and never ends its answer' ? 1_000 : PATIENCE_MS;
    server.fail(own, fault);
    expect(await channel.publish({ ...sent, signal: AbortSignal.timeout(waits) })).toMatchObject({
      outcome: 'unknown',
    });
    const found = await channel.lookup(sent);
    expect(found).toMatchObject({ outcome: 'found', others: [] });
    expect(server.network.of(own.id)).toHaveLength(1);
  });
});

describe('the look-up', () => {
  test('finds a text whatever the server made of it', async () => {
    await start();
    const link = `https://example.com/${'chemin/'.repeat(9)}?a=1&b=2`;
    const sent = request(account, {
      text: `Salut @ana@elsewhere.example,\nvoici\u202f: "l’été" & <3 #pain\n\n${link} 🥖`,
    });
    const post = await published(sent);
    expect(await channel.lookup(sent)).toEqual({ outcome: 'found', post, others: [] });
  });

  test('goes by the marker where a link of the text carries it', async () => {
    await start();
    const sent = request(account);
    const link = `https://example.com/pain?utm_id=${sent.marker}`;
    sent.content.text = `Nouveau\u00a0: ${link}`;
    const rewritten = server.network.seed(own, { status: `Nouveau : ${link} (modifié)` });
    expect(await channel.lookup(sent)).toMatchObject({
      outcome: 'found',
      post: { remoteId: rewritten.id },
    });
  });

  test('names every post that matches, the first one first', async () => {
    await start({ keyWindowMs: null });
    const sent = request(account);
    const [first, second] = [await published(sent), await published(sent)];
    expect(await channel.lookup(sent)).toEqual({ outcome: 'found', post: first, others: [second] });
  });

  test('reads page after page, and not what was posted before the due time', async () => {
    let now = Date.now() - 10 * 60_000;
    await start({ now: () => now });
    const sent = request(account);
    server.network.seed(own, { status: sent.content.text });
    now = Date.now();
    for (let i = 0; i < 90; i += 1) {
      server.network.seed(own, { status: `autre ${i}` }, i === 0 ? { reblog: true } : {});
    }
    expect(await channel.lookup(sent)).toEqual({ outcome: 'absent' });
    expect(server.requests.filter((path) => path.endsWith('/statuses'))).toHaveLength(3);
  });

  test('cannot tell when there are too many statuses to read', async () => {
    await start();
    const sent = request(account);
    const wanted = server.network.seed(own, { status: sent.content.text });
    for (let i = 0; i < 400; i += 1) server.network.seed(own, { status: `autre ${i}` });
    expect(wanted.id).toBeDefined();
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });

  test('cannot tell when a status was edited that may have been the post', async () => {
    await start();
    const sent = request(account);
    const editedAt = new Date().toISOString();
    server.network.seed(own, { status: 'Une brioche, corrigée' }, { editedAt });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });

  test('cannot tell without the scope to look', async () => {
    await start();
    const blind = accountOf(server, server.newAccount(['write:statuses', 'read:accounts']));
    const outcome = await channel.lookup(request(blind));
    expect(outcome).toMatchObject({
      outcome: 'cannot_tell',
      message: 'Mastodon answered 403: This action is outside the authorized scopes',
    });
  });
});
