import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertBlackout } from '../../src/db/calendar/blackouts.ts';
import { insertFreeze } from '../../src/db/calendar/freezes.ts';
import { findSendBlock } from '../../src/db/publishing/send-blocks.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { makeItem, makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { HOUR_MS, toScheduled } from '../support/item-story.ts';

const MINUTE_MS = 60_000;

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

/** Stops the sends of one workspace: each test that freezes lifts it again. */
const freeze = (reason = 'a crisis') =>
  api.ok('social_media_manager', 'POST', '/v1/freeze', { reason });
const lift = (reason = 'it is over') =>
  api.ok('social_media_manager', 'DELETE', '/v1/freeze', { reason });

async function scheduled(): Promise<{ itemId: string; at: string }> {
  const itemId = await api.engine.start();
  return { itemId, at: await toScheduled(api.engine, itemId) };
}

describe('a freeze', () => {
  it('that outlasts the grace of a slot makes it missed, and nothing is sent when it is lifted', async () => {
    const { itemId } = await scheduled();
    await freeze('an accident');
    await api.engine.travel(itemId, { byMs: HOUR_MS + MINUTE_MS });
    await api.engine.travel(itemId, { byMs: 15 * MINUTE_MS });
    const { publications, stage } = await api.engine.until(
      itemId,
      'missed',
      (context) => context.publications[0]?.state === 'missed',
    );
    await lift();
    expect(stage).toBe('publishing');
    expect(publications[0]?.evidence).toContain('sends are frozen: an accident');
    expect(api.engine.posts(itemId)).toEqual([]);
    const { waitingOn } = await api.engine.item(itemId);
    expect(waitingOn).toMatchObject([{ for: 'resolve_publication' }]);
  });

  it('that is lifted within the grace lets the post out', async () => {
    const itemId = await api.engine.start();
    // In real time: a journey would skip the wait for the end of the freeze as well.
    await toScheduled(api.engine, itemId, { slotInMs: 8_000 });
    await freeze();
    await api.engine.until(
      itemId,
      'waiting to send',
      (context) => context.publications[0]?.state === 'sending',
    );
    expect(api.engine.posts(itemId)).toEqual([]);
    await lift();
    await api.engine.until(
      itemId,
      'published',
      (context) => context.publications[0]?.state === 'published',
    );
    expect(api.engine.posts(itemId)).toHaveLength(1);
  });

  it('stands once, is lifted with a reason, and both stay on record', async () => {
    const first = await freeze('rumours');
    const again = await api.as('social_media_manager', 'POST', '/v1/freeze', {
      body: { reason: 'twice' },
    });
    expect([again.status, again.json.code]).toEqual([409, 'conflict']);
    expect(await api.ok('creator', 'GET', '/v1/freeze')).toMatchObject({
      frozen: true,
      freeze: { id: first.id, reason: 'rumours' },
    });
    const lifted = await lift('nothing to it');
    expect(lifted).toMatchObject({ id: first.id, liftReason: 'nothing to it' });
    const state = await api.ok('creator', 'GET', '/v1/freeze');
    expect(state.frozen).toBe(false);
    expect(state.history[0]).toEqual(lifted);
    const none = await api.as('social_media_manager', 'DELETE', '/v1/freeze', {
      body: { reason: 'again' },
    });
    expect(none.status).toBe(409);
  });

  it('is for the social media manager, admins and leadership, and needs a reason', async () => {
    const body = { reason: 'x' };
    expect((await api.as('creator', 'POST', '/v1/freeze', { body })).status).toBe(403);
    expect((await api.as('creator', 'DELETE', '/v1/freeze', { body })).status).toBe(403);
    const blank = { body: { reason: ' ' } };
    const { status, json } = await api.as('social_media_manager', 'POST', '/v1/freeze', blank);
    expect([status, json.issues[0].path]).toEqual([400, 'reason']);
  });

  it('does not stop planning', async () => {
    await freeze();
    const { itemId } = await scheduled();
    await lift();
    expect((await api.engine.item(itemId)).stage).toBe('scheduled');
  });
});

describe('a blackout that is added after the plan', () => {
  it('and outlasts the grace makes the slot missed at once, without a post', async () => {
    const { itemId, at } = await scheduled();
    const { id } = await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      channelAccountId: api.engine.channelAccountId,
      from: at,
      until: new Date(Date.parse(at) + HOUR_MS).toISOString(),
      reason: 'a day of mourning',
    });
    const entry = (await api.ok('creator', 'GET', '/v1/calendar')).items.find(
      (candidate: { itemId: string }) => candidate.itemId === itemId,
    );
    expect(entry.warnings).toMatchObject([{ code: 'blackout' }]);
    await api.engine.travel(itemId, { byMs: HOUR_MS + 1_000 });
    const { publications } = await api.engine.until(
      itemId,
      'missed',
      (context) => context.publications[0]?.state === 'missed',
    );
    expect(publications[0]?.evidence).toContain('a day of mourning');
    expect(api.engine.posts(itemId)).toEqual([]);
    await api.as('social_media_manager', 'DELETE', `/v1/blackouts/${id}`);
  });

  it('names what is wrong with it', async () => {
    const from = '2030-01-01T00:00:00Z';
    const post = (body: object) =>
      api.as('social_media_manager', 'POST', '/v1/blackouts', { body: { reason: 'x', ...body } });
    const backwards = await post({ from, until: from });
    expect([backwards.status, backwards.json.issues[0].path]).toEqual([400, 'until']);
    const until = '2030-01-02T00:00:00Z';
    const foreign = await post({ from, until, channelAccountId: 'cha_unknown' });
    expect([foreign.status, foreign.json.issues[0].path]).toEqual([400, 'channelAccountId']);
    const both = await post({ from, until, channelAccountId: 'cha_x', channel: 'sandbox' });
    expect(both.status).toBe(400);
    const { status } = await api.as('social_media_manager', 'DELETE', '/v1/blackouts/blk_unknown');
    expect(status).toBe(404);
  });
});

describe('the check of a send', () => {
  it('sees a freeze that was committed while it waited', async () => {
    const { db } = api.engine.deps;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const { id: itemId } = await makeItem(db, workspace);
    const dueAt = new Date().toISOString();
    const order = { workspaceId, itemId, channelAccountId: 'cha_x', channel: 'sandbox', dueAt };
    expect(await inTransaction(db, (tx) => findSendBlock(tx, order))).toBeNull();
    let asked: Promise<unknown> = Promise.resolve();
    await inTransaction(db, async (tx) => {
      await insertFreeze(tx, { workspaceId, reason: 'r', frozenBy: workspace.memberOf('creator') });
      asked = inTransaction(db, (other) => findSendBlock(other, order));
      // The other one is at its lock before this one commits.
      await tx.execute('select pg_sleep(0.3)');
    });
    expect(await asked).toEqual({ evidence: 'sends are frozen: r', endsInMs: null });
  });

  it('is about the account, the channel or the workspace of a blackout, by the clock of the item', async () => {
    const { db } = api.engine.deps;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const { id: itemId } = await makeItem(db, workspace);
    await db.$client.query('update items set clock_offset_ms = $2 where id = $1', [
      itemId,
      10 * HOUR_MS,
    ]);
    const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();
    const dueAt = new Date().toISOString();
    const order = { workspaceId, itemId, channelAccountId: 'cha_x', channel: 'sandbox', dueAt };
    const blackout = (change: object) =>
      inTransaction(db, (tx) =>
        insertBlackout(tx, {
          workspaceId,
          channel: null,
          channelAccountId: null,
          reason: 'r',
          createdBy: workspace.memberOf('creator'),
          startsAt: at(9),
          endsAt: at(11),
          ...change,
        }),
      );
    const check = (change: object = {}) =>
      inTransaction(db, (tx) => findSendBlock(tx, { ...order, ...change }));
    await blackout({ startsAt: at(-1), endsAt: at(1) });
    expect(await check()).toBeNull();
    await blackout({ channel: 'webhook' });
    expect(await check()).toBeNull();
    expect(await check({ channel: 'webhook' })).toMatchObject({ endsInMs: expect.any(Number) });
    await blackout({});
    const block = await check();
    expect(block?.evidence).toContain('blackout until');
    expect(block?.endsInMs).toBeGreaterThan(0.9 * HOUR_MS);
  });
});
