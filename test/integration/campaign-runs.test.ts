import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCampaignCalls } from '../support/campaign-calls.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { approve, plan, toReview } from '../support/item-story.ts';

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
      ...change,
    })
  ).id;

const read = (path: string) => api.ok('strategist', 'GET', path);

describe('a closed gate', () => {
  it('keeps an approved item from its plan, says so, and lets it go when a person opens it', async () => {
    const campaignId = await makeCampaign({ release: 'by_person' });
    const itemId = await api.engine.start({ campaignId });
    await approve(api.engine, itemId, await toReview(api.engine, itemId));
    await expect(plan(api.engine, itemId)).rejects.toThrow('campaign_released');

    const strategist = api.engine.workspace.memberOf('strategist');
    const waiting = { role: 'strategist', memberId: strategist, for: 'release_campaign' };
    expect((await read(`/v1/items/${itemId}`)).waitingOn).toEqual([waiting]);
    const inbox = await read('/v1/inbox');
    expect(inbox.items.map(({ id }: { id: string }) => id)).toContain(itemId);
    expect(await read(`/v1/campaigns/${campaignId}/progress`)).toMatchObject({
      items: 1,
      stages: [{ stage: 'scheduling', items: 1, blocked: 0 }],
      gate: { release: 'by_person', releasedAt: null, approved: 1, waiting: 0 },
      oldest: [{ id: itemId, stage: 'scheduling', waitingOn: [waiting] }],
    });

    const { campaign } = await api.ok(
      'strategist',
      'POST',
      `/v1/campaigns/${campaignId}/release`,
      {},
    );
    expect(campaign.state).toBe('running');
    await api.engine.until(itemId, 'released', (context) => context.campaign?.released === true);
    await plan(api.engine, itemId);
    const types = (await api.engine.chain(itemId)).map(({ type }) => type);
    expect(types.filter((type) => type === 'campaign.released')).toHaveLength(1);
    const again = await api.ok('strategist', 'POST', `/v1/campaigns/${campaignId}/release`, {});
    expect(again.campaign).toEqual(campaign);
    await eventually(
      async () => (await read(`/v1/campaigns/${campaignId}/progress`)).acts[0].settledAt,
      { what: 'a settled release' },
    );
  });

  it('of approval opens by itself once every item is approved, and not before', async () => {
    const campaignId = await makeCampaign({ release: 'all_approved' });
    const [first, second] = await Promise.all([
      api.engine.start({ campaignId }),
      api.engine.start({ campaignId }),
    ]);
    await approve(api.engine, first, await toReview(api.engine, first));
    const contentHash = await toReview(api.engine, second);
    expect((await read(`/v1/campaigns/${campaignId}`)).state).toBe('waiting');
    await approve(api.engine, second, contentHash);
    for (const itemId of [first, second]) {
      await api.engine.until(itemId, 'released', (context) => context.campaign?.released === true);
    }
    expect((await read(`/v1/campaigns/${campaignId}`)).state).toBe('running');
    expect((await read(`/v1/campaigns/${campaignId}/progress`)).acts).toMatchObject([
      { kind: 'release', actor: 'system' },
    ]);
  });
});
