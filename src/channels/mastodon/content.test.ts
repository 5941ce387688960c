import { afterEach, describe, expect, it } from 'vitest';
import {
  account,
  accountOf,
  channel,
  image,
  own,
  published,
  request,
  server,
  start,
  stop,
} from '../../../test/support/mastodon/fixture.ts';
import { createHttpClient, type HttpRequest, type JsonRequest } from '../../http/http-client.ts';
import type { PublishRequest } from '../channel.ts';
import { createMastodonChannel } from './adapter.ts';

afterEach(stop);

describe('what is sent', () => {
  it('the text verbatim, its language and the settings of the account', async () => {
    await start();
    const text = 'Un\u00a0:\n\n« deux » & <b>trois</b> https://example.com/a?b=c';
    const to = accountOf(server, own, {
      visibility: 'unlisted',
      sensitive: true,
      spoilerText: 'Gluten',
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

  it('a thread: each text answers its parent, and the same words elsewhere are not it', async () => {
    await start();
    const first = request(account, { text: 'Encore' });
    const root = await published(first);
    const second = { ...request(account, { text: 'Encore' }), replyTo: { parent: root, root } };
    expect(await channel.lookup(second)).toEqual({ outcome: 'absent' });
    const reply = await published(second);
    expect(server.network.of(own.id)[1]?.params.in_reply_to_id).toBe(root.remoteId);
    expect(await channel.lookup(first)).toEqual({
      outcome: 'found',
      post: root,
      others: [],
      byText: true,
    });
    expect(await channel.lookup(second)).toEqual({
      outcome: 'found',
      post: reply,
      others: [],
      byText: true,
    });
  });

  it('files with their alternative text, in order, once the server has processed them', async () => {
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

  it('a file that is never processed in time is tried again later; nothing is posted', async () => {
    await start({ processingPolls: 1_000 });
    const sent = request(account, { media: [image('un')] });
    sent.writeBefore = performance.now() + 1_500;
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'retryable',
      code: 'unreachable',
      message: 'Mastodon still processes a file',
    });
    expect(server.requests).not.toContain('POST /api/v1/statuses');
  });

  it('an upload that goes wrong is harmless: no post exists yet', async () => {
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

  it('the next attempt waits for the same upload, and uploads again what the server has lost', async () => {
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

  it('a file that the server cannot process is final', async () => {
    await start({ processingPolls: 1, processingFails: true });
    const sent = request(account, { media: [image('un')] });
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'rejected',
      code: 'content_refused',
    });
  });

  it.each([
    ['is shorter than it should be', image('un', { size: 3 })],
    ['is longer than it should be', image('un', { size: 1 })],
    ['cannot be opened', image('un', { open: () => Promise.reject(new Error('gone')) })],
  ])('a file that %s is not sent', async (_, file) => {
    await start();
    const outcome = await channel.publish(request(account, { media: [file] }));
    expect(outcome).toMatchObject({ outcome: 'retryable', code: 'unreachable' });
    expect(server.requests).toEqual(['GET /api/v2/instance']);
  });

  it('every call that changes something carries the sender’s own time limits', async () => {
    await start();
    const http = createHttpClient({ allowedOrigins: [server.origin] });
    const seen: HttpRequest[] = [];
    const recording = createMastodonChannel({
      http: {
        ...http,
        request: (asked) => http.request(record(asked)),
        requestJson: (asked, schema) => http.requestJson(record(asked), schema),
      },
    });
    function record<Asked extends HttpRequest | JsonRequest>(asked: Asked): Asked {
      seen.push(asked);
      return asked;
    }
    const sent = request(account, { media: [image('un')] });
    await published(sent, recording);
    const { signal, writeBefore } = sent;
    expect(seen).toMatchObject([
      { url: `${server.origin}/api/v2/media`, signal, writeBefore },
      { url: `${server.origin}/api/v1/statuses`, signal, writeBefore },
    ]);
  });

  it('a sender that wakes late writes nothing', async () => {
    await start();
    const late = { ...request(account), writeBefore: performance.now() - 1 };
    expect(await channel.publish(late)).toMatchObject({ outcome: 'retryable' });
    expect(server.network.of(own.id)).toHaveLength(0);
  });
});

describe('the limits of the server', () => {
  const ALT = { altText: 'Pain' };

  it.each<[string, Partial<PublishRequest['content']>]>([
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

  it('links weigh what the server says, a mention loses its host, the warning counts', async () => {
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

  it('a server that allows more is believed; one that says nothing has the default', async () => {
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

  it('posts that are due together ask once', async () => {
    await start();
    await Promise.all([0, 1, 2].map(() => published(request(account))));
    await published(request(account));
    expect(server.requests.filter((path) => path === 'GET /api/v2/instance')).toHaveLength(1);
  });
});
