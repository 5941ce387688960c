import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listReplies } from '../../src/db/item/checkpoint-replies.ts';
import { getKpiReview } from '../../src/db/item/kpi-reviews.ts';
import { appendReadings, listReadings } from '../../src/db/item/readings.ts';
import { hashOf } from '../../src/domain/canonical.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { ageMs } from '../../src/domain/item/ages.ts';
import { readingsAddedSignal } from '../../src/workflows/messages.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import {
  DAY_MS,
  frozenReview,
  HOUR_MS,
  signOff,
  toKpiReview,
  toMeasuring,
} from '../support/item-story.ts';

const AGES = ['+1h', '+24h', '+72h', '+7d', '+28d'];

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

function keyOf(itemId: string) {
  return { workspaceId: engine.workspace.workspaceId, itemId };
}

async function checkpointStates(itemId: string): Promise<Record<string, string>> {
  const { checkpoints } = await engine.context(itemId);
  return Object.fromEntries(checkpoints.map(({ checkpoint, state }) => [checkpoint, state]));
}

async function codesOf(outcome: ReturnType<ItemEngine['verdict']>): Promise<string[]> {
  const refused = await outcome;
  if (refused.outcome !== 'refused') throw new Error(JSON.stringify(refused));
  return refused.unmet.map(({ code }) => code);
}

describe.concurrent('a published post', () => {
  it('is measured at every age of its playbook, at its time, then reviewed', async () => {
    const started = performance.now();
    const itemId = await engine.start();
    await toKpiReview(engine, itemId);
    const { publications, checkpoints } = await engine.context(itemId);
    // While its worker is busy, a run's clock goes on as ours does.
    const busyMs = performance.now() - started;
    const publishedAt = Date.parse(publications[0]?.publishedAt ?? '');
    expect(checkpoints.map(({ checkpoint }) => checkpoint)).toEqual(AGES);
    for (const { state, checkpoint, settledAt, dueAt } of checkpoints) {
      expect(state).toBe('recorded');
      expect(Date.parse(dueAt)).toBe(publishedAt + ageMs(checkpoint));
      const late = Date.parse(settledAt ?? '') - Date.parse(dueAt);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(5_000 + busyMs);
    }
    const { items } = await listReadings(engine.deps.db, { ...keyOf(itemId), limit: 200 });
    const measured = new Set(items.map(({ checkpoint }) => checkpoint));
    expect([...measured].sort()).toEqual([...AGES, 'baseline'].sort());
  });

  it('has a review that freezes targets, readings and verdicts under one hash', async () => {
    const itemId = await engine.start();
    const hash = await toKpiReview(engine, itemId);
    const review = await getKpiReview(engine.deps.db, keyOf(itemId));
    const { targets, readings, verdicts } = review?.body ?? {};
    expect(review?.hash).toBe(hash);
    expect(hashOf({ targets, readings, verdicts })).toBe(hash);
    const other = {
      role: 'strategist',
      decision: 'scale',
      reviewHash: '0'.repeat(64),
      comment: 'why not',
    };
    expect(await codesOf(engine.verdict('strategist', itemId, 'sign_off', other))).toEqual([
      'verdicts_seen',
    ]);
    await engine.apply('strategist', itemId, 'sign_off', { ...other, reviewHash: hash });
  });

  it('is signed off by the strategist first, then by the other two, once each', async () => {
    const itemId = await engine.start();
    const reviewHash = await toKpiReview(engine, itemId);
    const sign = (role: 'strategist' | 'creator' | 'social_media_manager', body: object) =>
      engine.verdict(role, itemId, 'sign_off', { role, reviewHash, ...body });
    expect(await codesOf(sign('creator', { decision: 'agree' }))).toEqual([
      'strategist_decides_first',
    ]);
    expect(await codesOf(sign('strategist', { decision: 'agree' }))).toEqual([
      'strategist_decides_first',
    ]);
    const { recommended } = (await engine.context(itemId)).reviews[0] ?? {};
    const stored = await getKpiReview(engine.deps.db, keyOf(itemId));
    expect(stored?.body).toMatchObject({ recommendation: { decision: recommended } });
    expect(recommended).not.toBe('retire');
    expect(await codesOf(sign('strategist', { decision: 'retire' }))).toEqual([
      'decision_reasoned',
    ]);
    const decided = { decision: 'iterate', comment: 'one more try' };
    expect(await sign('strategist', decided)).toMatchObject({ outcome: 'applied' });
    expect(await codesOf(sign('strategist', { decision: 'scale' }))).toEqual([
      'not_decided_before',
    ]);
    const unexplained = { decision: 'dissent', learnings: 'numbers in openings hold readers' };
    expect(await codesOf(sign('creator', unexplained))).toEqual(['reason_given']);
    const dissent = { decision: 'dissent', comment: 'the sample is too small' };
    expect(await sign('creator', dissent)).toMatchObject({ outcome: 'applied' });
    const last = await sign('social_media_manager', { decision: 'agree' });
    expect(last).toMatchObject({ outcome: 'applied', answer: { stage: 'closed' } });
    const closed = (await engine.chain(itemId)).find(({ type }) => type === 'kpi_review.closed');
    expect(closed?.data).toMatchObject({ decision: 'iterate' });
  });

  it('is measured longer when its review says so, and reviewed again', async () => {
    const itemId = await engine.start();
    const first = await toKpiReview(engine, itemId);
    const decision = 'extend_measurement';
    const seen = { reviewHash: first };
    await engine.apply('strategist', itemId, 'sign_off', {
      ...seen,
      role: 'strategist',
      decision,
      extendTo: '+60d',
      comment: 'the numbers are too few',
    });
    await engine.apply('creator', itemId, 'sign_off', {
      ...seen,
      role: 'creator',
      decision: 'agree',
    });
    const role = 'social_media_manager';
    const last = await engine.apply(role, itemId, 'sign_off', { ...seen, role, decision: 'agree' });
    expect(last.stage).toBe('measuring');
    expect(await checkpointStates(itemId)).toMatchObject({ '+60d': 'due' });
    await engine.travel(itemId, { to: 'next_checkpoint' });
    const second = await frozenReview(engine, itemId);
    expect(second).not.toBe(first);
    expect((await engine.context(itemId)).reviews).toMatchObject([{ number: 1 }, { number: 2 }]);
    await signOff(engine, itemId, 'recycle');
    expect((await engine.item(itemId)).stage).toBe('closed');
  });

  it('can be reviewed early; later checkpoints are still recorded, closing marks the rest', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    expect(await codesOf(engine.verdict('strategist', itemId, 'open_kpi_review'))).toEqual([
      'one_checkpoint_recorded',
    ]);
    await engine.travel(itemId, { to: 'next_checkpoint' });
    const opened = await engine.apply('strategist', itemId, 'open_kpi_review');
    expect(opened.stage).toBe('kpi_review');
    const hash = await frozenReview(engine, itemId);
    await engine.travel(itemId, { byMs: 2 * DAY_MS });
    expect(await checkpointStates(itemId)).toMatchObject({ '+24h': 'recorded', '+72h': 'due' });
    expect((await engine.context(itemId)).reviews).toMatchObject([{ number: 1, hash }]);
    await signOff(engine, itemId);
    expect(await engine.item(itemId)).toMatchObject({ stage: 'closed' });
    expect(await checkpointStates(itemId)).toMatchObject({
      '+1h': 'recorded',
      '+24h': 'recorded',
      '+72h': 'missing',
      '+7d': 'missing',
      '+28d': 'missing',
    });
  });
});

describe('a source that is away', () => {
  it('makes a checkpoint missing after its window, not before; missing is not zero', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    await engine.sandbox.stop();
    try {
      await engine.travel(itemId, { byMs: 1.5 * HOUR_MS });
      expect(await checkpointStates(itemId)).toMatchObject({ '+1h': 'due' });
      await engine.travel(itemId, { byMs: HOUR_MS });
      expect(await checkpointStates(itemId)).toMatchObject({ '+1h': 'missing', '+24h': 'due' });
    } finally {
      await engine.sandbox.start();
    }
    await engine.travel(itemId, { byMs: 28 * DAY_MS });
    await frozenReview(engine, itemId);
    expect(await checkpointStates(itemId)).toMatchObject({ '+1h': 'missing', '+24h': 'recorded' });
    const { items } = await listReadings(engine.deps.db, { ...keyOf(itemId), checkpoint: '+1h' });
    expect(items).toEqual([]);
    // Asked at the age and after pauses that double, then no more; the event says what it answered.
    const replies = await listReplies(engine.deps.db, {
      workspaceId: engine.workspace.workspaceId,
      publicationId: (await engine.context(itemId)).publications[0]?.id ?? '',
      checkpoint: '+1h',
    });
    expect(replies).toMatchObject([{ source: 'sandbox', state: 'waits' }]);
    expect(replies[0]?.attempts).toBeGreaterThanOrEqual(5);
    expect(replies[0]?.attempts).toBeLessThanOrEqual(7);
    const missing = (await engine.chain(itemId)).find(
      ({ type }) => type === 'kpi_checkpoint.missing',
    );
    expect(missing?.data).toMatchObject({
      checkpoint: '+1h',
      unavailable: [{ source: 'sandbox', reason: expect.stringMatching(/^Sandbox: /) }],
    });
  });

  it('that comes back within the window is asked again, and the checkpoint is recorded', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    await engine.sandbox.stop();
    try {
      await engine.travel(itemId, { byMs: 1.2 * HOUR_MS });
      expect(await checkpointStates(itemId)).toMatchObject({ '+1h': 'due' });
    } finally {
      await engine.sandbox.start();
    }
    await engine.travel(itemId, { byMs: 0.7 * HOUR_MS });
    expect(await checkpointStates(itemId)).toMatchObject({ '+1h': 'recorded' });
    const recorded = (await engine.chain(itemId)).find(
      ({ type }) => type === 'kpi_checkpoint.recorded',
    );
    expect(recorded?.data).not.toHaveProperty('unavailable');
  });

  it('is made up for by readings that people store: the checkpoint that waits is settled at once', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    await engine.sandbox.stop();
    try {
      await engine.travel(itemId, { byMs: HOUR_MS + 60_000 });
      expect(await checkpointStates(itemId)).toMatchObject({ '+1h': 'due' });
      const { publications } = await engine.context(itemId);
      const publicationId = publications[0]?.id ?? null;
      const asOf = new Date().toISOString();
      const reading = { measure: 'impressions', value: 120, checkpoint: '+1h' } as const;
      const createdBy = engine.workspace.memberOf('creator');
      await appendReadings(engine.deps.db, {
        ...keyOf(itemId),
        additions: [
          { ...reading, publicationId, asOf, source: 'manual', createdBy, provisional: false },
        ],
      });
      const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
      await handle.signal(readingsAddedSignal, { publicationId });
      await eventually(async () => (await checkpointStates(itemId))['+1h'] === 'recorded');
    } finally {
      await engine.sandbox.start();
    }
  });
});
