import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FakeReceiver, startFakeReceiver } from '../../../test/support/fake-receiver.ts';
import { HOSTILE_ANSWERS } from '../../../test/support/hostile-answers.ts';
import { createHttpClient } from '../../http/http-client.ts';
import { describeChannel } from '../channel.testsuite.ts';
import type { Channel, ChannelAccount, PublishRequest } from '../channel.ts';
import { createWebhookChannel, WEBHOOK } from './adapter.ts';
import { deliveryIdOf } from './delivery.ts';

let receiver: FakeReceiver;
let channel: Channel;

beforeAll(async () => {
  receiver = await startFakeReceiver();
  const http = createHttpClient({ allowedOrigins: [receiver.url] });
  channel = createWebhookChannel({ http });
});
afterEach(() => receiver.answer(null));
afterAll(() => receiver.close());

function account(settings: Record<string, unknown> = {}): ChannelAccount {
  const { url, secret } = receiver;
  const promised = { url: `${url}/posts`, idempotency: 'exact', lookupUrl: `${url}/posts` };
  return {
    id: 'cha_1',
    name: 'Our site',
    credentials: { secret },
    settings: { ...promised, ...settings },
  };
}

function request(change: Partial<PublishRequest> = {}): PublishRequest {
  return {
    account: account(),
    key: randomUUID(),
    marker: `mark-${randomUUID()}`,
    dueAt: '2026-11-02T09:00:00.000Z',
    content: { text: 'Bonjour', language: 'fr' },
    replyTo: null,
    signal: AbortSignal.timeout(3_000),
    writeBefore: performance.now() + 3_000,
    ...change,
  };
}

describeChannel('webhook', () => ({
  channel,
  account: account(),
  fail: async (marker, fault) => receiver.fail(marker, fault),
  accepted: (marker) =>
    [...receiver.taken.values()].filter(({ data }) => data.marker === marker).length,
}));

describe('a delivery', () => {
  it('carries the post, signed, under an id that follows from its key', async () => {
    const parent = { remoteId: 'one', permalink: null, at: '2026-11-02T09:00:00.000Z' };
    const sent = request({
      source: { itemId: 'itm_1', publicationId: 'pub_1' },
      replyTo: { parent, root: parent },
      content: {
        text: 'Un « fournil »',
        language: 'fr',
        link: 'https://example.com/a',
        media: [
          {
            hash: 'a'.repeat(64),
            kind: 'visual',
            altText: 'Un fournil',
            mediaType: 'image/png',
            size: 3,
            open: async () => Readable.from(['abc']),
          },
        ],
      },
    });
    const id = deliveryIdOf(sent);
    expect(await channel.publish(sent)).toEqual({
      outcome: 'published',
      remoteId: `post ${id}`,
      permalink: `https://example.com/${id}`,
      at: '2026-11-02T09:00:00.000Z',
    });
    expect(receiver.taken.get(id)).toEqual({
      type: 'post.publish',
      timestamp: '2026-11-02T09:00:00.000Z',
      data: {
        id,
        marker: sent.marker,
        itemId: 'itm_1',
        publicationId: 'pub_1',
        account: { id: 'cha_1', name: 'Our site' },
        text: 'Un « fournil »',
        language: 'fr',
        link: 'https://example.com/a',
        media: [
          {
            hash: 'a'.repeat(64),
            kind: 'visual',
            mediaType: 'image/png',
            size: 3,
            altText: 'Un fournil',
          },
        ],
        replyTo: { parent: 'one', root: 'one' },
      },
    });
  });

  it('signed with another secret is refused', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const other = { ...account(), credentials: { secret } };
    expect(await channel.publish(request({ account: other }))).toMatchObject({
      outcome: 'rejected',
      code: 'credentials_refused',
    });
  });

  it('answered without a body is taken', async () => {
    receiver.answer((response) => response.writeHead(204).end());
    const sent = request();
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'published',
      remoteId: deliveryIdOf(sent),
    });
  });

  it.each(Object.keys(HOSTILE_ANSWERS))('answered with %s is unknown', async (name) => {
    receiver.answer(HOSTILE_ANSWERS[name] ?? null);
    const sent = request();
    expect(await channel.publish(sent)).toMatchObject({ outcome: 'unknown' });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });

  it.each([
    [403, 'rejected'],
    [404, 'rejected'],
    [410, 'rejected'],
    [413, 'rejected'],
    [409, 'unknown'],
    [402, 'unknown'],
    [503, 'unknown'],
  ])('answered with %i is %s', async (status, outcome) => {
    receiver.answer((response) => response.writeHead(status).end());
    expect(await channel.publish(request())).toMatchObject({ outcome });
  });

  it('to a private address is refused before anything is sent', async () => {
    const strict = createWebhookChannel({ http: createHttpClient() });
    const sent = request();
    expect(await strict.publish(sent)).toMatchObject({
      outcome: 'rejected',
      code: 'not_permitted',
    });
    expect(receiver.deliveries.has(deliveryIdOf(sent))).toBe(false);
  });

  it('of an account without its secret is not sent', async () => {
    const sent = request({ account: { ...account(), credentials: null } });
    expect(await channel.publish(sent)).toMatchObject({ code: 'credentials_refused' });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });
});

describe('what a receiver promises', () => {
  it.each([
    [{}, 'exact'],
    [{ idempotency: 'none' }, 'match'],
    [{ idempotency: 'none', lookupUrl: undefined }, 'none'],
    [{ idempotency: 'exact', lookupUrl: undefined }, 'exact'],
    [{ url: 'not an address' }, 'none'],
  ])('%j is %s', (settings, expected) => {
    expect(channel.idempotencyOf(account(settings))).toBe(expected);
  });

  it('is nothing when its owner does not say', () => {
    const settings = WEBHOOK.settings.parse({ url: 'https://example.com/posts' });
    expect(channel.idempotencyOf({ settings })).toBe('none');
  });

  it('decides what an unanswered look-up means', async () => {
    const without = (idempotency: string) =>
      request({ account: account({ idempotency, lookupUrl: undefined }) });
    expect(await channel.lookup(without('exact'))).toEqual({ outcome: 'absent' });
    expect(await channel.lookup(without('none'))).toMatchObject({ outcome: 'cannot_tell' });
  });

  it.each([
    [{ url: 'ftp://example.com' }],
    [{ url: 'https://user:pw@example.com' }],
    [{ url: 'https://example.com', idempotency: 'maybe' }],
    [{ url: 'https://example.com', secret: 'x' }],
    [{}],
  ])('is not taken as %j', (settings) => {
    expect(WEBHOOK.settings.safeParse(settings).success).toBe(false);
  });
});
