import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Json } from '../support/api-fixture.ts';
import { runCommand } from '../support/baton-command.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { DAY_MS, frozenReview, toMeasuring } from '../support/item-story.ts';

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
