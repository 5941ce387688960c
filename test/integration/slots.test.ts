import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANNEL_LIMITS } from '../../src/domain/channels.ts';
import { tzdataVersion } from '../../src/time/zoned-time.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import {
  approve,
  DAY_MS,
  HOUR_MS,
  submit,
  toCreation,
  toScheduled,
} from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
}, 60_000);
afterAll(() => api?.close());

const EVERY_HOUR = Array.from({ length: 7 }, (_, day) =>
  Array.from({ length: 24 }, (__, hour) => ({
    weekday: day + 1,
    time: `${String(hour).padStart(2, '0')}:30`,
  })),
).flat();

/** An account of the test's own with weekly slots. */
async function makeAccount(schedule: object | null, zone = 'Europe/Paris'): Promise<string> {
  const { id } = await api.ok('social_media_manager', 'POST', '/v1/channel-accounts', {
    ...{ channel: 'sandbox', name: `account ${randomUUID()}`, zone },
  });
  if (schedule !== null) {
    await api.ok('social_media_manager', 'PUT', `/v1/channel-accounts/${id}/slots`, schedule);
  }
  return id;
}

async function inCreation(): Promise<string> {
  const itemId = await api.engine.start();
  await toCreation(api.engine, itemId);
  return itemId;
}

async function plan(itemId: string, publication: object): Promise<Json> {
  const body = { publications: [publication] };
  return api.ok('social_media_manager', 'PUT', `/v1/items/${itemId}/schedule`, body);
}

/** Gives the item's first slot back. */
async function skip(itemId: string): Promise<void> {
  const [record] = (await api.engine.context(itemId)).publications;
  const path = `/v1/items/${itemId}/publications/${record?.id}/skip`;
  await api.ok('social_media_manager', 'POST', path, { reason: 'another plan' });
}

/** Held in creation, then approved and accepted: the next plan makes it firm. */
async function heldUntilPlanning(
  channelAccountId: string,
  time: { at: string } | { slot: 'next' } = { at: later(9 * DAY_MS) },
): Promise<string> {
  const itemId = await inCreation();
  await plan(itemId, { channelAccountId, ...time });
  await approve(api.engine, itemId, await submit(api.engine, itemId));
  await api.engine.apply('social_media_manager', itemId, 'accept_handoff');
  return itemId;
}

async function refusedFirming(itemId: string): Promise<Json[]> {
  const path = `/v1/items/${itemId}/schedule`;
  const body = { publications: [] };
  const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
  expect(status).toBe(409);
  return json.unmet;
}

const later = (ms: number) => new Date(Date.now() + ms).toISOString();

describe('the next free slot', () => {
  it('is another one for each of 50 plans at once on one account', async () => {
    const channelAccountId = await makeAccount({ slots: EVERY_HOUR });
    const itemIds: string[] = [];
    for (let batch = 0; batch < 10; batch += 1) {
      itemIds.push(...(await Promise.all(Array.from({ length: 5 }, inCreation))));
    }
    const planned = await Promise.all(
      itemIds.map((itemId) => plan(itemId, { channelAccountId, slot: 'next' })),
    );
    const slots = planned.map(({ publications }) => publications[0].at);
    expect(new Set(slots).size).toBe(50);
    expect(planned.every(({ publications }) => publications[0].state === 'tentative')).toBe(true);
    const { rows } = await api.engine.deps.db.$client.query(
      'select count(distinct at)::int as count from publications where channel_account_id = $1',
      [channelAccountId],
    );
    expect(rows[0].count).toBe(50);
  }, 120_000);

  it('is the same for a repeated command, and lies in the zone of the account', async () => {
    const channelAccountId = await makeAccount({ slots: [{ weekday: 3, time: '09:30' }] });
    const itemId = await inCreation();
    const headers = { 'idempotency-key': randomUUID() };
    const body = { publications: [{ channelAccountId, slot: 'next' }] };
    const path = `/v1/items/${itemId}/schedule`;
    const options = { headers, body };
    const send = () =>
      eventually(
        async () => {
          const reply = await api.as('social_media_manager', 'PUT', path, options);
          return reply.status === 202 ? null : reply;
        },
        { what: 'a verdict' },
      );
    const first = await send();
    expect(first.status).toBe(200);
    const other = await inCreation();
    await plan(other, { channelAccountId, slot: 'next' });
    expect((await send()).json).toEqual(first.json);
    const [record] = (await api.engine.context(itemId)).publications;
    expect(record).toMatchObject({
      zone: 'Europe/Paris',
      tzVersion: tzdataVersion(),
      at: first.json.publications[0].at,
    });
    expect(record?.local).toMatch(/T09:30$/);
    expect(new Date(`${record?.local.slice(0, 10)}T00:00Z`).getUTCDay()).toBe(3);
  });

  it('is free again after a refusal, a move and a skip', async () => {
    const channelAccountId = await makeAccount({ slots: [{ weekday: 5, time: '10:00' }] });
    const started = await api.engine.start();
    const refused = await api.as('social_media_manager', 'PUT', `/v1/items/${started}/schedule`, {
      body: { publications: [{ channelAccountId, slot: 'next' }] },
    });
    expect([refused.status, refused.json.code]).toEqual([409, 'refused']);
    const first = await inCreation();
    const held = (await plan(first, { channelAccountId, slot: 'next' })).publications[0].at;
    await plan(first, { channelAccountId, at: later(30 * DAY_MS + 60_000) });
    const second = await inCreation();
    const again = (await plan(second, { channelAccountId, slot: 'next' })).publications[0].at;
    expect(again).toBe(held);
    await api.ok('strategist', 'POST', `/v1/items/${second}/cancel`, { reason: 'not needed' });
    const third = await inCreation();
    expect((await plan(third, { channelAccountId, slot: 'next' })).publications[0].at).toBe(held);
  });

  it('lies after the embargo and outside blackouts', async () => {
    const channelAccountId = await makeAccount({ slots: EVERY_HOUR });
    const until = later(3 * DAY_MS);
    await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      ...{ channelAccountId, from: until, until: later(4 * DAY_MS), reason: 'a fair' },
    });
    const itemId = await api.engine.start();
    await toCreation(api.engine, itemId, { brief: { embargoUntil: until } });
    const { publications } = await plan(itemId, { channelAccountId, slot: 'next' });
    expect(Date.parse(publications[0].at)).toBeGreaterThanOrEqual(
      Date.parse(until) + DAY_MS - 1_000,
    );
    expect(Date.parse(publications[0].at)).toBeLessThan(Date.parse(until) + DAY_MS + 2 * HOUR_MS);
  });

  it('without weekly slots, or with none that is free, says so and changes nothing', async () => {
    const itemId = await inCreation();
    const without = await makeAccount(null);
    const full = await makeAccount({ slots: [{ weekday: 1, time: '08:00' }] });
    await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      ...{ channelAccountId: full, from: later(0), until: later(90 * DAY_MS), reason: 'closed' },
    });
    for (const [channelAccountId, message] of [
      [without, `${without} has no weekly slots: give at or local`],
      [full, `${full} has no free slot within 60 days that this item may take`],
    ]) {
      const body = { publications: [{ channelAccountId, slot: 'next' }] };
      const path = `/v1/items/${itemId}/schedule`;
      const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
      expect(status).toBe(400);
      expect(json.issues).toEqual([{ path: 'publications.0.slot', message }]);
    }
    expect((await api.engine.context(itemId)).publications).toEqual([]);
  });
});

describe('a plan', () => {
  it('refuses a wall time that does not exist or exists twice, naming both choices', async () => {
    const itemId = await inCreation();
    const channelAccountId = await makeAccount(null);
    const path = `/v1/items/${itemId}/schedule`;
    for (const [local, choices] of [
      ['2030-03-31T02:30:00', ['2030-03-31T00:30:00.000Z', '2030-03-31T01:30:00.000Z']],
      ['2030-10-27T02:30:00', ['2030-10-27T00:30:00.000Z', '2030-10-27T01:30:00.000Z']],
    ]) {
      const body = { publications: [{ channelAccountId, local }] };
      const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
      expect(status).toBe(400);
      expect(json.issues[0]).toMatchObject({ path: 'publications.0.local', choices });
    }
    expect((await api.engine.context(itemId)).publications).toEqual([]);
  });

  it('takes an instant of a repeated hour with its zone, for an instant is never in doubt', async () => {
    const itemId = await inCreation();
    const channelAccountId = await makeAccount(null, 'UTC');
    const at = '2030-10-27T01:30:00.000Z';
    await plan(itemId, { channelAccountId, at, zone: 'Europe/Paris' });
    const [record] = (await api.engine.context(itemId)).publications;
    expect(record).toMatchObject({ at, local: '2030-10-27T02:30', zone: 'Europe/Paris' });
  });

  it.each([
    ['an unknown zone', { at: later(DAY_MS), zone: 'Mars/Olympus' }, 'publications.0.zone'],
    ['two times', { at: later(DAY_MS), slot: 'next' }, 'publications.0.at'],
    ['no time', {}, 'publications.0.at'],
    ['a zone for a weekly slot', { slot: 'next', zone: 'Asia/Tokyo' }, 'publications.0.zone'],
    ['another variant', { at: later(DAY_MS), variant: 'bluesky' }, 'publications.0.variant'],
  ])('with %s is 400 and changes nothing', async (_, given, path) => {
    const itemId = await inCreation();
    const channelAccountId = api.engine.channelAccountId;
    const { status, json } = await api.as(
      'social_media_manager',
      'PUT',
      `/v1/items/${itemId}/schedule`,
      { body: { publications: [{ channelAccountId, ...given }] } },
    );
    expect([status, json.issues?.[0]?.path]).toEqual([400, path]);
    expect((await api.engine.context(itemId)).publications).toEqual([]);
  });

  it('for an account of another workspace is 400', async () => {
    const { channelAccounts } = await makeWorkspace(api.engine.deps.db);
    const channelAccountId = channelAccounts[0]?.channelAccountId;
    const itemId = await inCreation();
    for (const given of [{ at: later(DAY_MS) }, { slot: 'next' }]) {
      const body = { publications: [{ channelAccountId, ...given }] };
      const path = `/v1/items/${itemId}/schedule`;
      const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
      expect([status, json.issues[0].path]).toEqual([400, 'publications.0.channelAccountId']);
    }
  });

  it('is warned of the account’s rules and goes through', async () => {
    const quietHours = { from: '00:00', until: '23:59' };
    const rules = { maxPerDay: 1, minGapMinutes: 120, quietHours };
    const channelAccountId = await makeAccount({ slots: [], rules }, 'UTC');
    const at = `${later(40 * DAY_MS).slice(0, 10)}T10:00:00.000Z`;
    await plan(await inCreation(), { channelAccountId, at });
    const itemId = await inCreation();
    const near = at.replace('T10:00', 'T11:00');
    const { warnings, publications } = await plan(itemId, { channelAccountId, at: near });
    expect(publications[0].at).toBe(near);
    const messages = warnings.map((warning: Json) => `${warning.code}: ${warning.message}`);
    expect(messages).toHaveLength(3);
    expect(messages[0]).toContain('spacing: ');
    expect(messages[0]).toContain('quiet hours');
    expect(messages[1]).toContain('maxPerDay is 1');
    expect(messages[2]).toContain('60 minutes away, minGapMinutes is 120');
    const chain = await api.engine.chain(itemId);
    expect(chain.at(-1)?.data).toMatchObject({ warnings: [{ code: 'spacing' }, {}, {}] });
  });

  it('into a blackout is refused until it is taken back', async () => {
    const channelAccountId = await makeAccount({ slots: EVERY_HOUR });
    const itemId = await inCreation();
    const at = later(20 * DAY_MS);
    const { id } = await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      ...{ channelAccountId, from: later(19 * DAY_MS), until: later(21 * DAY_MS) },
      reason: 'holidays',
    });
    const body = { publications: [{ channelAccountId, at }] };
    const path = `/v1/items/${itemId}/schedule`;
    const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
    expect([status, json.unmet[0].code]).toEqual([409, 'not_blacked_out']);
    await api.as('social_media_manager', 'DELETE', `/v1/blackouts/${id}`);
    expect((await plan(itemId, { channelAccountId, at })).publications[0].at).toBe(at);
  });

  it('that keeps a slot inside a new blackout is refused', async () => {
    const channelAccountId = await makeAccount(null);
    const itemId = await api.engine.start();
    const at = await toScheduled(api.engine, itemId, {
      accounts: [channelAccountId],
      slotInMs: 9 * DAY_MS,
    });
    await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      ...{ channelAccountId, from: at, until: later(10 * DAY_MS), reason: 'a strike' },
    });
    const other = { channelAccountId: api.engine.channelAccountId, at: later(5 * DAY_MS) };
    const path = `/v1/items/${itemId}/schedule`;
    const body = { publications: [other] };
    const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
    expect([status, json.unmet[0].code]).toEqual([409, 'not_blacked_out']);
    expect(json.unmet[0].message).toContain('a strike');
  });
});

describe('a plan at a time that somebody names', () => {
  it('of five at once, each but the first is told of those before it on the account', async () => {
    const channelAccountId = await makeAccount(null);
    const at = later(12 * DAY_MS);
    const itemIds = await Promise.all(Array.from({ length: 5 }, inCreation));
    const planned = await Promise.all(
      itemIds.map((itemId) => plan(itemId, { channelAccountId, at })),
    );
    const told = planned.map(({ warnings = [] }) => {
      const messages: string[] = warnings.map(({ code, message }: Json) => `${code}: ${message}`);
      expect(messages.every((message) => message.startsWith('spacing: '))).toBe(true);
      return messages.join();
    });
    expect(told.filter((message) => message === '')).toHaveLength(1);
    const first = itemIds[told.indexOf('')] ?? '';
    for (const [index, message] of told.entries()) {
      if (itemIds[index] === first) continue;
      expect(message).toContain(first);
      expect(message).toContain(`at the very same time, ${at}`);
    }
    const counts = told.map((message) => message.match(/itm_/g)?.length ?? 0).sort();
    expect(counts).toEqual([0, 1, 2, 3, 3]);
    expect(told.filter((message) => message.includes('and 1 more'))).toHaveLength(1);
  }, 60_000);

  it('is told of one that takes a free slot meanwhile, whichever comes first', async () => {
    const channelAccountId = await makeAccount({ slots: [{ weekday: 2, time: '11:00' }] });
    const probe = await inCreation();
    const at = (await plan(probe, { channelAccountId, slot: 'next' })).publications[0].at;
    await api.engine.apply('strategist', probe, 'cancel', { reason: 'only to see the slot' });
    const [named, free] = await Promise.all([inCreation(), inCreation()]);
    const [byTime, next] = await Promise.all([
      plan(named, { channelAccountId, at }),
      plan(free, { channelAccountId, slot: 'next' }),
    ]);
    const isTold = (byTime.warnings ?? []).length === 1;
    expect(next.publications[0].at === at).toBe(isTold);
  });

  it('knows the whole of a day on which daylight saving ends', async () => {
    const channelAccountId = await makeAccount({ slots: [], rules: { maxPerDay: 1 } });
    await plan(await inCreation(), { channelAccountId, local: '2030-10-27T23:30:00' });
    const midnight = { channelAccountId, local: '2030-10-27T00:00:00' };
    const { warnings } = await plan(await inCreation(), midnight);
    expect(warnings).toMatchObject([{ code: 'spacing' }]);
    expect(warnings[0].message).toContain('2 times on 2030-10-27, maxPerDay is 1');
  });
});

describe('a held slot', () => {
  it.each([
    ['whose account is off', 'active = false', 'slot_valid', 'is not active'],
    [
      'whose token ends before it',
      "token_expires_at = now() + interval '1 day'",
      'token_valid_past_slot',
      'expires at',
    ],
  ])('%s is not made firm', async (_, change, code, message) => {
    const channelAccountId = await makeAccount(null);
    const itemId = await heldUntilPlanning(channelAccountId);
    await api.engine.deps.db.$client.query(`update channel_accounts set ${change} where id = $1`, [
      channelAccountId,
    ]);
    const unmet = await refusedFirming(itemId);
    expect(unmet).toMatchObject([{ code }]);
    expect(unmet[0]?.message).toContain(message);
    expect((await api.engine.context(itemId)).publications).toMatchObject([{ state: 'tentative' }]);
  });

  it('of an account that is off does not keep another plan from being made once it is skipped', async () => {
    const channelAccountId = await makeAccount(null);
    const itemId = await api.engine.start();
    await toScheduled(api.engine, itemId, {
      accounts: [channelAccountId],
      slotInMs: 9 * DAY_MS,
    });
    const draft = { title: 'Another title' };
    await approve(api.engine, itemId, await submit(api.engine, itemId, { draft }));
    await api.engine.apply('social_media_manager', itemId, 'accept_handoff');
    await api.engine.deps.db.$client.query(
      'update channel_accounts set active = false where id = $1',
      [channelAccountId],
    );
    const other = { channelAccountId: api.engine.channelAccountId, at: later(8 * DAY_MS) };
    const path = `/v1/items/${itemId}/schedule`;
    const body = { publications: [other] };
    const refused = await api.as('social_media_manager', 'PUT', path, { body });
    expect([refused.status, refused.json.unmet[0].code]).toEqual([409, 'slot_valid']);
    await skip(itemId);
    await plan(itemId, other);
    expect((await api.engine.context(itemId)).stage).toBe('scheduled');
  });

  it('is given back by the social media manager in planning, and is free at once', async () => {
    const channelAccountId = await makeAccount({ slots: [{ weekday: 4, time: '15:00' }] });
    const itemId = await heldUntilPlanning(channelAccountId, { slot: 'next' });
    const maySkip = async () =>
      (await api.ok('social_media_manager', 'GET', `/v1/items/${itemId}/actions`)).items.find(
        ({ command }: Json) => command === 'skip_publication',
      );
    expect(await maySkip()).toMatchObject({ allowed: true, unmet: [] });
    const [held] = (await api.engine.context(itemId)).publications;
    const path = `/v1/items/${itemId}/publications/${held?.id}/skip`;
    const body = { reason: 'another plan' };
    expect((await api.as('creator', 'POST', path, { body })).status).toBe(403);
    await skip(itemId);
    expect((await api.engine.context(itemId)).publications).toMatchObject([
      { state: 'skipped', evidence: 'another plan' },
    ]);
    const again = await plan(await inCreation(), { channelAccountId, slot: 'next' });
    expect(again.publications[0].at).toBe(held?.at);
  });
});

describe('limits that tighten', () => {
  async function tightened(work: () => Promise<void>): Promise<void> {
    const limit: { max: number } = CHANNEL_LIMITS.sandbox.text;
    const { max } = limit;
    limit.max = 3;
    try {
      await work();
    } finally {
      limit.max = max;
    }
  }
  const TOO_LONG = 'sandbox text: Sandbox takes 3 characters';

  it('after the handoff keep a held slot from being made firm, and a named one from being planned', async () => {
    const channelAccountId = await makeAccount(null);
    const itemId = await heldUntilPlanning(channelAccountId);
    const at = later(8 * DAY_MS);
    await tightened(async () => {
      const [unmet] = await refusedFirming(itemId);
      expect(unmet?.code).toBe('variants_in_limits');
      expect(unmet?.message).toContain(TOO_LONG);
      const path = `/v1/items/${itemId}/schedule`;
      const body = { publications: [{ channelAccountId, at }] };
      const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
      expect([status, json.unmet[0].code]).toEqual([409, 'variants_in_limits']);
      // Holding a time asks for no text.
      await plan(await inCreation(), { channelAccountId, at: later(7 * DAY_MS) });
    });
    await plan(itemId, { channelAccountId, at });
    expect((await api.engine.context(itemId)).stage).toBe('scheduled');
  });

  it('after a draft is saved refuse its submission, and `actions` says so', async () => {
    const itemId = await inCreation();
    await api.engine.apply('creator', itemId, 'save_draft', { draft: makeDraft() });
    await tightened(async () => {
      const actions = await api.ok('creator', 'GET', `/v1/items/${itemId}/actions`);
      const action = actions.items.find(({ command }: Json) => command === 'submit_for_review');
      expect(action).toMatchObject({ allowed: false, unmet: [{ code: 'variants_in_limits' }] });
      const body = { checklist: tickedChecklist('review') };
      const path = `/v1/items/${itemId}/handoffs`;
      const { status, json } = await api.as('creator', 'POST', path, { body });
      expect([status, json.unmet]).toEqual([409, action.unmet]);
      expect(json.unmet[0].message).toContain(TOO_LONG);
    });
  });
});

describe('publish now', () => {
  it('is a plan in the next seconds, through every guard', async () => {
    const itemId = await api.engine.start();
    await toCreation(api.engine, itemId);
    const { channelAccountId } = api.engine;
    const now = { channelAccountId, slot: 'now' };
    const path = `/v1/items/${itemId}/schedule`;
    const early = await api.as('social_media_manager', 'PUT', path, {
      body: { publications: [now] },
    });
    expect([early.status, early.json.unmet[0].code]).toEqual([409, 'slot_in_future']);
    await approve(api.engine, itemId, await submit(api.engine, itemId));
    await api.engine.apply('social_media_manager', itemId, 'accept_handoff');
    const before = Date.now();
    const { publications } = await plan(itemId, now);
    expect(Date.parse(publications[0].at) - before).toBeLessThan(30_000);
    const { stage } = await api.engine.until(
      itemId,
      'published',
      (context) => context.publications[0]?.state === 'published',
      40_000,
    );
    expect(stage).toBe('measuring');
    expect(api.engine.posts(itemId)).toHaveLength(1);
  }, 60_000);
});

describe('an edit of a scheduled item', () => {
  it('holds its slot until the deadline, then releases it, proposes the next and tells people', async () => {
    const channelAccountId = await makeAccount({ slots: EVERY_HOUR });
    const itemId = await api.engine.start();
    const at = await toScheduled(api.engine, itemId, {
      accounts: [channelAccountId],
      slotInMs: 2 * DAY_MS,
    });
    await api.engine.apply('creator', itemId, 'save_draft', {
      draft: makeDraft({ title: 'Another title' }),
    });
    const edited = await api.engine.context(itemId);
    expect(edited.stage).toBe('creation');
    expect(edited.approvals.at(-1)?.state).toBe('voided');
    expect(edited.publications).toMatchObject([{ state: 'planned', at }]);
    const deadline = new Date(Date.parse(at) - HOUR_MS).toISOString();
    expect(edited.publications[0]?.heldUntil).toBe(deadline);
    expect((await api.engine.runState(itemId)).nextDeadline).not.toBeNull();

    await api.engine.travel(itemId, { to: new Date(Date.parse(deadline) + 60_000).toISOString() });
    await api.engine.until(
      itemId,
      'released',
      ({ publications }) => publications[0]?.state === 'skipped',
    );
    const item = await api.ok('social_media_manager', 'GET', `/v1/items/${itemId}`);
    expect(item.publications[0]).toMatchObject({
      released: true,
      evidence: 'not approved in time',
    });
    expect(Date.parse(item.publications[0].proposal.at)).toBeGreaterThan(Date.parse(deadline));
    expect(item.waitingOn).toContainEqual(
      expect.objectContaining({ role: 'social_media_manager', for: 'plan_schedule' }),
    );
    const inbox = await api.ok('social_media_manager', 'GET', '/v1/inbox?limit=200');
    expect(inbox.items.map(({ id }: Json) => id)).toContain(itemId);
    const { rows } = await api.engine.deps.db.$client.query(
      "select payload from outbox where item_id = $1 and type = 'publication.slot_released'",
      [itemId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].payload).toMatchObject({ data: { publicationId: item.publications[0].id } });
    // Told at the release; what is shown now was looked for a minute later, and may be the slot after it.
    const toldMs = Date.parse(rows[0].payload.proposedAt);
    expect(toldMs).toBeGreaterThan(Date.parse(deadline));
    expect(toldMs).toBeLessThanOrEqual(Date.parse(item.publications[0].proposal.at));
    const next = await plan(itemId, { channelAccountId, slot: 'next' });
    expect(next.publications.at(-1)).toMatchObject({ state: 'tentative' });
    const after = await api.ok('social_media_manager', 'GET', `/v1/items/${itemId}`);
    expect(after.publications[0].proposal).toBeUndefined();
    expect(after.waitingOn.map(({ role }: Json) => role)).toEqual(['creator']);
  }, 60_000);

  it('keeps a held slot of the brief’s revision as well', async () => {
    const itemId = await api.engine.start();
    await toScheduled(api.engine, itemId, { slotInMs: 2 * DAY_MS });
    await api.engine.apply('strategist', itemId, 'save_brief', {
      brief: makeBrief({ keyMessage: 'Another message' }),
    });
    const { stage, publications } = await api.engine.context(itemId);
    expect(stage).toBe('creation');
    expect(publications).toMatchObject([{ state: 'planned', heldUntil: expect.any(String) }]);
    const checklist = tickedChecklist('review');
    const { contentHash } = await api.engine.apply('creator', itemId, 'submit_for_review', {
      checklist,
    });
    await approve(api.engine, itemId, contentHash ?? '');
    await api.engine.apply('social_media_manager', itemId, 'accept_handoff');
    await api.engine.apply('social_media_manager', itemId, 'plan_schedule', { publications: [] });
    const replanned = await api.engine.context(itemId);
    expect(replanned.stage).toBe('scheduled');
    expect(replanned.publications[0]).not.toHaveProperty('heldUntil');
    expect(replanned.publications[0]?.id).toBe(publications[0]?.id);
  });
});

describe('the rows of publications', () => {
  it('change in the statement that moves the item, and only with the plan', async () => {
    const itemId = await api.engine.start();
    const at = await toScheduled(api.engine, itemId, { slotInMs: 2 * DAY_MS });
    const { $client } = api.engine.deps.db;
    const rowsOf = async () =>
      (await $client.query('select * from publications where item_id = $1', [itemId])).rows;
    const [row] = await rowsOf();
    expect(row).toMatchObject({ state: 'planned', tz_version: tzdataVersion() });
    expect(row.at.toISOString()).toBe(at);
    const { seq } = await api.engine.item(itemId);
    expect(row.changed_seq).toBe(seq);
    await api.engine.apply('social_media_manager', itemId, 'hold', { reason: 'wait' });
    expect(await rowsOf()).toEqual([row]);
    await api.engine.apply('social_media_manager', itemId, 'resume', { reason: 'go' });
    await api.engine.apply('social_media_manager', itemId, 'unschedule', { reason: 'later' });
    expect((await rowsOf())[0]).toMatchObject({ state: 'skipped', evidence: 'unscheduled' });
  });
});

describe('weekly slots', () => {
  it('name the field and the rule that they break', async () => {
    const id = await makeAccount(null);
    const path = `/v1/channel-accounts/${id}/slots`;
    const put = (body: object) => api.as('social_media_manager', 'PUT', path, { body });
    const nine = { weekday: 1, time: '09:00' };
    const cases: [object, string, string][] = [
      [{ slots: [nine, nine] }, 'slots.1', 'overlaps slots.0: both are at the same time'],
      [
        { slots: [nine, { weekday: 1, time: '09:20' }], rules: { minGapMinutes: 30 } },
        'slots.1',
        'overlaps slots.0: 20 minutes apart, rules.minGapMinutes is 30',
      ],
      [{ slots: [{ weekday: 8, time: '09:00' }] }, 'slots.0.weekday', ''],
      [{ slots: [{ weekday: 1, time: '24:00' }] }, 'slots.0.time', 'is a time such as 09:30'],
      [{ slots: [], rules: { maxPerDay: 0 } }, 'rules.maxPerDay', ''],
    ];
    for (const [body, field, message] of cases) {
      const { status, json } = await put(body);
      expect([status, json.issues[0].path]).toEqual([400, field]);
      expect(json.issues[0].message).toContain(message);
    }
    expect((await api.ok('creator', 'GET', path)).slots).toEqual([]);
    expect((await api.as('creator', 'PUT', path, { body: { slots: [] } })).status).toBe(403);
    const unknown = await api.as(
      'social_media_manager',
      'PUT',
      '/v1/channel-accounts/cha_x/slots',
      {
        body: { slots: [] },
      },
    );
    expect(unknown.status).toBe(404);
  });

  it('keep their wall times when the account moves to another zone', async () => {
    const id = await makeAccount({ slots: [{ weekday: 2, time: '12:15' }] });
    await api.as('social_media_manager', 'PATCH', `/v1/channel-accounts/${id}`, {
      body: { zone: 'Asia/Tokyo' },
    });
    const { zone, slots } = await api.ok('creator', 'GET', `/v1/channel-accounts/${id}/slots`);
    expect({ zone, slots }).toEqual({
      zone: 'Asia/Tokyo',
      slots: [{ weekday: 2, time: '12:15', active: true }],
    });
    const itemId = await inCreation();
    await plan(itemId, { channelAccountId: id, slot: 'next' });
    const [record] = (await api.engine.context(itemId)).publications;
    expect(record).toMatchObject({ zone: 'Asia/Tokyo' });
    expect(record?.local).toMatch(/T12:15$/);
    expect(record?.at).toMatch(/T03:15:00/);
  });
});
