import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdCampaign, insertAct, lockCampaign } from '../../src/db/campaign/acts.ts';
import { insertCampaignReview } from '../../src/db/campaign/reviews.ts';
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
import { inLongTransaction } from '../support/long-transaction.ts';

/** `EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED`. */
const SIGNALED = 26;

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi({ isCalled: false });
});
afterAll(() => api?.close());

const exec = (text: string, ...values: unknown[]) => api.engine.deps.db.$client.query(text, values);

const stageOf = async (itemId: string) => (await api.engine.item(itemId)).stage;
const typesOf = async (itemId: string): Promise<string[]> =>
  (await api.engine.chain(itemId)).map(({ type }) => type);
const times = (types: readonly string[], type: string): number =>
  types.filter((one) => one === type).length;

/** Looks until it is so: a campaign is looked at every few seconds while something is left to be done. */
async function looksUntil(campaignId: string, what: string, check: () => Promise<boolean>) {
  await eventually(
    async () => {
      await api.lookAt(campaignId);
      return check();
    },
    { what, withinMs: 30_000 },
  );
}

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
        withinMs: 30_000,
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
    await eventually(() => isDue(campaignId), { what: 'a due look', withinMs: 5_000 });
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
    await eventually(() => isDue(campaignId), { what: 'a due look', withinMs: 5_000 });
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
    await looksUntil(
      campaignId,
      'the other one held',
      async () => (await stageOf(other)) === 'on_hold',
    );
  });

  it('is no reason to look at a cancelled campaign for ever', async () => {
    const campaignId = await api.makeCampaign();
    const lost = await api.engine.start({ campaignId });
    const other = await api.engine.start({ campaignId });
    await loseRun(lost);
    await api.act('cancel', campaignId);
    await looksUntil(
      campaignId,
      'the other one cancelled',
      async () => (await stageOf(other)) === 'cancelled',
    );
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
      await looksUntil(campaignId, 'told', async () => (await signals()).length > 0);
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
    await eventually(async () => (await stageOf(itemId)) === 'cancelled', { what: 'cancelled' });
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
    await storeCommands(actId, silent, 'pending');
    await storeCommands(actId, [itemId], 'refused');
    await looksUntil(
      campaignId,
      'the last one held',
      async () => (await stageOf(itemId)) === 'on_hold',
    );
    expect(times(await typesOf(itemId), 'item.held')).toBe(1);
  });
});

async function storeCommands(actId: string, itemIds: string[], state: 'pending' | 'refused') {
  await exec(
    `insert into commands (id, workspace_id, item_id, actor_id, source, type, payload, body_hash,
       state, unmet, refused_at_seq, settled_at, expires_at)
     select 'campaign:' || $1 || ':' || id, $2, id, $3, 'campaign', 'hold', '{}', '', $5,
       case when $5 = 'refused' then '[{"code":"nothing_sending","message":"x"}]'::jsonb end,
       case when $5 = 'refused' then 0 end, case when $5 = 'refused' then now() end,
       now() + interval '1 day'
     from jsonb_array_elements_text($4::jsonb) id`,
    actId,
    api.engine.workspace.workspaceId,
    api.engine.workspace.memberOf('strategist'),
    JSON.stringify(itemIds),
    state,
  );
}

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
    await storeCommands(actId, [silent], 'pending');
    await looksUntil(campaignId, 'held', async () => (await stageOf(itemId)) === 'on_hold');
    await api.act('resume', campaignId);
    await looksUntil(campaignId, 'resumed', async () => (await stageOf(itemId)) === 'briefing');
  });

  it('of a campaign that was closed while it was paused gives back what the pause took', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    await looksUntil(campaignId, 'held', async () => (await stageOf(itemId)) === 'on_hold');
    await exec(`update campaigns set closed_at = now() where id = $1`, campaignId);
    const resumed = await api.act('resume', campaignId);
    expect(resumed.campaign).toMatchObject({ state: 'closed', pausedAt: null });
    await looksUntil(campaignId, 'resumed', async () => (await stageOf(itemId)) === 'briefing');
    const again = await api.act('resume', campaignId);
    expect(again.campaign).toEqual(resumed.campaign);
    expect(times(await typesOf(itemId), 'item.resumed')).toBe(1);
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
    await looksUntil(campaignId, 'held', async () => (await stageOf(itemId)) === 'on_hold');
    await change(itemId, null);
    await looksUntil(campaignId, 'let go', async () => (await stageOf(itemId)) === 'briefing');
    await change(itemId, campaignId);
    await looksUntil(campaignId, 'held again', async () => (await stageOf(itemId)) === 'on_hold');
    await api.act('resume', campaignId);
    await looksUntil(campaignId, 'resumed', async () => (await stageOf(itemId)) === 'briefing');
    const types = await typesOf(itemId);
    expect([times(types, 'item.held'), times(types, 'item.resumed')]).toEqual([2, 2]);
  });

  it('does not hold again what a person resumed', async () => {
    const campaignId = await api.makeCampaign();
    const itemId = await api.engine.start({ campaignId });
    await api.act('pause', campaignId);
    await looksUntil(campaignId, 'held', async () => (await stageOf(itemId)) === 'on_hold');
    await api.engine.apply('strategist', itemId, 'resume', { reason: 'this one goes on' });
    for (let looks = 0; looks < 3; looks += 1) await api.lookAt(campaignId);
    expect(await stageOf(itemId)).toBe('briefing');
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
    await looksUntil(campaignId, 'held', async () => (await stageOf(itemId)) === 'on_hold');
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
