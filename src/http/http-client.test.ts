import { createServer, type RequestListener } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { ResolveHost } from './address-guard.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import { retryAfterMs } from './http-outcome.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Peer {
  origin: string;
  port: number;
  connections: number;
}

async function listen(server: Server): Promise<Peer> {
  const sockets = new Set<Socket>();
  const peer = { origin: '', port: 0, connections: 0 };
  server.on('connection', (socket) => {
    peer.connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  peer.port = (server.address() as AddressInfo).port;
  peer.origin = `http://127.0.0.1:${peer.port}`;
  return peer;
}

const http = (listener: RequestListener): Promise<Peer> => listen(createServer(listener));

/** A peer that speaks whatever bytes the test wants once a request has arrived. */
const raw = (answer: (socket: Socket) => void): Promise<Peer> =>
  listen(createTcpServer((socket) => socket.once('data', () => answer(socket))));

function clientFor(peer: Peer, options: HttpClientOptions = {}): HttpClient {
  return createHttpClient({ allowedOrigins: [peer.origin], timeoutMs: 2_000, ...options });
}

async function post(client: HttpClient, url: string): Promise<unknown> {
  const outcome = await client.request({ method: 'POST', url, body: 'x' });
  return outcome.kind === 'response' ? outcome.status : `${outcome.kind} ${outcome.code}`;
}

describe('a peer that behaves', () => {
  it('gets method, path, query, headers and body; the answer comes back whole', async () => {
    const seen: unknown[] = [];
    const peer = await http((request, response) => {
      const { method, url, headers } = request;
      request.on('data', (chunk) => seen.push(String(chunk)));
      request.on('end', () => {
        seen.push(method, url, headers['x-key'], headers['user-agent'], headers.connection);
        response.writeHead(201, { 'content-type': 'text/plain', 'set-cookie': ['a', 'b'] });
        response.end('hé');
      });
    });
    const outcome = await clientFor(peer).request({
      method: 'POST',
      url: `${peer.origin}/a?b=c#fragment`,
      headers: { 'X-Key': 'k' },
      body: 'body',
    });
    expect(outcome).toMatchObject({ kind: 'response', status: 201, body: Buffer.from('hé') });
    expect(seen).toEqual(['body', 'POST', '/a?b=c', 'k', 'baton', 'close']);
  });

  it('an answer outside 2xx is a response, whatever its content type', async () => {
    const peer = await http((_, response) => response.writeHead(422).end('<p>no'));
    const outcome = await clientFor(peer).getJson(`${peer.origin}/`, z.object({}));
    expect(outcome).toMatchObject({ kind: 'response', status: 422 });
  });

  it('JSON is sent, parsed and checked against the schema', async () => {
    const peer = await http((request, response) => {
      expect(request.headers['content-type']).toBe('application/json');
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      request.pipe(response);
    });
    const sent = { method: 'POST', url: peer.origin, json: { id: 'é' } } as const;
    const client = clientFor(peer);
    expect(await client.requestJson(sent, z.object({ id: z.string() }))).toMatchObject({
      kind: 'json',
      value: { id: 'é' },
    });
    expect(await client.requestJson(sent, z.object({ other: z.string() }))).toMatchObject({
      kind: 'unknown',
      code: 'body_unreadable',
      status: 200,
    });
  });

  it('every request has its own connection', async () => {
    const peer = await http((_, response) => response.end('ok'));
    const client = clientFor(peer);
    for (let i = 0; i < 3; i += 1) expect(await post(client, peer.origin)).toBe(200);
    expect(peer.connections).toBe(3);
  });

  it('proxy settings of the environment are not used', async () => {
    const proxy = await http((_, response) => response.end('proxied'));
    const peer = await http((_, response) => response.end('direct'));
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy']) {
      vi.stubEnv(name, proxy.origin);
    }
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    expect(await post(clientFor(peer), peer.origin)).toBe(200);
    expect(proxy.connections).toBe(0);
  });
});

describe('proven before processing', () => {
  it('a refused connection', async () => {
    const peer = await http((_, response) => response.end());
    await Promise.all(closers.splice(0).map((close) => close()));
    expect(await post(clientFor(peer), peer.origin)).toBe('not_sent connection_refused');
  });

  it('a name that does not resolve', async () => {
    const resolve: ResolveHost = async () => {
      throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    };
    expect(await post(createHttpClient({ resolve }), 'https://nowhere.example')).toBe(
      'not_sent dns_failed',
    );
  });

  it('a peer that does not speak TLS', async () => {
    const peer = await raw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const origin = peer.origin.replace('http:', 'https:');
    const client = createHttpClient({ allowedOrigins: [origin] });
    expect(await post(client, origin)).toBe('not_sent tls_failed');
  });

  it('a peer that never finishes the TLS handshake', async () => {
    const peer = await raw(() => undefined);
    const origin = peer.origin.replace('http:', 'https:');
    const client = createHttpClient({ allowedOrigins: [origin], connectTimeoutMs: 100 });
    expect(await post(client, origin)).toBe('not_sent connect_timeout');
  });

  it('a resolver that never answers', async () => {
    const client = createHttpClient({
      resolve: () => new Promise(() => undefined),
      timeoutMs: 100,
    });
    expect(await post(client, 'https://slow.example')).toBe('not_sent connect_timeout');
  });

  it('a caller that gave up before', async () => {
    const peer = await http((_, response) => response.end());
    const outcome = await clientFor(peer).request({
      method: 'POST',
      url: peer.origin,
      signal: AbortSignal.abort(),
    });
    expect(outcome).toMatchObject({ kind: 'not_sent', code: 'aborted' });
    expect(peer.connections).toBe(0);
  });

  it.each([
    ['Host', 'example.com'],
    ['Transfer-Encoding', 'chunked'],
    ['Proxy-Authorization', 'x'],
    ['a b', 'x'],
    ['x-ok', 'a\r\nx-evil: 1'],
  ])('header %s: %j', async (name, value) => {
    const outcome = await createHttpClient().request({
      method: 'GET',
      url: 'https://example.com',
      headers: { [name]: value },
    });
    expect(outcome).toMatchObject({ kind: 'not_sent', code: 'header_not_allowed' });
  });
});

describe('perhaps processed', () => {
  it.each<[string, (socket: Socket) => void, string]>([
    ['says nothing', () => undefined, 'timeout'],
    ['resets', (socket) => socket.resetAndDestroy(), 'connection_lost'],
    ['closes without an answer', (socket) => socket.end(), 'connection_lost'],
    ['is not HTTP', (socket) => socket.end('SSH-2.0-OpenSSH\r\n'), 'protocol_error'],
    [
      'stops in the middle of the body',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
      'connection_lost',
    ],
    [
      'never ends its body',
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
      'timeout',
    ],
    [
      'sends endless headers',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(9_000)}`),
      'protocol_error',
    ],
    [
      'answers 302',
      (socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n'),
      'redirected',
    ],
    [
      'compresses unasked',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nxx'),
      'content_encoding_not_accepted',
    ],
  ])('a peer that %s', async (_, answer, code) => {
    const peer = await raw(answer);
    expect(await post(clientFor(peer, { timeoutMs: 300 }), peer.origin)).toBe(`unknown ${code}`);
    expect(peer.connections).toBe(1);
  });

  it('a slow drip is cut by the time cap', async () => {
    let drops = 0;
    const peer = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      const drip = setInterval(() => {
        drops += 1;
        socket.write('x');
      }, 20);
      socket.on('close', () => clearInterval(drip));
    });
    expect(await post(clientFor(peer, { timeoutMs: 1_000 }), peer.origin)).toBe('unknown timeout');
    // Fifty in a second. Both clocks are of this process: one that is starved counts no more drops.
    expect(drops).toBeGreaterThan(1);
    expect(drops).toBeLessThan(75);
  });

  it('an answer over the cap is cut, declared or chunked', async () => {
    const declared = await http((_, response) => response.end(Buffer.alloc(2_000)));
    const chunked = await http((_, response) => {
      response.write(Buffer.alloc(1_000));
      response.end(Buffer.alloc(1_000));
    });
    for (const peer of [declared, chunked]) {
      const client = clientFor(peer, { maxResponseBytes: 1_999 });
      expect(await post(client, peer.origin)).toBe('unknown response_too_large');
      const larger = clientFor(peer, { maxResponseBytes: 2_000 });
      expect(await post(larger, peer.origin)).toBe(200);
    }
  });

  it('HTML, an empty body and broken UTF-8 are not JSON', async () => {
    const answers = [
      { type: 'text/html', body: '{"a":1}' },
      { type: '', body: '{"a":1}' },
      { type: 'application/json', body: '' },
      { type: 'application/json', body: '<html>' },
      { type: 'application/json', body: Buffer.from([0x22, 0xff, 0x22]) },
    ];
    const codes = [];
    for (const { type, body } of answers) {
      const peer = await http((_, response) =>
        response.writeHead(200, type === '' ? {} : { 'content-type': type }).end(body),
      );
      const outcome = await clientFor(peer).getJson(peer.origin, z.unknown());
      codes.push(outcome.kind === 'unknown' ? outcome.code : outcome.kind);
    }
    expect(codes).toEqual([
      'content_type_not_accepted',
      'content_type_not_accepted',
      'body_unreadable',
      'body_unreadable',
      'body_unreadable',
    ]);
  });

  it('a caller that gives up while the peer works', async () => {
    const peer = await raw(() => abort.abort());
    const abort = new AbortController();
    const outcome = await clientFor(peer).request({
      method: 'POST',
      url: peer.origin,
      body: 'x',
      signal: abort.signal,
    });
    expect(outcome).toMatchObject({ kind: 'unknown', code: 'aborted' });
  });
});

describe('addresses that lead inside', () => {
  it('are refused without one connection', async () => {
    const inside = await http((_, response) => response.end('secret'));
    const client = createHttpClient({
      allowedPorts: [inside.port],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '017700000001',
      '127.1',
      '0',
      '１２７.０.０.１',
      '①②⑦.0.0.1',
      'localhost',
      'localhost.',
      'LOCALHOST',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[::ffff:a9fe:a9fe]',
      '169.254.169.254',
      '10.0.0.1',
      '[fd00::1]',
      '[fe80::1]',
    ];
    for (const host of hosts) {
      expect([host, await post(client, `https://${host}:${inside.port}/`)]).toEqual([
        host,
        'not_sent address_not_allowed',
      ]);
    }
    expect(inside.connections).toBe(0);
  });

  it('a name that resolves inside, wholly or in part', async () => {
    const inside = await http((_, response) => response.end('secret'));
    for (const addresses of [['127.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['::1']]) {
      const client = createHttpClient({
        allowedPorts: [inside.port],
        resolve: async () => addresses.map((address) => ({ address, family: 4 })),
      });
      expect(await post(client, `https://name.example:${inside.port}`)).toBe(
        'not_sent address_not_allowed',
      );
    }
    expect(inside.connections).toBe(0);
  });

  it('a name that turns inside after its first answer is refused at its second request', async () => {
    const inside = await http((_, response) => response.end('secret'));
    const answers = ['192.0.2.1', '127.0.0.1'];
    const client = createHttpClient({
      allowedPorts: [inside.port],
      resolve: async () => [{ address: answers.shift() ?? '127.0.0.1', family: 4 }],
    });
    for (let i = 0; i < 3; i += 1) {
      expect(await post(client, `https://name.example:${inside.port}`)).toBe(
        'not_sent address_not_allowed',
      );
    }
    expect(inside.connections).toBe(0);
  });

  it.each([
    ['http://example.com', 'scheme_not_allowed'],
    ['ftp://example.com', 'scheme_not_allowed'],
    ['file:///etc/passwd', 'scheme_not_allowed'],
    ['javascript:alert(1)', 'scheme_not_allowed'],
    ['https://example.com:22', 'port_not_allowed'],
    ['https://user@example.com', 'url_has_credentials'],
    ['https://example.com:pass@127.0.0.1', 'url_has_credentials'],
    ['https://', 'url_invalid'],
    ['//example.com', 'url_invalid'],
    ['', 'url_invalid'],
  ])('%j is refused', async (url, code) => {
    expect(await post(createHttpClient(), url)).toBe(`not_sent ${code}`);
  });

  it('an allowed origin opens itself only: another port, scheme or a login stay shut', async () => {
    const peer = await http((_, response) => response.end('ok'));
    const client = clientFor(peer);
    expect(await post(client, `${peer.origin}/any`)).toBe(200);
    expect(await post(client, 'http://127.0.0.1:1')).toBe('not_sent scheme_not_allowed');
    expect(await post(client, `https://127.0.0.1:${peer.port}`)).toBe('not_sent port_not_allowed');
    expect(await post(client, peer.origin.replace('//', '//me@'))).toBe(
      'not_sent url_has_credentials',
    );
  });

  it.each(['127.0.0.1:80', 'http://127.0.0.1/path', 'http://me@host', 'ws://host', '*'])(
    'the setting %j is no origin',
    (origin) => {
      expect(() => createHttpClient({ allowedOrigins: [origin] })).toThrow('is not an origin');
    },
  );
});

it('Retry-After is understood as seconds and as a date', () => {
  const now = Date.parse('2026-11-24T10:00:00Z');
  expect(retryAfterMs({ 'retry-after': '7' }, now)).toBe(7_000);
  expect(retryAfterMs({ 'retry-after': 'Tue, 24 Nov 2026 10:01:00 GMT' }, now)).toBe(60_000);
  expect(retryAfterMs({ 'retry-after': 'Tue, 24 Nov 2026 09:00:00 GMT' }, now)).toBe(0);
  for (const value of ['soon', '-1', '1e9', '']) {
    expect(retryAfterMs({ 'retry-after': value }, now)).toBeNull();
  }
  expect(retryAfterMs({}, now)).toBeNull();
});

describe('a request with a last instant to begin', () => {
  /** As SIGSTOP would: timers, signals and connections all stand still meanwhile. */
  function pauseProcess(ms: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  }

  it('is written before it', async () => {
    const peer = await http((_, response) => response.end('ok'));
    const outcome = await clientFor(peer).request({
      method: 'POST',
      url: peer.origin,
      body: 'x',
      writeBefore: performance.now() + 2_000,
    });
    expect(outcome).toMatchObject({ kind: 'response', status: 200, body: Buffer.from('ok') });
  });

  it('is not written after it, though the process woke up with a connection', async () => {
    let requests = 0;
    const peer = await http((_, response) => {
      requests += 1;
      response.end('ok');
    });
    const sent = clientFor(peer).request({
      method: 'POST',
      url: peer.origin,
      body: 'x',
      writeBefore: performance.now() + 50,
    });
    pauseProcess(100);
    expect(await sent).toMatchObject({ kind: 'not_sent', code: 'too_late' });
    expect(peer.connections).toBe(1);
    expect(requests).toBe(0);
  });
});
