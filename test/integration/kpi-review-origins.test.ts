import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeLateReadings } from '../../src/activities/late-readings.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { Json } from '../support/api-fixture.ts';
import { runCommand } from '../support/baton-command.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { DAY_MS, frozenReview, signOff, toKpiReview, toMeasuring } from '../support/item-story.ts';

const failed = (itemId: string, error: unknown) => {
  throw new Error(`${itemId} was not judged`, { cause: error });
};

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

it('a review shows stated and measured numbers apart, and keeps who stated them and when', async () => {
  const { engine } = api;
  const itemId = await engine.start();
  await toMeasuring(engine, itemId);
  await engine.travel(itemId, { byMs: 8 * DAY_MS });
  const path = `/v1/items/${itemId}`;
  const readings: Json[] = (await api.ok('creator', 'GET', `${path}/readings?limit=200`)).items;
  const own = readings.find(
    ({ measure, checkpoint }) => measure === 'impressions' && checkpoint === '+7d',
  );
  expect(own).toMatchObject({ source: 'sandbox' });
  const { publicationId, value } = own;
  const { clockOffset } = await api.ok('creator', 'GET', path);
  expect(clockOffset).toBeDefined();
  const later = new Date(Date.parse(own.asOf) + 1_000).toISOString();
  const stated = { measure: 'impressions', value: value * 3, checkpoint: '+7d', publicationId };
  await api.ok('creator', 'POST', `${path}/readings`, { ...stated, asOf: later });
  await engine.travel(itemId, { byMs: 21 * DAY_MS });
  await frozenReview(engine, itemId);

  const review = await api.ok('strategist', 'GET', `${path}/kpi-review`);
  expect(review.frozen).toBe(true);
  const memberId = engine.workspace.memberOf('creator');
  expect(review.stated).toEqual([
    expect.objectContaining({
      ...stated,
      asOf: later,
      source: 'manual',
      createdBy: memberId,
      createdAt: expect.any(String),
      counts: true,
    }),
  ]);
  const measured = review.measured.filter(
    ({ measure, checkpoint }: Json) => measure === 'impressions' && checkpoint === '+7d',
  );
  expect(measured).toMatchObject([{ value, source: 'sandbox', counts: false }]);
  expect(measured[0].createdBy).toBeUndefined();
  const rows = review.verdicts.filter(({ flags }: Json) => flags.includes('stated'));
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) {
    expect(row.readings).toContain(review.stated[0].id);
    if (row.value !== null) expect(row.reason).toContain('A person stated impressions');
  }

  // What comes later changes nothing of it.
  await api.ok('creator', 'POST', `${path}/readings`, {
    ...stated,
    value: 1,
    asOf: new Date(Date.parse(later) + 1_000).toISOString(),
  });
  expect(await api.ok('strategist', 'GET', `${path}/kpi-review`)).toEqual(review);

  const key = engine.workspace.members.find(({ role }) => role === 'strategist')?.key ?? '';
  const environment = { BATON_URL: api.url, BATON_KEY: key };
  const { code, out } = await runCommand(['kpi-review', itemId], { environment });
  expect(code).toBe(0);
  const [, byPeople = '', bySources = ''] = out.split(/Stated by people|Measured by sources/);
  expect(byPeople).toMatch(new RegExp(`impressions +${value * 3} +\\+7d .*\\(manual\\)`));
  expect(bySources).toMatch(new RegExp(`impressions +${value} +\\+7d .*sandbox +outranked`));
});

it('readings that come after it turn a verdict beside it: the strategist decides again, once', async () => {
  const { engine } = api;
  const { workspaceId } = engine.workspace;
  const judge = () =>
    inWorkspace({ workspaceId }, () =>
      judgeLateReadings(engine.programDeps.db, { workspaceId, onFailure: failed }),
    );
  // Of other items of the workspace.
  await judge();
  const itemId = await engine.start();
  await toKpiReview(engine, itemId);
  await signOff(engine, itemId);
  const path = `/v1/items/${itemId}`;
  const addenda = async (): Promise<Json[]> =>
    (await api.ok('creator', 'GET', `/v1/kpi-addenda?itemId=${itemId}`)).items;
  const review = await api.ok('strategist', 'GET', `${path}/kpi-review`);
  expect(review.frozen).toBe(true);
  expect(await judge()).toBe(0);

  const shares = review.measured.find(
    ({ measure, checkpoint }: Json) => measure === 'shares' && checkpoint === '+7d',
  );
  const state = async (value: number, afterMs: number) =>
    api.ok('creator', 'POST', `${path}/readings`, {
      measure: 'shares',
      checkpoint: '+7d',
      publicationId: shares.publicationId,
      value,
      asOf: new Date(Date.parse(shares.asOf) + afterMs).toISOString(),
    });
  // The target is 5: on the same side of it nothing is turned.
  const wasMet = shares.value >= 5;
  await state(wasMet ? shares.value + 1 : 1, 1_000);
  expect(await judge()).toBe(0);
  expect(await addenda()).toEqual([]);

  await state(wasMet ? 0 : 500, 2_000);
  // At once: one of them judges, the other finds nothing left.
  expect((await Promise.all([judge(), judge()])).sort()).toEqual([0, 1]);
  expect(await judge()).toBe(0);
  const [addendum, ...others] = await addenda();
  expect(others).toEqual([]);
  const [was, is] = wasMet ? ['met', 'missed'] : ['missed', 'met'];
  expect(addendum).toMatchObject({ number: 1, reviewNumber: 1, decision: null });
  expect(addendum.flips).toContainEqual(
    expect.objectContaining({ kpi: 'shares', scope: 'item', checkpoint: '+7d', was, is }),
  );
  expect(await api.ok('strategist', 'GET', `${path}/kpi-review`)).toEqual(review);

  const told = await engine.deps.db.$client.query(
    `select payload from outbox where type = 'kpi_review.verdict_flipped' and item_id = $1`,
    [itemId],
  );
  expect(told.rows).toMatchObject([{ payload: { data: { addendum: 1, hash: addendum.hash } } }]);

  const standing = review.decision.decision;
  const advised = addendum.recommendation.decision;
  const decision = { decision: standing, reason: 'the shares are others than we thought' };
  const decide = `${path}/kpi-addenda/1/decision`;
  const statusOf = async (...[role, method, place, body]: Parameters<typeof api.ok>) => {
    const headers = { 'idempotency-key': randomUUID() };
    return (await api.as(role, method, place, { headers, body })).status;
  };
  expect(await statusOf('creator', 'POST', decide, decision)).toBe(403);
  expect(await statusOf('strategist', 'POST', decide, { decision: standing })).toBe(400);
  expect(await statusOf('strategist', 'POST', `${path}/kpi-addenda/2/decision`, decision)).toBe(
    404,
  );
  // Nobody else signs here: neither advised nor signed is refused.
  for (const third of ['scale', 'iterate', 'retire', 'recycle']) {
    if (third === standing || third === advised) continue;
    expect(await statusOf('strategist', 'POST', decide, { ...decision, decision: third })).toBe(
      409,
    );
  }
  const decided = await api.ok('strategist', 'POST', decide, decision);
  expect(decided).toMatchObject({
    ...decision,
    decidedBy: engine.workspace.memberOf('strategist'),
  });
  expect(await statusOf('strategist', 'POST', decide, decision)).toBe(409);
  // Open ones only, unless all are asked for.
  expect(await addenda()).toEqual([]);
  const all = await api.ok('creator', 'GET', `/v1/kpi-addenda?itemId=${itemId}&state=all`);
  expect(all.items).toEqual([decided]);
});
