import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import { validateVariant } from '../../domain/channel/variant-limits.ts';
import { createHttpClient } from '../../http/http-client.ts';
import { openFaultLog } from '../../sandbox-network/fault-log.ts';
import { createSandboxServer } from '../../sandbox-network/http-server.ts';
import { type Ledger, openLedger } from '../../sandbox-network/ledger.ts';
import { type ChannelHarness, describeChannel, type NetworkFault } from '../channel.testsuite.ts';
import type { Channel, PublishRequest } from '../channel.ts';
import { createChannelRegistry } from '../registry.ts';
import { createSandboxChannel } from './adapter.ts';
import type { FaultMode } from './protocol.ts';

const FAULTS: Record<NetworkFault, FaultMode> = {
  'accepts and hangs': 'accept_then_hang',
  'accepts and resets': 'accept_then_reset',
  'accepts and answers 500': 'accept_then_500',
  'accepts and answers garbage': 'accept_then_garbage',
  hangs: 'hang',
  resets: 'reset',
  rejects: 'reject',
  'rejects the credentials': 'unauthorized',
  'limits the rate': 'rate_limited',
};

const ACCOUNT = { id: 'cha_1', name: 'boulangerie', settings: {}, credentials: null };

const directory = mkdtempSync(join(tmpdir(), 'sandbox-'));
let ledger: Ledger;
let server: Server;
let harness: ChannelHarness;

async function listen(to: Server): Promise<string> {
  await new Promise<void>((resolve) => to.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(to.address() as AddressInfo).port}`;
}

function channelAt(baseUrl: string): Channel {
  return createSandboxChannel({ http: createHttpClient({ allowedOrigins: [baseUrl] }), baseUrl });
}

beforeAll(async () => {
  ledger = openLedger(directory);
  server = createSandboxServer({ ledger, faults: openFaultLog(directory) });
  const baseUrl = await listen(server);
  harness = {
    channel: channelAt(baseUrl),
    account: ACCOUNT,
    accepted: (marker) => ledger.byMarker(marker).length,
    async fail(marker, fault) {
      const body = JSON.stringify({ mode: FAULTS[fault], marker });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${baseUrl}/v1/faults`, { method: 'POST', headers, body });
      expect(answer.status).toBe(201);
    },
  };
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  ledger.close();
  rmSync(directory, { recursive: true });
});

describeChannel('sandbox', () => harness);

function request(content: Omit<PublishRequest['content'], 'language'>): PublishRequest {
  return {
    account: ACCOUNT,
    key: randomUUID(),
    marker: randomUUID(),
    dueAt: '2026-11-02T09:00:00.000Z',
    content: { language: 'fr', ...content },
    replyTo: null,
    signal: AbortSignal.timeout(2_000),
    writeBefore: performance.now() + 2_000,
  };
}

describe('the sandbox adapter', () => {
  it('sends text, link and media as they are', async () => {
    const sent = request({
      text: 'Un\u00a0:\n« deux »',
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
    });
    expect(await harness.channel.publish(sent)).toMatchObject({ outcome: 'published' });
    expect(ledger.byMarker(sent.marker)[0]).toMatchObject({
      text: 'Un\u00a0:\n« deux »',
      account: 'boulangerie',
    });
  });

  it('the same key with another text is unknown: the first post is live', async () => {
    const sent = request({ text: 'un' });
    await harness.channel.publish(sent);
    expect(
      await harness.channel.publish({ ...sent, content: { text: 'deux', language: 'fr' } }),
    ).toMatchObject({
      outcome: 'unknown',
      code: 'key_used_for_other_content',
    });
    expect(ledger.byMarker(sent.marker)).toHaveLength(1);
  });

  it('a text over the limit is rejected by the network with its own words', async () => {
    const outcome = await harness.channel.publish(request({ text: 'a'.repeat(501) }));
    expect(outcome).toEqual({
      outcome: 'rejected',
      code: 'content_refused',
      message: 'Sandbox answered 422: too_long, A post has at most 500 characters, this one 501.',
    });
    expect(validateVariant({ channel: 'sandbox', text: 'a'.repeat(501) }, [])).toHaveLength(1);
  });

  it('the wait that the network asks for is passed on', async () => {
    const sent = request({ text: 'un' });
    await harness.fail(sent.marker, 'limits the rate');
    expect(await harness.channel.publish(sent)).toMatchObject({ retryAfterMs: 7_000 });
  });

  it('a network that is down was never reached', async () => {
    const channel = channelAt(`http://127.0.0.1:${await freePort()}`);
    const sent = request({ text: 'un' });
    expect(await channel.publish(sent)).toMatchObject({
      outcome: 'retryable',
      code: 'unreachable',
    });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });

  it.each([
    [400, 'rejected'],
    [403, 'rejected'],
    [404, 'rejected'],
    [413, 'rejected'],
    [302, 'unknown'],
    [402, 'unknown'],
    [408, 'unknown'],
    [418, 'unknown'],
    [500, 'unknown'],
    [503, 'unknown'],
  ])('status %i is %s', async (status, outcome) => {
    const odd = createServer((_, response) => response.writeHead(status).end());
    const channel = channelAt(await listen(odd));
    expect(await channel.publish(request({ text: 'un' }))).toMatchObject({ outcome });
    expect(await channel.lookup(request({ text: 'un' }))).toMatchObject({ outcome: 'cannot_tell' });
    await new Promise((resolve) => odd.close(resolve));
  });
});

it('the registry has the sandbox only where there is one', () => {
  const http = createHttpClient();
  const registry = createChannelRegistry({ http, sandboxUrl: 'http://127.0.0.1:1' });
  expect(registry.get('sandbox')?.id).toBe('sandbox');
  expect(registry.get('linkedin')).toBeNull();
  expect(createChannelRegistry({ http, sandboxUrl: null }).get('sandbox')).toBeNull();
});
