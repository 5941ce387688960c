import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuardedFetch, type FetchOptions, RequestFailed } from './guarded-fetch.ts';
import { createHttpClient } from './http-client.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function fetchFor(origin: string, options: FetchOptions = {}) {
  return createGuardedFetch(createHttpClient({ allowedOrigins: [origin] }), options);
}

async function failureOf(answer: Promise<Response>): Promise<string> {
  const error = await answer.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RequestFailed)) throw new Error(`not a RequestFailed: ${String(error)}`);
  return `${error.outcome.kind} ${error.outcome.code}`;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('guarded fetch', () => {
  it('sends method, headers and bytes; the answer is a Response of any status', async () => {
    const seen: unknown[] = [];
    const origin = await listen(async (request, response) => {
      seen.push(request.method, request.headers['x-a'], [...(await bytesOf(request))]);
      response.writeHead(429, { 'content-type': 'application/json', 'ratelimit-reset': '12' });
      response.end('{"error":"RateLimitExceeded"}');
    });
    const answer = await fetchFor(origin)(`${origin}/x`, {
      method: 'post',
      headers: { 'X-A': 'b', 'content-length': '3' },
      body: new Uint8Array([1, 2, 3]),
    });
    expect(seen).toEqual(['POST', 'b', [1, 2, 3]]);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('ratelimit-reset')).toBe('12');
    expect(await answer.json()).toEqual({ error: 'RateLimitExceeded' });
  });

  it('an answer without a body is a Response without a body', async () => {
    const origin = await listen((_, response) => response.writeHead(204).end());
    const answer = await fetchFor(origin)(origin);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
  });

  it('a private address is refused before anything is sent', async () => {
    let asked = 0;
    const origin = await listen((_, response) => {
      asked += 1;
      response.end();
    });
    const strict = createGuardedFetch(createHttpClient());
    expect(await failureOf(strict(origin))).toBe('not_sent scheme_not_allowed');
    expect(await failureOf(strict('https://169.254.169.254/latest/'))).toBe(
      'not_sent address_not_allowed',
    );
    expect(asked).toBe(0);
  });

  it('a redirect to a private address is not followed', async () => {
    let followed = 0;
    const inner = await listen((_, response) => {
      followed += 1;
      response.end();
    });
    const origin = await listen((_, response) => {
      response.writeHead(307, { location: inner }).end();
    });
    expect(await failureOf(fetchFor(origin)(origin, { redirect: 'follow' }))).toBe(
      'unknown redirected',
    );
    expect(followed).toBe(0);
  });

  it('an endless answer is cut', async () => {
    const origin = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const pour = (): void => {
        if (!response.destroyed) response.write('x'.repeat(1_000), () => setImmediate(pour));
      };
      pour();
    });
    const answer = fetchFor(origin, { maxResponseBytes: 10_000 })(origin);
    expect(await failureOf(answer)).toBe('unknown response_too_large');
  });

  it('HTML where JSON was asked for is no answer', async () => {
    const origin = await listen((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Log in</p>');
    });
    const answer = fetchFor(origin, { accept: ['application/json'] })(origin);
    expect(await failureOf(answer)).toBe('unknown content_type_not_accepted');
  });

  it('the signals of the options and of the call both end it', async () => {
    const over = new AbortController();
    const origin = await listen(() => over.abort());
    const own = fetchFor(origin, { signal: over.signal });
    expect(await failureOf(own(origin))).toBe('unknown aborted');
    const call = fetchFor(origin, { signal: AbortSignal.timeout(10_000) });
    expect(await failureOf(call(origin, { signal: AbortSignal.abort() }))).toBe('not_sent aborted');
  });

  it('a body that may be read only once is refused', async () => {
    const body = new ReadableStream();
    await expect(fetchFor('http://127.0.0.1:1')('http://127.0.0.1:1', { body })).rejects.toThrow(
      'texts and bytes only',
    );
  });
});
