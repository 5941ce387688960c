import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Drainer, startDrainer } from '../../src/commands/queue/drainer.ts';
import { callCampaignsOf } from '../../src/db/campaign/runs.ts';
import { countRows } from '../support/api-fixture.ts';
import { makeBrief } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';

let api: EngineApi;
let drainer: Drainer;
beforeAll(async () => {
  api = await openEngineApi();
  drainer = startDrainer(api.engine.programDeps, { pauseMs: 50 });
});
afterAll(async () => {
  await drainer?.stop();
  await api?.close();
});

const makeCampaign = async (): Promise<string> =>
  (await api.ok('strategist', 'POST', '/v1/campaigns', { name: 'Spring', goal: 'engage' })).id;

const plan = (campaignId: string, items: object[], headers: Record<string, string> = {}) =>
  api.as('strategist', 'POST', `/v1/campaigns/${campaignId}/items`, { body: { items }, headers });

const titled = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ title: `Piece ${index}` }));

describe('a planning session', () => {
  it('starts all its items under one key, once, and their runs begin', async () => {
    const campaignId = await makeCampaign();
    const headers = { 'idempotency-key': randomUUID() };
    const items = [...titled(20), { title: 'With a brief', brief: makeBrief() }];
    const first = await plan(campaignId, items, headers);
    expect([first.status, first.json.items.length]).toEqual([201, 21]);
    expect((await plan(campaignId, items, headers)).json).toEqual(first.json);
    const other = await plan(campaignId, titled(1), headers);
    expect([other.status, other.json.code]).toEqual([409, 'idempotency_conflict']);
    const { items: listed } = await api.ok(
      'creator',
      'GET',
      `/v1/items?campaignId=${campaignId}&limit=200`,
    );
    expect(listed).toHaveLength(21);
    for (const { itemId, commandId } of first.json.items) {
      await eventually(
        async () => ((await api.engine.command(commandId)).state === 'applied' ? true : null),
        { what: `${itemId}: a run` },
      );
    }
    const last = first.json.items.at(-1);
    const types = (await api.engine.chain(last.itemId)).map(({ type }) => type);
    expect(types).toEqual(['item.started', 'brief.saved']);
    // A thousand events of its items cost one call until the run has looked.
    const { db } = api.engine.deps;
    const { workspaceId } = api.engine.workspace;
    const itemIds = listed.map(({ id }: { id: string }) => id);
    await db.execute(
      `update campaign_runs set looked_at = clock_timestamp() where campaign_id = '${campaignId}'`,
    );
    const calls = await Promise.all(
      Array.from({ length: 20 }, () => callCampaignsOf(db, { workspaceId, itemIds })),
    );
    expect(calls.flat()).toEqual([{ workspaceId, campaignId }]);
  });

  it('with a fault stores nothing, and names the item and the field', async () => {
    const campaignId = await makeCampaign();
    const { db } = api.engine.deps;
    const before = await countRows(db, 'items');
    const commands = await countRows(db, 'commands');
    const unknownTeam = { title: 'B', team: { creator: 'mbr_nobody' } };
    const { status, json } = await plan(campaignId, [
      { title: 'A' },
      unknownTeam,
      { title: 'C', playbook: 'none' },
    ]);
    expect([status, json.issues.map(({ path }: { path: string }) => path)]).toEqual([
      400,
      ['items.1.team.creator', 'items.2.playbook'],
    ]);
    for (const items of [[], titled(201), [{ title: ' ' }], [{ title: 'A', campaignId }]]) {
      expect((await plan(campaignId, items)).status).toBe(400);
    }
    expect([await countRows(db, 'items'), await countRows(db, 'commands')]).toEqual([
      before,
      commands,
    ]);
  });

  it('that dies in the middle leaves none of its items', async () => {
    const campaignId = await makeCampaign();
    const { db } = api.engine.deps;
    const before = await countRows(db, 'items');
    // The third row cannot be written: as if the process had died there.
    await db.execute(`create function test_dies() returns trigger language plpgsql as $$
      begin if new.title = 'Piece 2' then raise exception 'dead'; end if; return new; end $$`);
    await db.execute(
      'create trigger test_dies before insert on items for each row execute function test_dies()',
    );
    try {
      const { status } = await plan(campaignId, titled(5));
      expect(status).toBe(500);
    } finally {
      await db.execute('drop trigger test_dies on items');
      await db.execute('drop function test_dies');
    }
    expect(await countRows(db, 'items')).toBe(before);
  });

  it('is for strategist and admin, and of a campaign of the own workspace that is not over', async () => {
    const campaignId = await makeCampaign();
    const path = `/v1/campaigns/${campaignId}/items`;
    const creator = await api.as('creator', 'POST', path, { body: { nonsense: 1 } });
    expect([creator.status, creator.json.unmet[0].code]).toEqual([403, 'holds_role']);
    const { members } = await makeWorkspace(api.engine.deps.db);
    const stranger = members.find(({ role }) => role === 'strategist')?.key ?? '';
    expect((await api.call(stranger, 'POST', path, { body: { items: titled(1) } })).status).toBe(
      404,
    );
    await api.ok('strategist', 'POST', `/v1/campaigns/${campaignId}/cancel`, { reason: 'no' });
    const late = await plan(campaignId, titled(2));
    expect([late.status, late.json.issues]).toEqual([
      400,
      [{ path: 'campaignId', message: 'is cancelled: nothing joins it any more' }],
    ]);
  });
});
