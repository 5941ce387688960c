import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTracing, type Tracing } from '../../src/health/tracing.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { acceptHandoff, approve, toReview, toScheduled } from '../support/item-story.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` };
/** A slot so near that it comes by itself. */
const SOON_MS = 1_500;
/** The same, for a request that is not made again when it comes after its slot. */
const SOON_ENOUGH_MS = 5_000;

const exporter = new InMemorySpanExporter();
let tracing: Tracing;
let api: EngineApi;

beforeAll(async () => {
  api = await openEngineApi();
  tracing = startTracing({
    program: 'test',
    isExported: false,
    processors: [new SimpleSpanProcessor({ exporter })],
  });
});
afterAll(async () => {
  await tracing?.stop();
  await api?.close();
});

/** Names of the spans of a trace, each behind the one that it is part of. */
function chainTo(name: string): string[] {
  const spans = exporter
    .getFinishedSpans()
    .filter((span) => span.spanContext().traceId === TRACE_ID);
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
  const chain: string[] = [];
  let span = spans.find((one) => one.name === name);
  while (span !== undefined) {
    chain.unshift(span.name);
    span = byId.get(span.parentSpanContext?.spanId ?? '');
  }
  return chain;
}

describe('a trace', () => {
  it('goes from the request over the run and its activity to the network', async () => {
    const { engine } = api;
    const itemId = await engine.start();
    await approve(engine, itemId, await toReview(engine, itemId));
    await acceptHandoff(engine, itemId, 'social_media_manager');
    const at = new Date(Date.now() + SOON_ENOUGH_MS).toISOString();
    const { channelAccountId } = engine;
    const body = { publications: [{ channelAccountId, at }] };
    const path = `/v1/items/${itemId}/schedule`;
    const { status, json } = await api.as('social_media_manager', 'PUT', path, {
      headers: CALLER,
      body,
    });
    expect(status, JSON.stringify(json)).toBeLessThan(300);
    const chain = await eventually(
      () => {
        const found = chainTo('POST');
        return found.length >= 4 ? found : null;
      },
      { what: 'the span of the post' },
    );
    expect(chain).toEqual([
      'PUT /v1/items/:id/schedule',
      'update command',
      'sendPublication',
      'POST',
    ]);
    expect((await engine.command(json.commandId)).traceId).toBe(TRACE_ID);
  });

  it('is named by a problem, whoever began it', async () => {
    const told = await api.as('creator', 'GET', '/v1/items/itm_unknown', { headers: CALLER });
    expect(told.json.traceId).toBe(TRACE_ID);
    const hostile = { traceparent: `00-${'0'.repeat(32)}-CANARY` };
    const own = await api.as('creator', 'GET', '/v1/items/itm_unknown', { headers: hostile });
    expect(own.json.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(own.json.traceId).not.toBe(told.json.traceId);
  });

  it('is not lost by a worker, which tells of its sends and its free places', async () => {
    const { engine } = api;
    const address = `127.0.0.1:${await freePort()}`;
    await engine.stopWorker();
    const worker = await engine.spawnWorker({ BATON_METRICS_ADDRESS: address });
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: SOON_MS });
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    const text = await (await fetch(`http://${address}/metrics`)).text();
    expect(text).toMatch(/^baton_send_lateness_seconds_count\{channel="sandbox"\} 1$/m);
    expect(text).toMatch(/^baton_send_attempts_total\{channel="sandbox",outcome="published"\} 1$/m);
    expect(text).toMatch(/^temporal_worker_task_slots_available\{.*worker_type="ActivityWorker"/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).not.toContain(itemId);
    await worker.kill();
    await engine.startWorker();
  });

  it('holds no text, no secret and no address', () => {
    const attributes = exporter.getFinishedSpans().flatMap((span) => Object.keys(span.attributes));
    // Of a call that failed, which a busy machine may make; its kind of error is no text.
    const ofSuccess = attributes.filter((name) => name !== 'error.type');
    expect([...new Set(ofSuccess)].toSorted()).toEqual([
      'baton.request_id',
      'baton.workflow_id',
      'http.request.method',
      'http.response.status_code',
      'server.address',
    ]);
  });
});
