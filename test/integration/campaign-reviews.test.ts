import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callCampaign } from '../../src/campaigns/call-campaign.ts';
import type { OutboxRow } from '../../src/db/outbound/outbox.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { campaignCalls, startCampaignSweep } from '../../src/telling/campaign-calls.ts';
import type { Json } from '../support/api-fixture.ts';
import { type CampaignApi, openCampaignApi } from '../support/campaign-api.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { DAY_MS, signOff, toKpiReview, toScheduled } from '../support/item-story.ts';

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi();
});
afterAll(() => api?.close());

const makeCampaign = (change: object = {}): Promise<string> =>
  api.makeCampaign({
    kpiTargets: [{ kpi: 'click_through_rate', target: 0.001, checkpoint: '+7d', primary: true }],
    stakeholders: [{ memberId: api.engine.workspace.memberOf('editor') }],
    ...change,
  });

describe('the review of a campaign', () => {
  it('opens by itself once every item is closed, is frozen, and closes the campaign with three signatures', async () => {
    const campaignId = await makeCampaign();
    const path = `/v1/campaigns/${campaignId}`;
    const itemId = await api.engine.start({ campaignId });
    const dropped = await api.engine.start({ campaignId });
    await api.engine.apply('strategist', dropped, 'cancel', { reason: 'not this one' });
    await toKpiReview(api.engine, itemId);
    expect(await api.ok('creator', 'GET', `${path}/kpi-review`)).toMatchObject({
      frozen: false,
      hash: null,
      items: 2,
    });
    const early = await api.as('strategist', 'POST', `${path}/kpi-review/sign-offs`, {
      body: { role: 'strategist', decision: 'scale' },
    });
    expect([early.status, early.json.unmet[0].code]).toEqual([409, 'verdicts_seen']);
    await signOff(api.engine, itemId);
    const review = await eventually(
      async () => {
        const found = await api.ok('creator', 'GET', `${path}/kpi-review`);
        return found.frozen ? found : null;
      },
      { what: 'a frozen review' },
    );
    expect(review).toMatchObject({
      openedBy: 'system',
      items: 2,
      missing: ['strategist', 'creator', 'social_media_manager'],
      primary: { kpi: 'click_through_rate', checkpoint: '+7d' },
    });
    const rolled = await api.ok(
      'creator',
      'GET',
      `${path}/kpis?kpi=click_through_rate&checkpoint=${encodeURIComponent('+7d')}`,
    );
    const { value, numerator, denominator, verdict } = rolled.items[0].checkpoints[0].kpis[0];
    expect(value).not.toBeNull();
    expect(review.verdicts[0].scope).toBe('campaign');
    expect(
      review.verdicts.find(({ scope, primary }: Json) => scope === 'campaign' && primary),
    ).toMatchObject({ value, numerator, denominator, verdict });
    expect(new Set(review.verdicts.map(({ scope }: Json) => scope.split(':')[0]))).toEqual(
      new Set(['campaign', 'channel']),
    );
    // What is read later changes nothing.
    await api.ok('strategist', 'POST', `${path}/kpi-review`, {});
    expect(await api.ok('creator', 'GET', `${path}/kpi-review`)).toEqual(review);

    const sign = (role: 'strategist' | 'creator' | 'social_media_manager', body: object) =>
      api.as(role, 'POST', `${path}/kpi-review/sign-offs`, { body });
    const codes = async (answer: ReturnType<typeof sign>) =>
      (await answer).json.unmet.map(({ code }: { code: string }) => code);
    expect(await codes(sign('creator', { role: 'creator', decision: 'agree' }))).toEqual([
      'strategist_decides_first',
    ]);
    expect(await codes(sign('creator', { role: 'strategist', decision: 'scale' }))).toEqual([
      'holds_role',
    ]);
    const other = { role: 'strategist', decision: 'scale', reviewHash: 'a'.repeat(64) };
    expect(await codes(sign('strategist', other))).toEqual(['verdicts_seen']);
    const seen = { reviewHash: review.hash };
    const comment = 'whatever is recommended';
    await sign('strategist', { ...seen, role: 'strategist', decision: 'iterate', comment });
    expect(await codes(sign('strategist', { role: 'strategist', decision: 'scale' }))).toEqual([
      'not_decided_before',
    ]);
    expect(await codes(sign('creator', { role: 'creator', decision: 'scale' }))).toEqual([
      'reason_given',
    ]);
    await sign('creator', { role: 'creator', decision: 'dissent', comment: 'too soon' });
    expect((await api.ok('creator', 'GET', path)).state).toBe('running');
    const last = await sign('social_media_manager', {
      role: 'social_media_manager',
      decision: 'iterate',
      learnings: 'mornings work',
    });
    expect(last.json).toMatchObject({ missing: [], hash: review.hash });
    expect(last.json.signOffs).toMatchObject([
      { role: 'strategist', decision: 'iterate' },
      { role: 'creator', decision: 'dissent', comment: 'too soon' },
      { role: 'social_media_manager', decision: 'agree', learnings: 'mornings work' },
    ]);
    expect((await api.ok('creator', 'GET', path)).state).toBe('closed');
    const late = await api.as('strategist', 'POST', `${path}/pause`, { body: { reason: 'x' } });
    expect(late.status).toBe(409);
  });

  it('is opened by hand by the strategist, and not of a campaign without a post', async () => {
    const campaignId = await makeCampaign();
    const path = `/v1/campaigns/${campaignId}/kpi-review`;
    const empty = await api.as('strategist', 'POST', path, { body: {} });
    expect([empty.status, empty.json.code]).toEqual([409, 'conflict']);
    expect((await api.as('creator', 'POST', path, { body: {} })).status).toBe(403);
    const { members } = await makeWorkspace(api.engine.deps.db);
    const stranger = members.find(({ role }) => role === 'strategist')?.key ?? '';
    for (const [method, at] of [
      ['GET', path],
      ['POST', path],
      ['POST', `${path}/sign-offs`],
    ] as const) {
      const body = at.endsWith('offs') ? { role: 'strategist', decision: 'scale' } : {};
      const options = method === 'GET' ? {} : { body };
      expect((await api.call(stranger, method, at, options)).status).toBe(404);
    }
  });
});

describe('an item that changes its campaign', () => {
  const join = (itemId: string, body: object, role: 'strategist' | 'creator' = 'strategist') =>
    api.as(role, 'POST', `/v1/items/${itemId}/campaign`, { body });

  it('joins and leaves, is found by it, and waits for its gate', async () => {
    const campaignId = await makeCampaign({ release: 'by_person' });
    const itemId = await api.engine.start({ title: 'A joiner' });
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/campaign`, { campaignId });
    expect(await api.engine.context(itemId)).toMatchObject({
      campaign: { id: campaignId, released: false },
    });
    const listed = await api.ok('creator', 'GET', `/v1/items?campaignId=${campaignId}`);
    expect(listed.items.map(({ id }: { id: string }) => id)).toEqual([itemId]);
    await api.ok('strategist', 'POST', `/v1/campaigns/${campaignId}/release`, {});
    await api.engine.until(itemId, 'told', ({ campaign }) => campaign?.released === true);
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/campaign`, { campaignId: null });
    expect((await api.ok('creator', 'GET', `/v1/items/${itemId}`)).campaignId).toBeNull();
    const changes = (await api.engine.chain(itemId)).filter(
      ({ type }) => type === 'item.campaign_changed',
    );
    expect(changes.map(({ data: { from, to } }) => [from, to])).toEqual([
      [null, campaignId],
      [campaignId, null],
    ]);
  });

  it('is refused by a closed gate that it has passed, by a campaign that is over or another’s, and for others', async () => {
    const shut = await makeCampaign({ release: 'by_person' });
    const over = await makeCampaign();
    await api.ok('strategist', 'POST', `/v1/campaigns/${over}/cancel`, { reason: 'no' });
    const itemId = await api.engine.start();
    await toScheduled(api.engine, itemId, { slotInMs: 3 * DAY_MS });
    const passed = await join(itemId, { campaignId: shut });
    expect([passed.status, passed.json.unmet.map(({ code }: { code: string }) => code)]).toEqual([
      409,
      ['gate_not_passed'],
    ]);
    for (const campaignId of [over, 'cmp_unknown']) {
      const { status, json } = await join(itemId, { campaignId });
      expect([status, json.issues[0].path]).toEqual([400, 'campaignId']);
    }
    const creator = await join(itemId, { campaignId: null }, 'creator');
    expect([creator.status, creator.json.unmet[0].code]).toEqual([403, 'holds_role']);
    await api.engine.apply('strategist', itemId, 'cancel', { reason: 'enough' });
    const closed = await join(itemId, { campaignId: null });
    expect([closed.status, closed.json.unmet[0].code]).toEqual([409, 'item_closed']);
  });
});

describe('the run of a campaign', () => {
  it('campaign_unattended: its run is lost, is found, and begins anew from the tables', async () => {
    const campaignId = await makeCampaign();
    const { temporal, db, taskQueue } = api.engine.deps;
    const run = temporal.workflow.getHandle(`campaign:${campaignId}`);
    const status = async () => (await run.describe().catch(() => null))?.status.name ?? null;
    // A look that is under way would say when the next one is due.
    await api.atRest(campaignId);
    expect(await status()).toBe('RUNNING');
    await run.terminate('lost');
    await db.execute(
      `update campaign_runs set looked_at = now() - interval '7 minutes',
         called_at = now() - interval '8 minutes', next_look_at = now() - interval '6 minutes'
       where campaign_id = '${campaignId}'`,
    );
    const found = async () =>
      (await api.ok('strategist', 'GET', '/v1/audit/stuck?code=campaign_unattended')).items;
    expect(await found()).toMatchObject([{ evidence: { campaignId, name: 'Spring' } }]);
    const sweep = startCampaignSweep(
      {
        db: api.engine.programDeps.db,
        call: (campaign) => callCampaign({ temporal, taskQueue }, campaign),
        log: { warn: () => {} },
      },
      { sweepMs: 100 },
    );
    try {
      await eventually(async () => ((await found()).length === 0 ? true : null), {
        what: 'nothing found any more',
      });
    } finally {
      await sweep.stop();
    }
    expect(await status()).toBe('RUNNING');
  });

  it('looks at a bounded rate, however often its items change', async () => {
    const campaignId = await makeCampaign();
    const run = api.engine.deps.temporal.workflow.getHandle(`campaign:${campaignId}`);
    const key = { workspaceId: api.engine.workspace.workspaceId, campaignId };
    await callCampaign(api.engine.deps, key);
    const started = Date.now();
    const { historyLength: before } = await run.describe();
    const { db } = api.engine.programDeps;
    const itemIds = await Promise.all([1, 2, 3].map(() => api.engine.start({ campaignId })));
    const earlier = api.calls.length;
    // Three hundred pieces of news of its items, as the dispatcher hears of them.
    const consumer = campaignCalls(async (campaign) => {
      api.calls.push(campaign);
      await callCampaign(api.engine.deps, campaign);
    });
    for (let n = 0; n < 100; n += 1) {
      const events = itemIds.map((itemId) => newsOf(key.workspaceId, itemId, n));
      await inWorkspace(key, async () => {
        await inTransaction(db, (tx) => consumer.take(tx, events));
        await consumer.afterCommit?.(events);
      });
    }
    const seconds = (Date.now() - started) / 1_000;
    const looks = Math.ceil(seconds / 2) + 2;
    const called = api.calls.slice(earlier).filter((one) => one.campaignId === campaignId);
    expect(called.length).toBeLessThanOrEqual(looks);
    const { historyLength } = await run.describe();
    // A look is an activity and two timers: 20 events at most, and a signal.
    expect(historyLength - before).toBeLessThanOrEqual(looks * 24);
  });
});

function newsOf(workspaceId: string, itemId: string, n: number): OutboxRow {
  return {
    id: `evt_${itemId}_${n}`,
    workspaceId,
    stream: itemId,
    itemId,
    seq: n,
    ordinal: 0,
    position: n,
    type: 'item.stage_changed',
    payload: { data: { to: 'scheduling' } },
    createdAt: '2030-01-01T00:00:00.000Z',
    notBefore: '2030-01-01T00:00:00.000Z',
    failures: 0,
  };
}
