import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api-fixture.ts';
import { type CampaignApi, openCampaignApi } from '../support/campaign-api.ts';
import { eventually } from '../support/eventually.ts';
import { inLongTransaction } from '../support/long-transaction.ts';

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi();
});
afterAll(() => api?.close());

const ITEMS = 12;
/** A look that died is begun again after a minute. */
const WITHIN_MS = 240_000;

async function makeCampaign(): Promise<{ campaignId: string; ids: string[]; apart: string }> {
  const campaignId = await api.makeCampaign();
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
 * Asks it of a campaign whose only worker is killed once some of its items are at the stage, and not all:
 * the row of one is locked meanwhile, so nobody can say what became of it.
 * @returns what the preview said of each item.
 */
async function askUnderKill(
  act: 'pause' | 'cancel',
  { campaignId, ids }: { campaignId: string; ids: string[] },
  isDone: (stage: string) => boolean,
): Promise<Map<string, string>> {
  const path = `/v1/campaigns/${campaignId}/${act}`;
  const asked = { reason: 'the product is late' };
  const { preview } = await api.ok('strategist', 'POST', path, { ...asked, dryRun: true });
  const [locked = ''] = ids;
  const reached = async () =>
    [...(await stagesOf(campaignId))].filter(([id, stage]) => ids.includes(id) && isDone(stage));
  await api.engine.stopWorker();
  try {
    const worker = await api.engine.spawnWorker();
    await inLongTransaction(api.engine.deps.db, async (tx) => {
      await tx.execute(sql`select from items where id = ${locked} for no key update`);
      try {
        await api.ok('strategist', 'POST', path, asked);
        await eventually(async () => (await reached()).length > 0, {
          what: `the first item that ${act} reaches`,
        });
      } finally {
        await worker.kill();
      }
      expect((await reached()).map(([id]) => id)).not.toContain(locked);
    });
  } finally {
    await api.engine.startWorker();
  }
  return new Map(preview.items.map(({ itemId, would }: Json) => [itemId, would]));
}

describe('kill -9 of the worker in the middle', () => {
  it('of a pause: each item is held once, as the preview said', async () => {
    const campaign = await makeCampaign();
    const { campaignId, ids, apart } = campaign;
    const previewed = await askUnderKill('pause', campaign, (stage) => stage === 'on_hold');
    const act = await api.settled(campaignId, { withinMs: WITHIN_MS });
    expect(act).toMatchObject({ kind: 'pause', done: ITEMS, refusedCount: 0 });
    const stages = await stagesOf(campaignId);
    expect(previewed.size).toBe(ITEMS + 1);
    for (const itemId of ids) {
      expect([previewed.get(itemId), stages.get(itemId)]).toEqual(['held', 'on_hold']);
      expect(await api.countEvents(itemId, 'item.held')).toBe(1);
    }
    expect([previewed.get(apart), await api.countEvents(apart, 'item.held')]).toEqual([
      'unchanged',
      1,
    ]);
  }, 400_000);

  it('of a cancel: each item is cancelled once, as the preview said', async () => {
    const campaign = await makeCampaign();
    const { campaignId, ids, apart } = campaign;
    const previewed = await askUnderKill('cancel', campaign, (stage) => stage === 'cancelled');
    await api.settled(campaignId, { withinMs: WITHIN_MS });
    for (const itemId of [...ids, apart]) {
      await eventually(async () => (await stagesOf(campaignId)).get(itemId) === 'cancelled', {
        what: `${itemId}: cancelled`,
        withinMs: WITHIN_MS,
      });
      expect([
        previewed.get(itemId),
        await api.countEvents(itemId, 'campaign.cancelled'),
        await api.countEvents(itemId, 'item.cancelled'),
      ]).toEqual(['cancelled', 1, 1]);
    }
  }, 400_000);
});
