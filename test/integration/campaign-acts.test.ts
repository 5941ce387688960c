import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdCampaign, insertAct, lockCampaign } from '../../src/db/campaign/acts.ts';
import { insertCampaignReview } from '../../src/db/campaign/reviews.ts';
import type { Json } from '../support/api-fixture.ts';
import { type CampaignApi, openCampaignApi } from '../support/campaign-api.ts';
import { makeItem } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { inLongTransaction } from '../support/long-transaction.ts';

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi({ isCalled: false });
});
afterAll(() => api?.close());

const exec = (text: string, ...values: unknown[]) => api.engine.deps.db.$client.query(text, values);
describe('a resumption', () => {
  it('waits for no item that the pause has not reached', async () => {
    const campaignId = await api.makeCampaign();
    const { id: silent } = await makeItem(api.engine.deps.db, api.engine.workspace, {
      campaignId,
      seq: 1,
    });
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    const [{ id: actId }] = (await api.progress(campaignId)).acts;
    await api.storeHolds(actId, [silent], 'pending');
    await api.looksUntil(campaignId, 'held', async () => (await api.stageOf(itemId)) === 'on_hold');
    await api.act('resume', campaignId);
    await api.looksUntil(
      campaignId,
      'resumed',
      async () => (await api.stageOf(itemId)) === 'briefing',
    );
  });

  it('of a campaign that was closed while it was paused gives back what the pause took', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    await api.looksUntil(campaignId, 'held', async () => (await api.stageOf(itemId)) === 'on_hold');
    await exec(`update campaigns set closed_at = now() where id = $1`, campaignId);
    const resumed = await api.act('resume', campaignId);
    expect(resumed.campaign).toMatchObject({ state: 'closed', pausedAt: null });
    await api.looksUntil(
      campaignId,
      'resumed',
      async () => (await api.stageOf(itemId)) === 'briefing',
    );
    const again = await api.act('resume', campaignId);
    expect(again.campaign).toEqual(resumed.campaign);
    expect(await api.countEvents(itemId, 'item.resumed')).toBe(1);
  });

  it.each(['pause', 'resume', 'release', 'cancel'])(
    'of a campaign that is over: %s is refused, also as a preview',
    async (kind) => {
      const campaignId = await api.makeCampaign({ release: 'by_person' });
      if (kind === 'cancel')
        await exec(`update campaigns set closed_at = now() where id = $1`, campaignId);
      else await api.act('cancel', campaignId);
      for (const dryRun of [true, false]) {
        const path = `/v1/campaigns/${campaignId}/${kind}`;
        const { status } = await api.as('strategist', 'POST', path, {
          body: { reason: 'x', dryRun },
        });
        expect([kind, dryRun, status]).toEqual([kind, dryRun, 409]);
      }
    },
  );
});

describe('a campaign that was cancelled under review', () => {
  it('is signed by nobody any more', async () => {
    const campaignId = await api.makeCampaign();
    const key = api.keyOf(campaignId);
    const verdicts = { rows: [], roles: [], combined: { verdict: 'no_target' }, readings: [] };
    await insertCampaignReview(api.engine.deps.db, {
      ...key,
      hash: 'a'.repeat(64),
      body: { targets: [], verdicts: verdicts as never, itemIds: [] },
      dueAt: null,
      openedBy: 'system',
    });
    await api.act('cancel', campaignId);
    const path = `/v1/campaigns/${campaignId}/kpi-review/sign-offs`;
    const { status, json } = await api.as('strategist', 'POST', path, {
      body: { role: 'strategist', decision: 'scale' },
    });
    expect([status, json.code]).toEqual([409, 'conflict']);
    expect(await api.ok('strategist', 'GET', `/v1/campaigns/${campaignId}`)).toMatchObject({
      state: 'cancelled',
      closedAt: null,
    });
  });
});

describe('a paused campaign', () => {
  const change = (itemId: string, campaignId: string | null) =>
    api.ok('strategist', 'POST', `/v1/items/${itemId}/campaign`, { campaignId });

  it('no longer holds an item that leaves it, and holds it again when it comes back', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    await api.looksUntil(campaignId, 'held', async () => (await api.stageOf(itemId)) === 'on_hold');
    await change(itemId, null);
    await api.looksUntil(
      campaignId,
      'let go',
      async () => (await api.stageOf(itemId)) === 'briefing',
    );
    await change(itemId, campaignId);
    await api.looksUntil(
      campaignId,
      'held again',
      async () => (await api.stageOf(itemId)) === 'on_hold',
    );
    await api.act('resume', campaignId);
    await api.looksUntil(
      campaignId,
      'resumed',
      async () => (await api.stageOf(itemId)) === 'briefing',
    );
    expect(await api.countEvents(itemId, 'item.held')).toBe(2);
    expect(await api.countEvents(itemId, 'item.resumed')).toBe(2);
  });

  it('does not hold again what a person resumed', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    await api.looksUntil(campaignId, 'held', async () => (await api.stageOf(itemId)) === 'on_hold');
    await api.engine.apply('strategist', itemId, 'resume', { reason: 'this one goes on' });
    for (let looks = 0; looks < 3; looks += 1) await api.lookAt(campaignId);
    expect(await api.stageOf(itemId)).toBe('briefing');
  });
});

/** A query of the test's database waits for a lock. */
async function somebodyWaits(): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await exec(
        `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      return rows.length > 0;
    },
    { what: 'somebody who waits for a lock' },
  );
}

describe('two who act at once', () => {
  it('are taken in the order in which the campaign took them', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    const { workspaceId } = api.engine.workspace;
    // The second begins before the first has acted, and waits for the campaign.
    const second = await inLongTransaction(api.engine.deps.db, async (tx) => {
      await lockCampaign(tx, { workspaceId, campaignId });
      const pausing = api.act('pause', campaignId);
      await somebodyWaits();
      const act = {
        workspaceId,
        campaignId,
        reason: 'x',
        actor: api.engine.workspace.memberOf('strategist'),
      };
      const settledAt = new Date().toISOString();
      const { id: endsAct } = await insertAct(tx, { ...act, kind: 'pause', settledAt });
      await insertAct(tx, { ...act, kind: 'resume', endsAct, settledAt });
      return { pausing };
    });
    await second.pausing;
    const acts = (await api.progress(campaignId)).acts;
    expect(acts.map(({ kind }: Json) => kind)).toEqual(['pause', 'resume', 'pause']);
    await api.looksUntil(campaignId, 'held', async () => (await api.stageOf(itemId)) === 'on_hold');
  });

  it('one opens no gate past an item that joins meanwhile', async () => {
    const campaignId = await api.makeCampaign({ release: 'all_approved' });
    const { db } = api.engine.deps;
    const { workspace } = api.engine;
    await makeItem(db, workspace, { campaignId, stage: 'scheduling', seq: 1 });
    const { look } = await inLongTransaction(db, async (tx) => {
      await holdCampaign(tx, api.keyOf(campaignId));
      const looking = api.lookAt(campaignId);
      await somebodyWaits();
      await makeItem(tx, workspace, { campaignId, seq: 1 });
      return { look: looking };
    });
    await look;
    expect((await api.ok('strategist', 'GET', `/v1/campaigns/${campaignId}`)).state).toBe(
      'waiting',
    );
  });
});
