import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHttpClient } from '../http/http-client.ts';
import type { LookupRequest } from './channel.ts';
import { createChannelRegistry } from './registry.ts';

/** Answers everything with 429 and asks for five minutes. */
let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer((_, response) =>
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '300' })
      .end('{"error":"RateLimitExceeded","message":"Too many requests"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it.each([
  ['sandbox', () => ({}), null],
  ['mastodon', () => ({ server: origin, software: 'mastodon' }), { accessToken: 'a' }],
  ['bluesky', () => ({ service: origin, handle: 'a.test' }), { appPassword: 'a-b-c-d' }],
  [
    'webhook',
    () => ({ url: `${origin}/hook`, idempotency: 'none', lookupUrl: `${origin}/look` }),
    { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
  ],
] as const)(
  'a limit that meets a look-up on %s is passed on, so that nothing asks before it ends',
  async (id, settings, credentials) => {
    const http = createHttpClient({ allowedOrigins: [origin] });
    const channel = createChannelRegistry({ http, sandboxUrl: origin }).get(id);
    const request: LookupRequest = {
      account: { id: `cha_${id}`, name: 'a.test', settings: settings(), credentials },
      key: 'k'.repeat(64),
      marker: 'btn-1',
      dueAt: '2026-11-02T09:00:00.000Z',
      replyTo: null,
      content: { text: 'un', language: 'fr' },
      signal: AbortSignal.timeout(5_000),
    };
    expect(await channel?.lookup(request)).toMatchObject({
      outcome: 'cannot_tell',
      retryAfterMs: 300_000,
    });
  },
);
