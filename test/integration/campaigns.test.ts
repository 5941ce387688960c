import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countRows } from '../support/api-fixture.ts';
import { makeBrief } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { DAY_MS, toScheduled } from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

const CAMPAIGN = {
  name: 'Bread saved, spring',
  goal: 'engage',
  startsAt: '2030-03-01T00:00:00.000Z',
  endsAt: '2030-06-01T00:00:00.000Z',
  kpiTargets: [{ kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d', primary: true }],
};

const makeCampaign = async (): Promise<string> =>
  (await api.ok('strategist', 'POST', '/v1/campaigns', CAMPAIGN)).id;

describe('a campaign', () => {
  it('is made by the strategist, and read by everybody of the workspace', async () => {
    const { status, headers, json } = await api.as('strategist', 'POST', '/v1/campaigns', {
      body: CAMPAIGN,
    });
    expect([status, headers.get('location')]).toEqual([201, `/v1/campaigns/${json.id}`]);
    expect(json).toMatchObject({
      ...CAMPAIGN,
      id: expect.stringMatching(/^cmp_/),
      createdBy: api.engine.workspace.memberOf('strategist'),
    });
    expect(await api.ok('creator', 'GET', `/v1/campaigns/${json.id}`)).toEqual(json);
  });

  it('is made once per key, and another body with the key is a conflict', async () => {
    const { db } = api.engine.deps;
    const headers = { 'idempotency-key': randomUUID() };
    const send = (change = {}) =>
      api.as('strategist', 'POST', '/v1/campaigns', {
        body: { ...CAMPAIGN, ...change },
        headers,
      });
    const before = await countRows(db, 'campaigns');
    const answers = await Promise.all([send(), send(), send()]);
    const { id } = (await send()).json;
    for (const { status, json } of answers) {
      // One that comes while the first is at work may be told to repeat it.
      expect(status === 201 ? json.id : json.code).toBe(status === 201 ? id : 'conflict');
    }
    expect(await api.ok('strategist', 'GET', `/v1/campaigns/${id}`)).toMatchObject(CAMPAIGN);
    expect(await send({ goal: 'delight' })).toMatchObject({
      status: 409,
      json: { code: 'idempotency_conflict' },
    });
    expect(await countRows(db, 'campaigns')).toBe(before + 1);
  });

  it.each(['creator', 'social_media_manager', 'editor'] as const)(
    'is not for a %s',
    async (role) => {
      const before = await countRows(api.engine.deps.db, 'campaigns');
      const { status, json } = await api.as(role, 'POST', '/v1/campaigns', { body: CAMPAIGN });
      expect([status, json.unmet[0].code]).toEqual([403, 'holds_role']);
      expect(await countRows(api.engine.deps.db, 'campaigns')).toBe(before);
    },
  );

  it.each([
    ['no name', { name: ' ' }, 'name'],
    ['a goal that is none', { goal: 'sell' }, 'goal'],
    ['a flight that ends before it begins', { endsAt: '2030-02-01T00:00:00Z' }, 'endsAt'],
    ['a date that is none', { startsAt: 'in spring' }, 'startsAt'],
    [
      'two targets for one KPI at one age',
      { kpiTargets: [1, 2].map(() => ({ kpi: 'shares', target: 5, checkpoint: '+7d' })) },
      'kpiTargets.1',
    ],
  ])('with %s is 400', async (_, change, path) => {
    const body = { ...CAMPAIGN, ...change };
    const { status, json } = await api.as('strategist', 'POST', '/v1/campaigns', { body });
    expect([status, json.issues?.[0]?.path]).toEqual([400, path]);
  });

  it('of another workspace is unknown, to read and to join', async () => {
    const id = await makeCampaign();
    const { members } = await makeWorkspace(api.engine.deps.db);
    const stranger = members.find(({ role }) => role === 'strategist')?.key ?? '';
    expect((await api.call(stranger, 'GET', `/v1/campaigns/${id}`)).status).toBe(404);
    expect((await api.call(stranger, 'GET', '/v1/campaigns')).json.items).toEqual([]);
    const joined = await api.call(stranger, 'POST', '/v1/items', {
      body: { title: 'An item', campaignId: id },
    });
    expect([joined.status, joined.json.issues?.[0]?.path]).toEqual([400, 'campaignId']);
  });
});

describe('the items of a campaign', () => {
  it('name it from their first event on, are planned, and are found by it in list, calendar and feed', async () => {
    const campaignId = await makeCampaign();
    const body = { title: 'One of the campaign', campaignId, brief: makeBrief() };
    const { item } = await api.ok('strategist', 'POST', '/v1/items', body);
    expect(item.campaignId).toBe(campaignId);
    const [started] = await api.engine.chain(item.id);
    expect(started).toMatchObject({ type: 'item.started', data: { campaignId } });
    const alone = await api.engine.start({ title: 'One of its own' });
    await Promise.all(
      [item.id, alone].map((id) => toScheduled(api.engine, id, { slotInMs: 3 * DAY_MS })),
    );

    const list = await api.ok('creator', 'GET', `/v1/items?campaignId=${campaignId}`);
    expect(list.items.map(({ id }: { id: string }) => id)).toEqual([item.id]);
    const calendar = await api.ok('creator', 'GET', `/v1/calendar?campaignId=${campaignId}`);
    expect(calendar.items).toMatchObject([{ itemId: item.id, campaignId }]);
    const { url } = await api.ok('creator', 'POST', '/v1/calendar/feeds', { campaignId });
    const feed = await (await fetch(url)).text();
    expect(feed).toContain('One of the campaign');
    expect(feed).not.toContain('One of its own');
  });
});
