import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCampaignCalls } from '../support/campaign-calls.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { signOff, toKpiReview } from '../support/item-story.ts';

let api: EngineApi;
let calls: ReturnType<typeof startCampaignCalls>;
beforeAll(async () => {
  api = await openEngineApi();
  calls = startCampaignCalls(api.engine);
});
afterAll(async () => {
  await calls?.stop();
  await api?.close();
});

const makeCampaign = async (change: object = {}): Promise<string> =>
  (
    await api.ok('strategist', 'POST', '/v1/campaigns', {
      name: 'Spring',
      goal: 'engage',
      kpiTargets: [{ kpi: 'click_through_rate', target: 0.001, checkpoint: '+7d', primary: true }],
      stakeholders: [{ memberId: api.engine.workspace.memberOf('editor') }],
      ...change,
    })
  ).id;

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
    await sign('strategist', { ...seen, role: 'strategist', decision: 'iterate' });
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
