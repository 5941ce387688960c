import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendReadings, type NewReading } from '../../src/db/item/readings.ts';
import type { MeasureId } from '../../src/domain/kpi/measures.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeItem, makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
let accounts: string[];
let campaignId: string;
let items: string[];

const ok = async (role: string, path: string): Promise<Json> => {
  const { status, json, text } = await api.as(role, 'GET', path);
  if (status !== 200) throw new Error(`${path}: ${text}`);
  return json;
};

const post = (itemId: string, index: number) => `pub_${itemId}_${index}`;

/** An item with a post on each of the accounts. */
async function publish(change: object, publishedAt: string): Promise<string> {
  const { db } = api.database;
  const { id } = await makeItem(db, api.workspace, change);
  for (const [index, account] of accounts.entries()) {
    await db.$client.query(
      `insert into publications (id, workspace_id, item_id, channel_account_id, channel, slot_number,
         state, at, published_at, local, zone, changed_seq)
       values ($1, $2, $3, $4, 'sandbox', 1, 'published', $5, $5, '', 'UTC', 1)`,
      [post(id, index), api.workspace.workspaceId, id, account, publishedAt],
    );
  }
  return id;
}

const read = (
  itemId: string,
  values: Partial<Record<MeasureId, number>>,
  change: Partial<NewReading>,
) =>
  appendReadings(api.database.db, {
    workspaceId: api.workspace.workspaceId,
    itemId,
    additions: Object.entries(values).map(([measure, value]) => ({
      // Keys of a record over measures.
      measure: measure as MeasureId,
      value,
      asOf: '2026-12-08T08:00:00.000Z',
      source: 'sandbox',
      provisional: false,
      checkpoint: '+7d',
      ...change,
    })),
  });

beforeAll(async () => {
  api = await openIdleApi();
  const made = [1, 2].map((number) =>
    api.as('strategist', 'POST', '/v1/channel-accounts', {
      body: { channel: 'sandbox', name: `account ${number}`, zone: 'Europe/Paris' },
    }),
  );
  accounts = (await Promise.all(made)).map(({ json }) => json.id).sort();
  const { json } = await api.as('strategist', 'POST', '/v1/campaigns', {
    body: {
      name: 'Bread saved',
      goal: 'engage',
      kpiTargets: [{ kpi: 'click_through_rate', target: 0.02, checkpoint: '+7d', primary: true }],
    },
  });
  campaignId = json.id;
  items = [
    await publish({ campaignId }, '2026-12-01T08:00:00.000Z'),
    await publish({ campaignId }, '2026-12-03T08:00:00.000Z'),
  ];
  const [one = '', two = ''] = items;
  await read(
    one,
    { impressions: 10_000, link_clicks: 300, reach: 8_000 },
    { publicationId: post(one, 0) },
  );
  await read(
    one,
    { impressions: 2_000, link_clicks: 20, reach: 1_500 },
    { publicationId: post(one, 1) },
  );
  await read(
    two,
    { impressions: 4_000, link_clicks: 160, reach: 3_000 },
    { publicationId: post(two, 0) },
  );
});
afterAll(() => api?.close());

const rowOf = (part: Json, kpi: string): Json =>
  part.checkpoints[0].kpis.find((row: Json) => row.kpi === kpi);

describe('the KPIs of a campaign', () => {
  it('adds both sides of a rate over the same parts, names what is missing, judges the target', async () => {
    const { items: parts, nextCursor } = await ok('creator', `/v1/campaigns/${campaignId}/kpis`);
    expect([parts.length, nextCursor, parts[0].scope]).toEqual([1, null, 'campaign']);
    expect(rowOf(parts[0], 'click_through_rate')).toMatchObject({
      checkpoint: '+7d',
      numerator: 480,
      denominator: 16_000,
      value: 0.03,
      target: 0.02,
      verdict: 'met',
      coverage: { have: 3, of: 4, missing: [`publication:${post(items[1] ?? '', 1)}`] },
    });
    expect(parts[0].checkpoints[0].measures.impressions.value).toBe(16_000);
  });

  it('never adds people but under a gross name', async () => {
    const { items: parts } = await ok(
      'creator',
      `/v1/campaigns/${campaignId}/kpis?checkpoint=%2B7d`,
    );
    const { measures } = parts[0].checkpoints[0];
    expect(measures.reach).toBeUndefined();
    expect(measures.gross_reach.value).toBe(12_500);
    expect(rowOf(parts[0], 'campaign_reach')).toMatchObject({ value: null, gross_reach: 12_500 });
  });

  it('has its channels and its items as pages', async () => {
    const path = `/v1/campaigns/${campaignId}/kpis?kpi=click_through_rate`;
    const first = await ok('creator', `${path}&level=channel&limit=1`);
    expect(first.items.map((part: Json) => part.scope)).toEqual([`channel:${accounts[0]}`]);
    const second = await ok('creator', `${path}&level=channel&limit=1&cursor=${first.nextCursor}`);
    expect([second.items[0].scope, second.nextCursor]).toEqual([`channel:${accounts[1]}`, null]);
    expect(rowOf(first.items[0], 'click_through_rate').value).toBeCloseTo(460 / 14_000, 12);
    const byItem = await ok('creator', `${path}&level=item`);
    expect(byItem.items.map((part: Json) => part.scope)).toEqual(
      [...items].sort().map((id) => `item:${id}`),
    );
  });

  it('sees a later reading at once, and a missing measure is no 0', async () => {
    const [, two = ''] = items;
    await read(two, { impressions: 1_000, link_clicks: 0 }, { publicationId: post(two, 1) });
    const { items: parts } = await ok('creator', `/v1/campaigns/${campaignId}/kpis`);
    expect(rowOf(parts[0], 'click_through_rate')).toMatchObject({
      numerator: 480,
      denominator: 17_000,
      coverage: { have: 4, of: 4 },
    });
    expect(rowOf(parts[0], 'downloads')).toMatchObject({ value: null });
  });

  it('says undefined of a rate over 0, and contradiction of more than all', async () => {
    const itemId = await publish({}, '2026-12-05T08:00:00.000Z');
    const publicationId = post(itemId, 0);
    await read(
      itemId,
      { impressions: 0, link_clicks: 0, sessions: 10, engaged_sessions: 11 },
      { publicationId },
    );
    const path = `/v1/kpis?view=channel&itemId=${itemId}&channelAccountId=${accounts[0]}`;
    const { items: parts } = await ok('social_media_manager', path);
    expect(rowOf(parts[0], 'click_through_rate')).toMatchObject({ value: null });
    expect(rowOf(parts[0], 'click_through_rate').reason).toContain('undefined, not 0');
    const byItem = await ok('creator', `/v1/kpis?view=item&itemId=${itemId}`);
    expect(rowOf(byItem.items[0], 'bounce_rate').reason).toContain('contradict each other');
  });
});

describe('a target of a campaign', () => {
  const sessions = async (itemId: string, value: number, change: Partial<NewReading> = {}) => {
    await read(itemId, { sessions: value }, { ...change, publicationId: post(itemId, 0) });
    await read(itemId, { sessions: 0 }, { ...change, publicationId: post(itemId, 1) });
  };
  const traffic = (target: number) => [
    { kpi: 'content_traffic', target, checkpoint: '+7d', primary: true },
  ];

  /** A campaign with two closed items of 80 and 40 sessions, and a target that they reach together. */
  async function targeted() {
    const body = { name: 'Targeted', goal: 'attract', kpiTargets: traffic(100) };
    const { json } = await api.as('strategist', 'POST', '/v1/campaigns', { body });
    const change = { campaignId: json.id, stage: 'closed' as const };
    const first = await publish(change, '2026-12-01T08:00:00.000Z');
    const second = await publish(change, '2026-12-03T08:00:00.000Z');
    await sessions(first, 80);
    await sessions(second, 40);
    return { id: json.id as string, first, second };
  }

  it('is judged on all of it alone: what is filtered says where the target is', async () => {
    const { id, first } = await targeted();
    const view = `/v1/kpis?view=campaign&campaignId=${id}`;
    const rowAt = async (path: string) =>
      rowOf((await ok('strategist', path)).items[0], 'content_traffic');
    for (const whole of [view, `/v1/campaigns/${id}/kpis`]) {
      expect(await rowAt(whole)).toMatchObject({ value: 120, target: 100, verdict: 'met' });
    }
    for (const slice of [
      `${view}&itemId=${first}`,
      `${view}&channelAccountId=${accounts[0]}`,
      `${view}&to=2026-12-02T00:00:00Z`,
      `${view}&from=2026-12-02T00:00:00Z`,
      `/v1/campaigns/${id}/kpis?level=channel`,
      `/v1/campaigns/${id}/kpis?level=item`,
    ]) {
      const row = await rowAt(slice);
      expect(row, slice).toMatchObject({ target: null, attainment: null, verdict: 'no_target' });
      expect(row.reason, slice).toContain('The target of 100 is set for the whole campaign.');
    }
  });

  it('has the frozen verdict beside it where late readings turned it, and not where it changed itself', async () => {
    const { id, first } = await targeted();
    const path = `/v1/campaigns/${id}`;
    const opened = await api.as('strategist', 'POST', `${path}/kpi-review`, { body: {} });
    expect(opened.status).toBe(200);
    const aim = async (target: number) => {
      const body = { kpiTargets: traffic(target) };
      const { status, text } = await api.as('strategist', 'PATCH', path, { body });
      if (status !== 200) throw new Error(text);
    };
    const live = async () =>
      rowOf((await ok('strategist', `${path}/kpis`)).items[0], 'content_traffic');
    await aim(1_000);
    expect(await live()).toMatchObject({ target: 1_000, verdict: 'missed' });
    expect(await live()).not.toHaveProperty('reviewed');
    await aim(100);
    // Of an item that joined since, and of no review.
    const joined = await publish({ campaignId: id }, '2026-12-04T08:00:00.000Z');
    await sessions(joined, 5, { provisional: true });
    expect(await live()).toMatchObject({ value: 125, verdict: 'provisional' });
    expect(await live()).not.toHaveProperty('reviewed');
    await sessions(first, 10, { asOf: '2026-12-09T08:00:00.000Z' });
    expect(await live()).toMatchObject({ value: 55, verdict: 'provisional', reviewed: 'met' });
    await aim(1_000);
    expect(await live()).not.toHaveProperty('reviewed');
  });
});

describe('three views of one reading set', () => {
  it('show the same numbers with the KPIs of their roles', async () => {
    const query = `campaignId=${campaignId}&checkpoint=%2B7d`;
    const campaign = await ok('strategist', `/v1/kpis?view=campaign&${query}`);
    const channel = await ok('social_media_manager', `/v1/kpis?view=channel&${query}`);
    const item = await ok('creator', `/v1/kpis?view=item&${query}`);
    expect(campaign.items[0]).toMatchObject({ campaignId, name: 'Bread saved' });
    const impressionsOf = ({ items: parts }: Json) =>
      parts
        .map((part: Json) => part.checkpoints[0].measures.impressions.value)
        .reduce((sum: number, value: number) => sum + value, 0);
    expect(impressionsOf(campaign)).toBe(17_000);
    expect(impressionsOf(channel)).toBe(17_000);
    expect(impressionsOf(item)).toBe(17_000);
    const kpisOf = ({ items: parts }: Json) =>
      parts[0].checkpoints[0].kpis.map((row: Json) => row.kpi);
    expect(kpisOf(campaign)).toContain('content_traffic');
    expect(kpisOf(channel)).toContain('click_through_rate');
    expect(kpisOf(item)).toContain('audience_reactions');
    expect(kpisOf(item)).not.toContain('click_through_rate');
  });

  it('take a time and an account', async () => {
    const path = `/v1/kpis?view=item&campaignId=${campaignId}`;
    const early = await ok('creator', `${path}&to=2026-12-02T00:00:00Z`);
    expect(early.items.map((part: Json) => part.scope)).toEqual([`item:${items[0]}`]);
    const late = await ok('creator', `${path}&from=2026-12-02T00:00:00Z`);
    expect(late.items.map((part: Json) => part.scope)).toEqual([`item:${items[1]}`]);
    const one = await ok('creator', `${path}&channelAccountId=${accounts[1]}`);
    const sums = one.items.map((part: Json) => part.checkpoints[0].measures.impressions.value);
    expect(sums.sort((a: number, b: number) => a - b)).toEqual([1_000, 2_000]);
  });

  it.each([
    ['view=team', 'view'],
    ['view=item&checkpoint=baseline2', 'checkpoint'],
    ['view=item&from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z', 'to'],
    ['view=item&limit=201', 'limit'],
    ['view=item&cursor=zzz', 'cursor'],
    ['view=item&sort=best', 'sort'],
  ])('refuse %s by name', async (query, field) => {
    const { status, text } = await api.as('creator', 'GET', `/v1/kpis?${query}`);
    expect([status, text.includes(field)]).toEqual([400, true]);
  });

  it('are for the roles that have KPIs, and end at the wall of the workspace', async () => {
    expect((await api.as('editor', 'GET', '/v1/kpis?view=item')).status).toBe(403);
    const other = await makeWorkspace(api.database.db);
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    for (const path of [
      `/v1/campaigns/${campaignId}/kpis`,
      `/v1/kpis?view=campaign&campaignId=${campaignId}`,
      `/v1/kpis?view=item&itemId=${items[0]}`,
      `/v1/kpis?view=channel&channelAccountId=${accounts[0]}`,
    ]) {
      expect((await api.call(key, 'GET', path)).status).toBe(404);
    }
    const { json } = await api.call(key, 'GET', '/v1/kpis?view=item');
    expect(json).toEqual({ items: [], nextCursor: null });
    expect((await api.call(null, 'GET', '/v1/kpis?view=item')).status).toBe(401);
  });
});

describe('the report of a channel account and a week', () => {
  const path = () => `/v1/reports/channel-accounts/${accounts[0]}?week=2026-W49&checkpoint=%2B7d`;

  it('has the numbers with intervals, the posts, the best and the worst, and the week before', async () => {
    const before = await publish({ title: 'Before' }, '2026-11-25T08:00:00.000Z');
    await read(before, { impressions: 2_000, link_clicks: 20 }, { publicationId: post(before, 0) });
    const report = await ok('social_media_manager', path());
    expect(report).toMatchObject({
      week: '2026-W49',
      zone: 'Europe/Paris',
      rankedBy: 'engagement_rate',
    });
    const [one = '', two = ''] = items;
    expect([report.best, report.worst]).toEqual([post(two, 0), post(one, 0)]);
    expect(report.posts.map((listed: Json) => listed.itemId)).toEqual(
      expect.arrayContaining([one, two]),
    );
    const clicks = report.kpis.find(({ kpi }: Json) => kpi === 'click_through_rate');
    expect(clicks).toMatchObject({ numerator: 460, denominator: 14_000, before: { value: 0.01 } });
    expect(clicks.low).toBeLessThan(clicks.value);
    expect(clicks.high).toBeGreaterThan(clicks.value);
    expect(clicks.change).toBeCloseTo(460 / 14_000 - 0.01, 12);
  });

  it('is written as text that is no formula, no tag and no link', async () => {
    const title = '=HYPERLINK("http://x") <b>[a](http://b)';
    const hostile = await publish({ title }, '2026-12-04T08:00:00.000Z');
    await read(
      hostile,
      { impressions: 1_000, link_clicks: 1 },
      { publicationId: post(hostile, 0) },
    );
    const csv = await api.as('creator', 'GET', `${path()}&format=csv`);
    expect([csv.status, csv.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(csv.text).toContain(`"'=HYPERLINK(`);
    expect(csv.text).not.toMatch(/(^|,)"?=/m);
    const markdown = await api.as('creator', 'GET', `${path()}&format=md`);
    expect(markdown.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(markdown.text).not.toContain('<b>[a](');
    expect(markdown.text).toContain('3\\.073 %');
  });

  it('refuses what is no week or format, and who may not', async () => {
    const of = `/v1/reports/channel-accounts/${accounts[0]}`;
    for (const [query, field] of [
      ['week=2026-W54', 'week'],
      ['week=last', 'week'],
      ['', 'week'],
      ['week=2026-W49&format=pdf', 'format'],
    ]) {
      const { status, text } = await api.as('creator', 'GET', `${of}?${query}`);
      expect([status, text.includes(String(field))]).toEqual([400, true]);
    }
    expect((await api.as('editor', 'GET', `${of}?week=2026-W49`)).status).toBe(403);
    const other = await makeWorkspace(api.database.db);
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    expect((await api.call(key, 'GET', `${of}?week=2026-W49`)).status).toBe(404);
  });
});
