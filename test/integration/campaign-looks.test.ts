import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  beginCampaignLook,
  callCampaignsOf,
  endCampaignLook,
  listUnattendedCampaigns,
  wantLook,
} from '../../src/db/campaign/runs.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { startCampaignSweep } from '../../src/telling/campaign-calls.ts';
import type { Json } from '../support/api-fixture.ts';
import { type CampaignApi, openCampaignApi } from '../support/campaign-api.ts';
import { makeItem } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

/** `EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED`. */
const SIGNALED = 26;

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi({ isCalled: false });
});
afterAll(() => api?.close());

const exec = (text: string, ...values: unknown[]) => api.engine.deps.db.$client.query(text, values);

/** An open item whose run is lost. */
async function loseRun(itemId: string): Promise<void> {
  await api.engine.deps.temporal.workflow.getHandle(`item:${itemId}`).terminate('lost');
}

describe('the order of looks', () => {
  it('is that of what is due: campaigns that nobody can call keep no other from its turn', async () => {
    const { db } = api.engine.deps;
    const { workspaceId } = api.engine.workspace;
    const createdBy = api.engine.workspace.memberOf('strategist');
    const ids: string[] = [];
    while (ids.length < 240) {
      const made = await insertCampaign(db, { workspaceId, name: 'c', goal: 'engage', createdBy });
      ids.push(made.id);
    }
    await exec(
      `insert into campaign_runs (campaign_id, workspace_id, next_look_at)
       select id, $1, now() - interval '1 day' from jsonb_array_elements_text($2::jsonb) id`,
      workspaceId,
      JSON.stringify(ids),
    );
    const late = await api.makeCampaign();
    await exec(
      `update campaign_runs set next_look_at = now() - interval '1 minute' where campaign_id = $1`,
      late,
    );
    const called = new Map<string, number>();
    const sweep = startCampaignSweep(
      {
        db: api.engine.programDeps.db,
        call: async ({ campaignId }) => {
          called.set(campaignId, (called.get(campaignId) ?? 0) + 1);
          throw new Error('nobody answers');
        },
        log: { warn: () => {} },
      },
      { sweepMs: 20 },
    );
    try {
      await eventually(() => called.has(late) && ids.every((id) => called.has(id)), {
        what: 'a call of each',
      });
    } finally {
      await sweep.stop();
      await exec(`delete from campaign_runs where campaign_id = any($1)`, ids);
    }
  });
});

describe('a call that is lost', () => {
  const isDue = async (campaignId: string) => {
    const pace = { graceMs: 0, lookMs: 60_000, pauseMs: { least: 0, most: 0 } };
    const due = await listUnattendedCampaigns(api.engine.programDeps.db, { ...pace, limit: 500 });
    return due.some((one) => one.campaignId === campaignId);
  };

  it('during a look is made up for: what was asked meanwhile is due at once', async () => {
    const campaignId = await api.makeCampaign();
    const key = api.keyOf(campaignId);
    const { db } = api.engine.programDeps;
    await inWorkspace(key, async () => {
      await beginCampaignLook(db, key);
      await wantLook(db, key);
      const ended = await endCampaignLook(db, { ...key, waitMs: 900_000, isSaid: false });
      expect(ended).toEqual({ isOver: false, isCalled: true });
    });
    await eventually(() => isDue(campaignId), { what: 'a due look' });
  });

  it('leaves a finding where every look begins and none ends', async () => {
    const campaignId = await api.makeCampaign();
    const key = api.keyOf(campaignId);
    await exec(
      `update campaign_runs set next_look_at = now() - interval '6 minutes' where campaign_id = $1`,
      campaignId,
    );
    const { db } = api.engine.programDeps;
    await inWorkspace(key, () => beginCampaignLook(db, key));
    const found = async () =>
      (await api.ok('strategist', 'GET', '/v1/audit/stuck?code=campaign_unattended')).items.some(
        ({ evidence }: Json) => evidence.campaignId === campaignId,
      );
    expect(await found()).toBe(true);
    await api.lookAt(campaignId);
    expect(await found()).toBe(false);
  });

  it('of an item’s news is made up for', async () => {
    const campaignId = await api.makeCampaign();
    const key = api.keyOf(campaignId);
    const itemId = await api.engine.start({ campaignId });
    await api.lookAt(campaignId);
    expect(await isDue(campaignId)).toBe(false);
    const { db } = api.engine.programDeps;
    const called = await inWorkspace(key, () => callCampaignsOf(db, { ...key, itemIds: [itemId] }));
    expect(called).toEqual([key]);
    await eventually(() => isDue(campaignId), { what: 'a due look' });
  });
});

describe('an item that does not answer', () => {
  it('keeps no act from the others', async () => {
    const campaignId = await api.makeCampaign({ release: 'by_person' });
    const lost = await api.engine.start({ campaignId });
    const other = await api.engine.start({ campaignId });
    await loseRun(lost);
    await api.act('release', campaignId);
    await api.act('pause', campaignId);
    await api.looksUntil(
      campaignId,
      'the other one held',
      async () => (await api.stageOf(other)) === 'on_hold',
    );
  });

  it('is no reason to look at a cancelled campaign for ever', async () => {
    const campaignId = await api.makeCampaign();
    const lost = await api.engine.start({ campaignId });
    const other = await api.engine.start({ campaignId });
    await loseRun(lost);
    await api.act('cancel', campaignId);
    await api.looksUntil(
      campaignId,
      'the other one cancelled',
      async () => (await api.stageOf(other)) === 'cancelled',
    );
    // As if half a minute had passed since it was told.
    await exec('update campaign_runs set busy_since = null where campaign_id = $1', campaignId);
    await eventually(async () => (await api.lookAt(campaignId)).isOver, {
      what: 'the end of its looks',
    });
  });

  it('is not told again while it may be at it, however often the campaign is looked at', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    const run = api.engine.deps.temporal.workflow.getHandle(`item:${itemId}`);
    const signals = async () =>
      ((await run.fetchHistory()).events ?? []).filter((event) => event.eventType === SIGNALED);
    await api.engine.stopWorker();
    try {
      await api.act('cancel', campaignId);
      await api.looksUntil(campaignId, 'told', async () => (await signals()).length > 0);
      const told = await signals();
      // No machine is so slow that half a minute passes until the next look.
      await exec(
        `update campaign_runs set busy_since = now() + interval '1 hour' where campaign_id = $1`,
        campaignId,
      );
      expect((await api.lookAt(campaignId)).isOver).toBe(false);
      expect(await signals()).toEqual(told);
    } finally {
      await api.engine.startWorker();
    }
    await eventually(async () => (await api.stageOf(itemId)) === 'cancelled', {
      what: 'cancelled',
    });
    expect((await api.lookAt(campaignId)).isOver).toBe(true);
  });

  it('is asked anew, and by numbers keeps none from being asked', async () => {
    const campaignId = await api.makeCampaign();
    const { db } = api.engine.deps;
    const silent: string[] = [];
    while (silent.length < 60) {
      silent.push((await makeItem(db, api.engine.workspace, { campaignId, seq: 1 })).id);
    }
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    const [{ id: actId }] = (await api.progress(campaignId)).acts;
    // Their runs were asked and have not answered; one refused while its post was sent.
    await api.storeHolds(actId, silent, 'pending');
    await api.storeHolds(actId, [itemId], 'refused');
    await api.looksUntil(
      campaignId,
      'the last one held',
      async () => (await api.stageOf(itemId)) === 'on_hold',
    );
    expect(await api.countEvents(itemId, 'item.held')).toBe(1);
  });
});

describe('a campaign of which nothing was heard for long', () => {
  const LONG_AGO = `now() - interval '40 days'`;

  it('is looked at no more once its flight is over, until something happens', async () => {
    const campaignId = await api.makeCampaign({ endsAt: '2020-01-01T00:00:00Z' });
    const key = api.keyOf(campaignId);
    const itemId = await api.engine.start({ campaignId });
    expect((await api.lookAt(campaignId)).isOver).toBe(false);
    await exec(
      `update campaign_runs set called_at = ${LONG_AGO}, looked_at = ${LONG_AGO} where campaign_id = $1`,
      campaignId,
    );
    expect((await api.lookAt(campaignId)).isOver).toBe(true);
    const { db } = api.engine.programDeps;
    expect(
      await inWorkspace(key, () => callCampaignsOf(db, { ...key, itemIds: [itemId] })),
    ).toEqual([key]);
    expect((await api.lookAt(campaignId)).isOver).toBe(false);
  });

  it('is looked at when its flight ends', async () => {
    const endsAt = new Date(Date.now() + 120_000).toISOString();
    const campaignId = await api.makeCampaign({ endsAt });
    await api.engine.start({ campaignId });
    const { waitMs } = await api.lookAt(campaignId);
    expect(waitMs).toBeLessThanOrEqual(120_000);
  });
});
