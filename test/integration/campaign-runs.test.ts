import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CampaignApi, openCampaignApi } from '../support/campaign-api.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { approve, plan, toReview } from '../support/item-story.ts';

let api: CampaignApi;
beforeAll(async () => {
  api = await openCampaignApi();
});
afterAll(() => api?.close());

const makeCampaign = (change?: object) => api.makeCampaign(change);

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

describe('a campaign that is paused', () => {
  it('holds its open items and resumes those that it held, each once', async () => {
    const campaignId = await makeCampaign();
    const [early, late, apart] = await Promise.all(
      ['early', 'late', 'apart'].map((title) => api.engine.start({ title, campaignId })),
    );
    await toReview(api.engine, late ?? '');
    await api.engine.apply('strategist', apart ?? '', 'hold', { reason: 'of its own' });
    const path = `/v1/campaigns/${campaignId}`;
    const { preview } = await api.ok('strategist', 'POST', `${path}/pause`, {
      reason: 'late product',
      dryRun: true,
    });
    expect(
      Object.fromEntries(
        preview.items.map((one: { title: string; would: string }) => [one.title, one.would]),
      ),
    ).toEqual({ early: 'held', late: 'held', apart: 'unchanged' });
    expect((await read(path)).pausedAt).toBeNull();

    const paused = await api.ok('strategist', 'POST', `${path}/pause`, { reason: 'late product' });
    const again = await api.ok('strategist', 'POST', `${path}/pause`, { reason: 'late product' });
    expect(again).toEqual(paused);
    for (const itemId of [early ?? '', late ?? '']) {
      await api.engine.until(itemId, 'held', ({ stage }) => stage === 'on_hold');
    }
    await eventually(async () => (await read(`${path}/progress`)).acts[0].settledAt, {
      what: 'a settled pause',
    });
    // One that joins meanwhile is held, too.
    await api.atRest(campaignId);
    const joiner = await api.engine.start({ title: 'joiner', campaignId });
    await api.engine.until(joiner, 'held', ({ stage }) => stage === 'on_hold');
    // One that leaves is let go.
    await api.atRest(campaignId);
    const leaver = await api.engine.start({ title: 'leaver', campaignId });
    await api.engine.until(leaver, 'held', ({ stage }) => stage === 'on_hold');
    await api.atRest(campaignId);
    await api.ok('strategist', 'POST', `/v1/items/${leaver}/campaign`, { campaignId: null });
    await api.engine.until(leaver, 'let go', ({ stage }) => stage === 'briefing');

    await api.ok('strategist', 'POST', `${path}/resume`, { reason: 'it is there' });
    for (const itemId of [early ?? '', joiner]) {
      await api.engine.until(itemId, 'resumed', ({ stage }) => stage === 'briefing');
    }
    await api.engine.until(late ?? '', 'resumed', ({ stage }) => stage === 'review');
    const [resume, pause] = (
      await eventually(
        async () => {
          const progress = await read(`${path}/progress`);
          return progress.acts[0].settledAt === null ? null : progress;
        },
        { what: 'a settled resumption' },
      )
    ).acts;
    expect([resume, pause]).toMatchObject([
      { kind: 'resume', done: 3, refusedCount: 0 },
      { kind: 'pause', done: 3, refusedCount: 0, reason: 'late product' },
    ]);
    expect((await api.engine.item(apart ?? '')).stage).toBe('on_hold');
    const types = (await api.engine.chain(early ?? '')).map(({ type }) => type);
    expect(types.filter((type) => type === 'item.held' || type === 'item.resumed')).toEqual([
      'item.held',
      'item.resumed',
    ]);
  });
});

describe('a campaign that is cancelled', () => {
  it('ends every open item with its reason, takes no other, and its run ends', async () => {
    const campaignId = await makeCampaign({ release: 'by_person' });
    const path = `/v1/campaigns/${campaignId}`;
    const ids = await Promise.all([1, 2, 3].map(() => api.engine.start({ campaignId })));
    const asked = { reason: 'no product' };
    const first = await api.ok('strategist', 'POST', `${path}/cancel`, { ...asked, dryRun: true });
    expect(first.preview.items.map(({ would }: { would: string }) => would)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    const page = await api.ok('strategist', 'POST', `${path}/cancel`, {
      ...asked,
      dryRun: true,
      limit: 2,
    });
    const rest = await api.ok('strategist', 'POST', `${path}/cancel`, {
      ...asked,
      dryRun: true,
      cursor: page.preview.nextCursor,
    });
    const listed = [...page.preview.items, ...rest.preview.items];
    expect(listed.map(({ itemId }: { itemId: string }) => itemId)).toEqual([...ids].sort());

    const done = await api.ok('strategist', 'POST', `${path}/cancel`, asked);
    expect(done.campaign).toMatchObject({ state: 'cancelled', cancelReason: 'no product' });
    expect(await api.ok('strategist', 'POST', `${path}/cancel`, asked)).toEqual(done);
    for (const itemId of ids) {
      await eventually(
        async () => ((await api.engine.item(itemId)).stage === 'cancelled' ? true : null),
        { what: `${itemId}: cancelled` },
      );
    }
    const events = await api.engine.chain(ids[0] ?? '');
    expect(events.find(({ type }) => type === 'campaign.cancelled')?.data).toMatchObject(asked);
    for (const act of ['release', 'pause', 'resume']) {
      const { status, json } = await api.as('strategist', 'POST', `${path}/${act}`, {
        body: asked,
      });
      expect([act, status, json.code]).toEqual([act, 409, 'conflict']);
    }
    const joined = await api.as('strategist', 'POST', '/v1/items', {
      body: { title: 'Too late', campaignId },
    });
    expect([joined.status, joined.json.issues[0].path]).toEqual([400, 'campaignId']);
    const run = api.engine.deps.temporal.workflow.getHandle(`campaign:${campaignId}`);
    await eventually(
      async () =>
        (await run.describe().catch(() => null))?.status.name === 'COMPLETED' ? true : null,
      { what: 'the end of the run' },
    );
  });
});

describe('what is asked of a campaign', () => {
  it.each(['creator', 'social_media_manager', 'editor'] as const)(
    'is not for a %s',
    async (role) => {
      const campaignId = await makeCampaign();
      for (const act of ['release', 'pause', 'resume', 'cancel']) {
        const { status, json } = await api.as(role, 'POST', `/v1/campaigns/${campaignId}/${act}`, {
          // Rights are judged before content.
          body: { nonsense: true },
        });
        expect([act, status, json.unmet[0].code]).toEqual([act, 403, 'holds_role']);
      }
      const patched = await api.as(role, 'PATCH', `/v1/campaigns/${campaignId}`, { body: {} });
      expect(patched.status).toBe(403);
    },
  );

  it('is unknown to another workspace', async () => {
    const campaignId = await makeCampaign();
    const { members } = await makeWorkspace(api.engine.deps.db);
    const stranger = members.find(({ role }) => role === 'strategist')?.key ?? '';
    const path = `/v1/campaigns/${campaignId}`;
    for (const act of ['release', 'pause', 'resume', 'cancel']) {
      for (const dryRun of [true, false]) {
        const body = { reason: 'not mine', dryRun };
        const { status } = await api.call(stranger, 'POST', `${path}/${act}`, { body });
        expect([act, status]).toEqual([act, 404]);
      }
    }
    expect((await api.call(stranger, 'PATCH', path, { body: { name: 'Mine' } })).status).toBe(404);
    expect((await api.call(stranger, 'GET', `${path}/progress`)).status).toBe(404);
    expect((await read(path)).state).toBe('running');
  });

  it.each([
    ['pause', {}, 'reason'],
    ['cancel', { reason: ' ' }, 'reason'],
    ['resume', { reason: 'x'.repeat(2_001) }, 'reason'],
    ['cancel', { reason: 'no', dryRun: true, limit: 201 }, 'limit'],
  ])('%s with %j is 400', async (act, body, field) => {
    const campaignId = await makeCampaign();
    const { status, json } = await api.as(
      'strategist',
      'POST',
      `/v1/campaigns/${campaignId}/${act}`,
      {
        body,
      },
    );
    expect([status, json.issues[0].path]).toEqual([400, field]);
  });
});

describe('a change of a campaign', () => {
  it('is recorded with who made it and what was before, and opens a gate for good', async () => {
    const campaignId = await makeCampaign({ release: 'by_person', budgetNote: 'little' });
    const path = `/v1/campaigns/${campaignId}`;
    const changed = await api.ok('strategist', 'PATCH', path, {
      budgetNote: 'more',
      stakeholders: [{ email: 'sales@example.org' }],
    });
    expect(changed).toMatchObject({ budgetNote: 'more', state: 'waiting' });
    const { items } = await api.ok(
      'strategist',
      'GET',
      `/v1/audit/administration?target=${campaignId}`,
    );
    expect(items.at(-1)).toMatchObject({
      act: 'campaign.changed',
      actor: api.engine.workspace.memberOf('strategist'),
      before: { budget_note: 'little', stakeholders: [] },
      after: { budget_note: 'more', stakeholders: [{ email: 'sales@example.org' }] },
    });
    expect(await api.ok('strategist', 'PATCH', path, { release: 'at_once' })).toMatchObject({
      state: 'running',
    });
    const closing = await api.as('strategist', 'PATCH', path, { body: { release: 'by_person' } });
    expect([closing.status, closing.json.code]).toEqual([409, 'conflict']);
  });

  it.each([
    ['a flight that ends before it begins', { endsAt: '2020-01-01T00:00:00Z' }, 'endsAt'],
    [
      'a stakeholder who is no member',
      { stakeholders: [{ memberId: 'mbr_x' }] },
      'stakeholders.0.memberId',
    ],
    ['an address that is none', { stakeholders: [{ email: 'sales' }] }, 'stakeholders.0'],
    ['a rule that is none', { release: 'never' }, 'release'],
  ])('to %s is 400', async (_, body, field) => {
    const campaignId = await makeCampaign({ startsAt: '2030-01-01T00:00:00Z' });
    const { status, json } = await api.as('strategist', 'PATCH', `/v1/campaigns/${campaignId}`, {
      body,
    });
    expect([status, json.issues?.[0]?.path ?? json.detail]).toEqual([
      400,
      expect.stringContaining(field),
    ]);
  });
});
