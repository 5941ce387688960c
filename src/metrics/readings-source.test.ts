import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { questionFor, valuesOf } from '../../test/support/source-server.ts';
import { createMemorySessions } from '../channels/channel-sessions.ts';
import { createHttpClient } from '../http/http-client.ts';
import { meteredHttp } from './metered-http.ts';
import { readingsSource } from './readings-source.ts';
import { defineSource, type MetricSource, type SourceQuestion } from './source-kind.ts';

const HOUR_MS = 3_600_000;
const question = questionFor('mastodon');

/** A source that answers as told. */
function sourceOf(
  collect: MetricSource['collect'],
  { settlingMs = 0 as number | object, secret = { token: 'canary' } } = {},
) {
  const kind = defineSource({
    id: 'told',
    name: 'Told',
    origin: 'connection',
    config: z.object({}),
    secret: z.object({ token: z.string() }),
    supplies: () => ['followers', 'shares', 'reach'],
    settlingMs,
    limit: { requests: 10, perMs: 60_000 },
    definitions: { shares: 'shares:told' },
    create: () => ({ check: async () => ({ ok: true, detail: '' }), collect }),
  });
  const http = createHttpClient();
  const means = { http, now: Date.now, sessions: createMemorySessions(), ownerId: 'msr_1' };
  const source = kind.open({ config: {}, secret }, means);
  if (typeof source === 'string') throw new Error(source);
  return readingsSource(kind, source, { zone: 'Europe/Paris', secret });
}

describe('what a source says', () => {
  it('is kept apart: zero, no row, and what it cannot supply', async () => {
    const source = sourceOf(async () => ({ measures: { shares: 0, reach: 'not_available' } }));
    expect(valuesOf(await source.collect(question))).toEqual({
      shares: 0,
      empty: ['followers'],
      notAvailable: ['reach'],
    });
  });

  it('is nothing at a baseline but the followers', async () => {
    const asked: SourceQuestion[] = [];
    const source = sourceOf(async (one) => {
      asked.push(one);
      return { measures: { followers: 3, shares: 9 } };
    });
    const before = questionFor('mastodon', { publishedAt: null });
    const reply = await source.collect({ ...before, checkpoint: 'baseline' });
    expect(valuesOf(reply)).toEqual({ followers: 3, empty: [], notAvailable: [] });
    expect(asked).toMatchObject([{ measures: ['followers'], zone: 'Europe/Paris' }]);
  });

  it('is asked for from the post to the age of the checkpoint, never beyond now', async () => {
    const windows: SourceQuestion['window'][] = [];
    const source = sourceOf(async ({ window }) => {
      windows.push(window);
      return { measures: {} };
    });
    await source.collect(question);
    await source.collect({ ...question, at: '2026-03-02T10:00:00.000Z' });
    const from = '2026-03-02T08:00:00.000Z';
    expect(windows).toEqual([
      { from, to: '2026-03-03T08:00:00.000Z' },
      { from, to: '2026-03-02T10:00:00.000Z' },
    ]);
  });

  it.each([
    ['its settling time', undefined, true],
    ['the source itself', true, false],
  ])('is provisional as %s says', async (_who, settled, provisional) => {
    const source = sourceOf(
      async () => ({ measures: { shares: 1 }, ...(settled !== undefined && { settled }) }),
      { settlingMs: { shares: 48 * HOUR_MS } },
    );
    expect(await source.collect(question)).toMatchObject({
      readings: [{ provisional, definition: 'shares:told' }],
    });
  });

  it('says from when on it may be read for good: once the last of its numbers settles', async () => {
    const settlingMs = { shares: 48 * HOUR_MS, reach: 24 * HOUR_MS };
    const measures = { shares: 1, reach: 1, followers: 1 };
    const source = sourceOf(async () => ({ measures }), { settlingMs });
    const reply = await source.collect(question);
    expect(reply).toMatchObject({ settlesAt: '2026-03-05T08:00:00.000Z' });
    const later = await source.collect({ ...question, at: '2026-03-05T08:00:00.000Z' });
    expect(later).not.toHaveProperty('settlesAt');
    const settlesAt = '2026-03-09T00:00:00.000Z';
    const own = sourceOf(async () => ({ measures, settled: false, settlesAt }));
    expect(await own.collect(question)).toMatchObject({ settlesAt });
  });

  it.each([
    [{ measures: { shares: -1 } }, 'shares is not below 0'],
    [{ measures: { shares: 0.5 } }, 'whole number'],
    [{ measures: { shares: 1 }, asOf: 'soon' }, 'no instant'],
    [{ measures: { shares: 1 }, asOf: '2027-01-01T00:00:00Z' }, 'still to come'],
  ])('is refused whole where it cannot be: %j', async (answer, why) => {
    const reply = await sourceOf(async () => answer).collect(question);
    expect(reply).toMatchObject({ unavailable: expect.stringContaining(why), retry: true });
  });

  it('is nothing when its adapter throws, and no secret is in the reason', async () => {
    const source = sourceOf(async () => {
      throw new Error('Bearer canary is not good');
    });
    const reply = await source.collect(question);
    expect(reply).toEqual({
      unavailable: 'Told: its adapter failed: Bearer [secret] is not good',
      retry: true,
    });
  });

  it.each([
    ['in an address', 'GET /?key=a%2Bb%2FCanary%3D'],
    ['in small letters', 'answered 200 with text/a+b/canary='],
    ['beyond where it is cut', `${'x'.repeat(280)} a+b/Canary=`],
  ])('holds no secret %s', async (_where, unavailable) => {
    const secret = { token: 'a+b/Canary=' };
    const source = sourceOf(async () => ({ unavailable, retry: false }), { secret });
    const reply = await source.collect(question);
    expect(JSON.stringify(reply)).not.toMatch(/a(%2B|\+)b|canary/i);
  });

  it('is cut where it is long', async () => {
    const source = sourceOf(async () => ({ unavailable: 'x'.repeat(9_000), retry: false }));
    const reply = await source.collect(question);
    expect('unavailable' in reply && reply.unavailable).toHaveLength(300);
  });
});

describe('a limit', () => {
  const request = { method: 'GET', url: 'https://example.org/' } as const;

  it('holds a request back, which is answered as the source would', async () => {
    const metered = meteredHttp(createHttpClient(), { take: async () => 90_500 });
    const outcome = await metered.http.request(request);
    expect(outcome).toMatchObject({ status: 429, headers: { 'retry-after': '91' } });
    expect(metered.heldBackMs()).toBe(90_500);
  });

  it('lets one wait for a turn that is near', async () => {
    const waits = [5, 5, 0];
    const metered = meteredHttp(createHttpClient({ resolve: async () => [] }), {
      take: async () => waits.shift() ?? 0,
    });
    expect(await metered.http.request(request)).toMatchObject({ kind: 'not_sent' });
    expect(metered.heldBackMs()).toBeNull();
    expect(waits).toEqual([]);
  });
});
