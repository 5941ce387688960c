import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heldServer } from '../../test/support/held-server.ts';
import type { Channel, PublishRequest } from '../channels/channel.ts';
import { createSandboxChannel, SANDBOX } from '../channels/sandbox/adapter.ts';
import { FaultLine, type FaultOrder, type HookOrder } from '../channels/sandbox/protocol.ts';
import { createHttpClient } from '../http/http-client.ts';
import { openFaultLog } from './fault-log.ts';
import { createSandboxServer } from './http-server.ts';
import { type Ledger, openLedger } from './ledger.ts';

const directory = mkdtempSync(join(tmpdir(), 'sandbox-modes-'));
let ledger: Ledger;
let server: Server;
let baseUrl: string;
let channel: Channel;

async function listen(to: Server): Promise<string> {
  await new Promise<void>((resolve) => to.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(to.address() as AddressInfo).port}`;
}

async function stop(running: Server): Promise<void> {
  running.closeAllConnections();
  await new Promise((resolve) => running.close(resolve));
}

beforeAll(async () => {
  ledger = openLedger(directory);
  server = createSandboxServer({ ledger, faults: openFaultLog(directory) });
  baseUrl = await listen(server);
  channel = createSandboxChannel({
    http: createHttpClient({ allowedOrigins: [baseUrl] }),
    baseUrl,
  });
});
afterAll(async () => {
  await stop(server);
  ledger.close();
  rmSync(directory, { recursive: true });
});

async function order(
  path: 'faults' | 'hooks',
  body: Partial<FaultOrder> | Partial<HookOrder>,
): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const sent = { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(`${baseUrl}/v1/${path}`, sent)).status;
}

/** A post of an account of its own, with time for a slow network. */
function mint(settings: Record<string, unknown> = {}, withinMs = 4_000): PublishRequest {
  return {
    account: { id: 'cha_1', name: `account ${randomUUID()}`, settings, credentials: null },
    key: randomUUID(),
    marker: `mark-${randomUUID()}`,
    dueAt: new Date().toISOString(),
    content: { text: `Bonjour ${randomUUID()}`, language: 'fr' },
    replyTo: null,
    signal: AbortSignal.timeout(withinMs),
    writeBefore: performance.now() + withinMs,
  };
}

const accepted = ({ marker }: PublishRequest): number => ledger.byMarker(marker).length;

describe('modes of one post', () => {
  it.each([
    ['accept_then_empty', 'unknown', 1],
    ['accept_then_redirect', 'unknown', 1],
    ['accept_then_endless', 'unknown', 1],
    ['accept_then_pending', 'published', 1],
    ['accept', 'published', 1],
    ['say_rejected', 'rejected', 0],
    ['redirect', 'unknown', 0],
    ['rate_limited_silently', 'retryable', 0],
  ] as const)('%s is %s', async (mode, outcome, posts) => {
    const post = mint();
    expect(await order('faults', { mode, marker: post.marker })).toBe(201);
    expect(await channel.publish(post)).toMatchObject({ outcome });
    expect(accepted(post)).toBe(posts);
  });

  it('a post that stays pending for longer than its sender may wait is unknown', async () => {
    const post = mint();
    await order('faults', { mode: 'accept_then_pending', marker: post.marker });
    const over = new AbortController();
    const watch = setInterval(() => {
      if (accepted(post) > 0) over.abort(new DOMException('over', 'TimeoutError'));
    }, 20);
    const outcome = await channel.publish({ ...post, signal: over.signal });
    clearInterval(watch);
    expect(outcome).toMatchObject({ outcome: 'unknown', code: 'timeout' });
    expect(accepted(post)).toBe(1);
  });

  it('a listing that lags shows an accepted post later', async () => {
    const post = mint();
    const { marker } = post;
    await order('faults', { mode: 'accept_then_500', marker, listedAfterMs: 300 });
    expect(await channel.publish(post)).toMatchObject({ outcome: 'unknown' });
    expect(await channel.lookup(post)).toEqual({ outcome: 'absent' });
    await expect.poll(() => channel.lookup(post)).toMatchObject({ outcome: 'found' });
  });

  it('the same text again is refused as a duplicate, which proves nothing', async () => {
    const post = mint({ idempotency: 'match' });
    await order('faults', { mode: 'refuse_duplicate', marker: post.marker, times: 2 });
    expect(await channel.publish(post)).toMatchObject({ outcome: 'published' });
    expect(await channel.publish(post)).toMatchObject({ outcome: 'unknown' });
    expect(accepted(post)).toBe(1);
  });

  it('every post that was made to fail is in the log', async () => {
    const post = mint();
    await order('faults', { mode: 'reject', marker: post.marker });
    await channel.publish(post);
    const lines = readFileSync(join(directory, 'faults.jsonl'), 'utf8').trimEnd().split('\n');
    const logged = lines.map((line) => FaultLine.parse(JSON.parse(line)));
    expect(logged.filter(({ marker }) => marker === post.marker)).toEqual([
      expect.objectContaining({ mode: 'reject', text: post.content.text }),
    ]);
  });

  it('nothing is written after the time to write is over', async () => {
    const post = { ...mint(), writeBefore: performance.now() - 1 };
    expect(await channel.publish(post)).toMatchObject({ outcome: 'retryable' });
    expect(accepted(post)).toBe(0);
  });
});

describe('how an account treats keys', () => {
  it.each([
    [{}, 'exact'],
    [{ idempotency: 'exact' }, 'exact'],
    [{ idempotency: 'exact_for', windowMs: 500 }, { exact_for: 500 }],
    [{ idempotency: 'match' }, 'match'],
    [{ idempotency: 'none' }, 'none'],
  ])('%j is %j', (settings, rule) => {
    expect(SANDBOX.settings.safeParse(settings).success).toBe(true);
    expect(channel.idempotencyOf({ settings })).toEqual(rule);
  });

  it.each([
    { idempotency: 'exact_for' },
    { idempotency: 'match', windowMs: 500 },
    { idempotency: 'sometimes' },
  ])('%j is no setting', (settings) => {
    expect(SANDBOX.settings.safeParse(settings).success).toBe(false);
    expect(channel.idempotencyOf({ settings })).toBe('none');
  });

  it('a key is honoured inside its window and forgotten after it', async () => {
    const post = mint({ idempotency: 'exact_for', windowMs: 400 });
    const first = await channel.publish(post);
    expect(await channel.publish(post)).toEqual(first);
    await expect.poll(() => channel.publish(post), { interval: 150 }).not.toEqual(first);
    expect(accepted(post)).toBe(2);
  });

  it.each(['match', 'none'])('%s ignores the key', async (idempotency) => {
    const post = mint({ idempotency });
    await channel.publish(post);
    await channel.publish(post);
    expect(accepted(post)).toBe(2);
    expect(await channel.lookup(post)).toMatchObject(
      idempotency === 'match' ? { outcome: 'found' } : { outcome: 'cannot_tell' },
    );
  });
});

describe('hooks', () => {
  it('a post waits at each point for its harness, which is told who sends', async () => {
    const calls: { at: string; posts: number; sender: string | null }[] = [];
    const post = mint();
    const harness = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { at, sender } = JSON.parse(body);
        calls.push({ at, sender, posts: accepted(post) });
        response.end();
      });
    });
    const url = await listen(harness);
    for (const at of ['before-accept', 'after-accept', 'before-response'] as const) {
      expect(await order('hooks', { at, url, marker: post.marker })).toBe(201);
    }
    await channel.publish(post);
    await channel.publish(post);
    expect(calls).toEqual([
      { at: 'before-accept', sender: null, posts: 0 },
      { at: 'after-accept', sender: null, posts: 1 },
      { at: 'before-response', sender: null, posts: 1 },
    ]);
    await stop(harness);
  });

  it('a harness that does not answer, or is gone, delays a post and no more', async () => {
    const silent = await heldServer();
    const { url } = silent;
    const post = mint();
    await order('hooks', { at: 'before-accept', url, marker: post.marker, timeoutMs: 100 });
    expect(await channel.publish(post)).toMatchObject({ outcome: 'published' });
    await silent.close();
    const next = mint();
    await order('hooks', { at: 'after-accept', url, marker: next.marker });
    expect(await channel.publish(next)).toMatchObject({ outcome: 'published' });
  });

  it('only loopback is called', async () => {
    expect(await order('hooks', { at: 'before-accept', url: 'http://192.0.2.1/' })).toBe(400);
    expect(await order('hooks', { at: 'before-accept', url: 'https://localhost/' })).toBe(400);
  });
});
