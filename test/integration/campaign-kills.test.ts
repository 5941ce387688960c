import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-fixture.ts';
import { startCampaignCalls } from '../support/campaign-calls.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';

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

const ITEMS = 12;
/** A look that died is begun again after a minute. */
const WITHIN_MS = 240_000;

async function makeCampaign(): Promise<{ campaignId: string; ids: string[]; apart: string }> {
  const campaign = { name: 'Spring', goal: 'engage' };
  const { id: campaignId } = await api.ok('strategist', 'POST', '/v1/campaigns', campaign);
  const ids = await Promise.all(
    Array.from({ length: ITEMS }, () => api.engine.start({ campaignId })),
  );
  const apart = await api.engine.start({ campaignId });
  await api.engine.apply('strategist', apart, 'hold', { reason: 'of its own' });
  return { campaignId, ids, apart };
}

async function stagesOf(campaignId: string): Promise<Map<string, string>> {
  const { rows } = await api.engine.deps.db.$client.query<{ id: string; stage: string }>(
    'select id, stage from items where campaign_id = $1',
    [campaignId],
  );
  return new Map(rows.map(({ id, stage }) => [id, stage]));
}

/**
 * Asks it of a campaign whose only worker is killed once some of its items are at the stage, and not all.
 * @returns what the preview said of each item.
 */
async function askUnderKill(
  act: 'pause' | 'cancel',
  campaignId: string,
  isDone: (stage: string) => boolean,
): Promise<Map<string, string>> {
  const path = `/v1/campaigns/${campaignId}/${act}`;
  const asked = { reason: 'the product is late' };
  const { preview } = await api.ok('strategist', 'POST', path, { ...asked, dryRun: true });
  const before = [...(await stagesOf(campaignId)).values()].filter(isDone).length;
  await api.engine.stopWorker();
  const worker = await api.engine.spawnWorker();
  try {
    await api.ok('strategist', 'POST', path, asked);
    await eventually(
      async () => [...(await stagesOf(campaignId)).values()].filter(isDone).length > before,
      { what: `the first item that ${act} reaches` },
    );
  } finally {
    await worker.kill();
  }
  const reached = [...(await stagesOf(campaignId)).values()].filter(isDone).length;
  expect(reached).toBeLessThan(ITEMS);
  await api.engine.startWorker();
  return new Map(preview.items.map(({ itemId, would }: Json) => [itemId, would]));
}

const typesOf = async (itemId: string): Promise<string[]> =>
  (await api.engine.chain(itemId)).map(({ type }) => type);
const times = (types: readonly string[], type: string): number =>
  types.filter((one) => one === type).length;

async function settledAct(campaignId: string): Promise<Json> {
  return eventually(
    async () => {
      const progress = await api.ok('creator', 'GET', `/v1/campaigns/${campaignId}/progress`);
      const [act] = progress.acts;
      return act.settledAt === null ? null : act;
    },
    { what: 'a settled act', withinMs: WITHIN_MS },
  );
}

describe('kill -9 of the worker in the middle', () => {
  it('of a pause: each item is held once, as the preview said', async () => {
    const { campaignId, ids, apart } = await makeCampaign();
    const previewed = await askUnderKill('pause', campaignId, (stage) => stage === 'on_hold');
    const act = await settledAct(campaignId);
    expect(act).toMatchObject({ kind: 'pause', done: ITEMS, refusedCount: 0 });
    const stages = await stagesOf(campaignId);
    expect(previewed.size).toBe(ITEMS + 1);
    for (const itemId of ids) {
      expect([previewed.get(itemId), stages.get(itemId)]).toEqual(['held', 'on_hold']);
      expect(times(await typesOf(itemId), 'item.held')).toBe(1);
    }
    expect([previewed.get(apart), times(await typesOf(apart), 'item.held')]).toEqual([
      'unchanged',
      1,
    ]);
  }, 400_000);

  it('of a cancel: each item is cancelled once, as the preview said', async () => {
    const { campaignId, ids, apart } = await makeCampaign();
    const previewed = await askUnderKill('cancel', campaignId, (stage) => stage === 'cancelled');
    await settledAct(campaignId);
    for (const itemId of [...ids, apart]) {
      await eventually(async () => (await stagesOf(campaignId)).get(itemId) === 'cancelled', {
        what: `${itemId}: cancelled`,
        withinMs: WITHIN_MS,
      });
      const types = await typesOf(itemId);
      expect([
        previewed.get(itemId),
        times(types, 'campaign.cancelled'),
        times(types, 'item.cancelled'),
      ]).toEqual(['cancelled', 1, 1]);
    }
  }, 400_000);
});
