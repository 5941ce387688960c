/** Each adapter before a network of its own, with a post that has everything to prepare. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakePds, startFakePds } from '../../test/support/fake-pds.ts';
import { type FakeReceiver, startFakeReceiver } from '../../test/support/fake-receiver.ts';
import { accountOf, HOUR_MS } from '../../test/support/mastodon/fixture.ts';
import { type MastodonServer, startMastodonServer } from '../../test/support/mastodon/server.ts';
import { createHttpClient, type HttpClient } from '../http/http-client.ts';
import { openFaultLog } from '../sandbox-network/fault-log.ts';
import { createSandboxServer } from '../sandbox-network/http-server.ts';
import { openLedger } from '../sandbox-network/ledger.ts';
import { createBlueskyChannel } from './bluesky/adapter.ts';
import type { PostMedia, PublishRequest } from './channel.ts';
import { describeExceptions } from './exceptions.testsuite.ts';
import { createMastodonChannel } from './mastodon/adapter.ts';
import { createSandboxChannel } from './sandbox/adapter.ts';
import { createWebhookChannel } from './webhook/adapter.ts';

const TEXT = 'Bonjour @baton.test, du pain : https://example.com/pain #pain 🥖';
const LANGUAGE = 'zh-cmn-Hans';

function image(bytes: string): PostMedia {
  const hash = createHash('sha256').update(bytes).digest('hex');
  return {
    hash,
    kind: 'visual',
    altText: 'Un fournil',
    mediaType: 'image/png',
    size: Buffer.byteLength(bytes),
    open: async () => Readable.from([Buffer.from(bytes)]),
  };
}

describe('Mastodon', () => {
  let server: MastodonServer;
  let http: HttpClient;
  beforeAll(async () => {
    server = await startMastodonServer({ keyWindowMs: HOUR_MS });
    http = createHttpClient({ allowedOrigins: [server.origin] });
  });
  afterAll(() => server.close());

  describeExceptions('Mastodon', () => {
    const poster = server.newAccount();
    return {
      http,
      account: accountOf(server, poster, { spoilerText: 'Attention' }),
      channelWith: (client) => createMastodonChannel({ http: client }),
      isWrite: ({ method, url }) => method === 'POST' && url.endsWith('/api/v1/statuses'),
      content: { text: TEXT, language: LANGUAGE, media: [image('un'), image('deux')] },
      accepted: () => server.network.of(poster.id).length,
    };
  });
});

describe('Bluesky', () => {
  let pds: FakePds;
  let http: HttpClient;
  beforeAll(async () => {
    pds = await startFakePds();
    http = createHttpClient({ allowedOrigins: [pds.url] });
  });
  afterAll(() => pds.close());

  function harness(content: Partial<PublishRequest['content']>) {
    pds.records.clear();
    pds.writes.clear();
    return {
      http,
      account: {
        id: 'cha_1',
        name: 'Baton',
        settings: { service: pds.url, handle: 'baton.test' },
        credentials: { appPassword: pds.password },
      },
      channelWith: (client: HttpClient) => createBlueskyChannel({ http: client }),
      isWrite: ({ url }: { url: string }) => url.endsWith('com.atproto.repo.putRecord'),
      content: { text: TEXT, language: LANGUAGE, ...content },
      accepted: () => pds.writes.size,
    };
  }

  describeExceptions('images', () => harness({ media: [image('un'), image('deux')] }));
  describeExceptions('a link card', () => harness({ link: 'https://example.com/pain' }));

  it('a store of sessions that fails in any way leaves no doubt', async () => {
    const { account, content } = harness({});
    const store = { renew: () => Promise.reject(new RangeError('no turn')) };
    const outcome = await createBlueskyChannel({ http, store }).publish({
      account,
      content,
      key: 'k',
      marker: 'm',
      dueAt: '2026-11-02T09:00:00.000Z',
      replyTo: null,
      signal: AbortSignal.timeout(5_000),
      writeBefore: performance.now() + 5_000,
    });
    expect(outcome).toMatchObject({ outcome: 'retryable' });
    expect(pds.writes.size).toBe(0);
  });
});

describe('sandbox', () => {
  const directory = mkdtempSync(join(tmpdir(), 'exceptions-'));
  const ledger = openLedger(directory);
  const server = createSandboxServer({ ledger, faults: openFaultLog(directory) });
  let baseUrl: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    ledger.close();
    rmSync(directory, { recursive: true });
  });

  describeExceptions('sandbox', () => ({
    http: createHttpClient({ allowedOrigins: [baseUrl] }),
    account: { id: 'cha_1', name: 'boulangerie', settings: {}, credentials: null },
    channelWith: (client) => createSandboxChannel({ http: client, baseUrl }),
    isWrite: ({ method }) => method === 'POST',
    content: {
      text: TEXT,
      language: LANGUAGE,
      link: 'https://example.com/pain',
      media: [image('un')],
    },
    accepted: (marker) => ledger.byMarker(marker).length,
  }));
});

describe('webhook', () => {
  let receiver: FakeReceiver;
  beforeAll(async () => {
    receiver = await startFakeReceiver();
  });
  afterAll(() => receiver.close());

  describeExceptions('webhook', () => ({
    http: createHttpClient({ allowedOrigins: [receiver.url] }),
    account: {
      id: 'cha_1',
      name: 'Our site',
      settings: { url: `${receiver.url}/posts`, idempotency: 'exact' },
      credentials: { secret: receiver.secret },
    },
    channelWith: (client) => createWebhookChannel({ http: client }),
    isWrite: ({ method }) => method === 'POST',
    content: { text: TEXT, language: LANGUAGE, media: [image('un')] },
    accepted: (marker) =>
      [...receiver.taken.values()].filter(({ data }) => data.marker === marker).length,
  }));
});

describe('an exception in words', () => {
  it('has no credential in it, and says that nothing was sent', async () => {
    const channel = createWebhookChannel({
      http: createHttpClient({ allowedOrigins: ['http://127.0.0.1:9'] }),
    });
    const secret = `whsec_${Buffer.from('a secret of the test, 32 bytes !').toString('base64')}`;
    const content = {
      language: 'fr',
      get text(): string {
        throw new RangeError(`what about ${secret}?`);
      },
    };
    const outcome = await channel.publish({
      account: {
        id: 'cha_1',
        name: 'Our site',
        settings: { url: 'http://127.0.0.1:9/' },
        credentials: { secret },
      },
      content,
      key: 'k',
      marker: 'm',
      dueAt: '2026-11-02T09:00:00.000Z',
      replyTo: null,
      signal: AbortSignal.timeout(5_000),
      writeBefore: performance.now() + 5_000,
    });
    expect(outcome).toEqual({
      outcome: 'rejected',
      code: 'not_preparable',
      message: 'nothing was sent: RangeError: what about …?',
    });
  });
});
