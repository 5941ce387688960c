import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf, currentTraceId, inSpan, inTrace, traceHeaders } from './span.ts';
import { startTracing, type Tracing } from './tracing.ts';

let receiver: Server;
let received: string[];
let tracing: Tracing | null = null;

beforeEach(async () => {
  received = [];
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (part) => (body += part));
    request.on('end', () => {
      received.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await tracing?.stop();
  tracing = null;
  receiver.closeAllConnections();
  receiver.close();
});

const failing = () =>
  inSpan('work', {}, () => Promise.reject(new TypeError('CANARY'))).catch(() => currentTraceId());

describe('traces', () => {
  it('are sent by OTLP, with the kind of an error and none of its words', async () => {
    tracing = startTracing({ program: 'api', isExported: true });
    await failing();
    await tracing.stop();
    expect(received).toHaveLength(1);
    expect(received[0]).toMatch(/^POST \/v1\/traces /);
    expect(received[0]).toContain('baton-api');
    expect(received[0]).toContain('TypeError');
    expect(received[0]).not.toContain('CANARY');
  });

  it('have ids where nothing is sent', async () => {
    tracing = startTracing({ program: 'api', isExported: false });
    const [id, headers] = await inSpan('work', {}, async () => [currentTraceId(), traceHeaders()]);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(headers).toMatchObject({ traceparent: expect.stringContaining(String(id)) });
    await tracing.stop();
    expect(received).toEqual([]);
  });

  it('go on where they are handed to, and nowhere else', async () => {
    tracing = startTracing({ program: 'api', isExported: false });
    const traceId = 'a'.repeat(31).concat('b');
    expect(await inTrace(traceId, async () => currentTraceId())).toBe(traceId);
    const parent = contextOf({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    const inside = await inSpan('work', { parent }, async () => currentTraceId());
    expect(inside).toBe(traceId);
    for (const traceparent of ['', 'x', `00-${traceId}-1-01`, `ff-${traceId}-${'0'.repeat(16)}`]) {
      const other = await inSpan('work', { parent: contextOf({ traceparent }) }, async () =>
        currentTraceId(),
      );
      expect(other).not.toBe(traceId);
    }
  });

  it('are nothing before they are started', async () => {
    expect(await inSpan('work', {}, async () => traceHeaders())).toEqual({});
  });
});
