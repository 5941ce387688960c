import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tzdataVersion } from '../../src/time/zoned-time.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import {
  acceptHandoff,
  approve,
  DAY_MS,
  HOUR_MS,
  submit,
  toCreation,
  toScheduled,
} from '../support/item-story.ts';
import { EVERY_HOUR, inCreation, later, makeAccount, plan } from '../support/slot-plans.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

describe('the next free slot', () => {
  it('is another one for each of 50 plans at once on one account', async () => {
    const channelAccountId = await makeAccount(api, { slots: EVERY_HOUR });
    const itemIds: string[] = [];
    for (let batch = 0; batch < 10; batch += 1) {
      itemIds.push(...(await Promise.all(Array.from({ length: 5 }, () => inCreation(api)))));
    }
    const planned = await Promise.all(
      itemIds.map((itemId) => plan(api, itemId, { channelAccountId, slot: 'next' })),
    );
    const slots = planned.map(({ publications }) => publications[0].at);
    expect(new Set(slots).size).toBe(50);
    expect(planned.every(({ publications }) => publications[0].state === 'tentative')).toBe(true);
    const { rows } = await api.engine.deps.db.$client.query(
      'select count(distinct at)::int as count from publications where channel_account_id = $1',
      [channelAccountId],
    );
    expect(rows[0].count).toBe(50);
  });

  it('is the same for a repeated command, and lies in the zone of the account', async () => {
    const channelAccountId = await makeAccount(api, { slots: [{ weekday: 3, time: '09:30' }] });
    const itemId = await inCreation(api);
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
    const other = await inCreation(api);
    await plan(api, other, { channelAccountId, slot: 'next' });
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
    const channelAccountId = await makeAccount(api, { slots: [{ weekday: 5, time: '10:00' }] });
    const started = await api.engine.start();
    const refused = await api.as('social_media_manager', 'PUT', `/v1/items/${started}/schedule`, {
      body: { publications: [{ channelAccountId, slot: 'next' }] },
    });
    expect([refused.status, refused.json.code]).toEqual([409, 'refused']);
    const first = await inCreation(api);
    const held = (await plan(api, first, { channelAccountId, slot: 'next' })).publications[0].at;
    await plan(api, first, { channelAccountId, at: later(30 * DAY_MS + 60_000) });
    const second = await inCreation(api);
    const again = (await plan(api, second, { channelAccountId, slot: 'next' })).publications[0].at;
    expect(again).toBe(held);
    await api.ok('strategist', 'POST', `/v1/items/${second}/cancel`, { reason: 'not needed' });
    const third = await inCreation(api);
    expect((await plan(api, third, { channelAccountId, slot: 'next' })).publications[0].at).toBe(
      held,
    );
  });

  it('lies after the embargo and outside blackouts', async () => {
    const channelAccountId = await makeAccount(api, { slots: EVERY_HOUR });
    const until = later(3 * DAY_MS);
    await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      channelAccountId,
      from: until,
      until: later(4 * DAY_MS),
      reason: 'a fair',
    });
    const itemId = await api.engine.start();
    await toCreation(api.engine, itemId, { brief: { embargoUntil: until } });
    const { publications } = await plan(api, itemId, { channelAccountId, slot: 'next' });
    expect(Date.parse(publications[0].at)).toBeGreaterThanOrEqual(
      Date.parse(until) + DAY_MS - 1_000,
    );
    expect(Date.parse(publications[0].at)).toBeLessThan(Date.parse(until) + DAY_MS + 2 * HOUR_MS);
  });

  it('without weekly slots, or with none that is free, says so and changes nothing', async () => {
    const itemId = await inCreation(api);
    const without = await makeAccount(api, null);
    const full = await makeAccount(api, { slots: [{ weekday: 1, time: '08:00' }] });
    await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      channelAccountId: full,
      from: later(0),
      until: later(90 * DAY_MS),
      reason: 'closed',
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
    const itemId = await inCreation(api);
    const channelAccountId = await makeAccount(api, null);
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
    const itemId = await inCreation(api);
    const channelAccountId = await makeAccount(api, null, 'UTC');
    const at = '2030-10-27T01:30:00.000Z';
    await plan(api, itemId, { channelAccountId, at, zone: 'Europe/Paris' });
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
    const itemId = await inCreation(api);
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
    const itemId = await inCreation(api);
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
    const channelAccountId = await makeAccount(api, { slots: [], rules }, 'UTC');
    const at = `${later(40 * DAY_MS).slice(0, 10)}T10:00:00.000Z`;
    await plan(api, await inCreation(api), { channelAccountId, at });
    const itemId = await inCreation(api);
    const near = at.replace('T10:00', 'T11:00');
    const { warnings, publications } = await plan(api, itemId, { channelAccountId, at: near });
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
    const channelAccountId = await makeAccount(api, { slots: EVERY_HOUR });
    const itemId = await inCreation(api);
    const at = later(20 * DAY_MS);
    const { id } = await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      channelAccountId,
      from: later(19 * DAY_MS),
      until: later(21 * DAY_MS),
      reason: 'holidays',
    });
    const body = { publications: [{ channelAccountId, at }] };
    const path = `/v1/items/${itemId}/schedule`;
    const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
    expect([status, json.unmet[0].code]).toEqual([409, 'not_blacked_out']);
    await api.as('social_media_manager', 'DELETE', `/v1/blackouts/${id}`);
    expect((await plan(api, itemId, { channelAccountId, at })).publications[0].at).toBe(at);
  });

  it('that keeps a slot inside a new blackout is refused', async () => {
    const channelAccountId = await makeAccount(api, null);
    const itemId = await api.engine.start();
    const at = await toScheduled(api.engine, itemId, {
      accounts: [channelAccountId],
      slotInMs: 9 * DAY_MS,
    });
    await api.ok('social_media_manager', 'POST', '/v1/blackouts', {
      channelAccountId,
      from: at,
      until: later(10 * DAY_MS),
      reason: 'a strike',
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
    const channelAccountId = await makeAccount(api, null);
    const at = later(12 * DAY_MS);
    const itemIds = await Promise.all(Array.from({ length: 5 }, () => inCreation(api)));
    const planned = await Promise.all(
      itemIds.map((itemId) => plan(api, itemId, { channelAccountId, at })),
    );
    const told = planned.map(({ warnings = [] }) => {
      const messages: string[] = warnings.map(({ code, message }: Json) => `${code}: ${message}`);
      expect(messages.every((message) => message.startsWith('spacing: '))).toBe(true);
      return messages.join();
    });
    const namedBy = told.map((message) => new Set(message.match(/itm_\w+/g)));
    const isLast = (index: number) => told[index]?.includes('and 1 more') === true;
    const order = [0, 1, 2, 3, 4].toSorted(
      (a, b) =>
        (namedBy[a]?.size ?? 0) - (namedBy[b]?.size ?? 0) || Number(isLast(a)) - Number(isLast(b)),
    );
    expect(told.filter((message) => message.includes('and 1 more'))).toHaveLength(1);
    for (const [place, index] of order.entries()) {
      const before = order.slice(0, place).map((earlier) => itemIds[earlier]);
      // Three are named at most: whichever of those before.
      expect(namedBy[index]?.size).toBe(Math.min(place, 3));
      expect(before).toEqual(expect.arrayContaining([...(namedBy[index] ?? [])]));
      if (place > 0) expect(told[index]).toContain(`at the very same time, ${at}`);
    }
  });

  it('is told of one that takes a free slot meanwhile, whichever comes first', async () => {
    const channelAccountId = await makeAccount(api, { slots: [{ weekday: 2, time: '11:00' }] });
    const probe = await inCreation(api);
    const at = (await plan(api, probe, { channelAccountId, slot: 'next' })).publications[0].at;
    await api.engine.apply('strategist', probe, 'cancel', { reason: 'only to see the slot' });
    const [named, free] = await Promise.all([inCreation(api), inCreation(api)]);
    const [byTime, next] = await Promise.all([
      plan(api, named, { channelAccountId, at }),
      plan(api, free, { channelAccountId, slot: 'next' }),
    ]);
    const isTold = (byTime.warnings ?? []).length === 1;
    expect(next.publications[0].at === at).toBe(isTold);
  });

  it('knows the whole of a day on which daylight saving ends', async () => {
    const channelAccountId = await makeAccount(api, { slots: [], rules: { maxPerDay: 1 } });
    await plan(api, await inCreation(api), { channelAccountId, local: '2030-10-27T23:30:00' });
    const midnight = { channelAccountId, local: '2030-10-27T00:00:00' };
    const { warnings } = await plan(api, await inCreation(api), midnight);
    expect(warnings).toMatchObject([{ code: 'spacing' }]);
    expect(warnings[0].message).toContain('2 times on 2030-10-27, maxPerDay is 1');
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
    await acceptHandoff(api.engine, itemId, 'social_media_manager');
    const before = Date.now();
    const { publications } = await plan(api, itemId, now);
    const at = Date.parse(publications[0].at);
    expect(at).toBeGreaterThanOrEqual(before + 10_000);
    expect(at).toBeLessThanOrEqual(Date.now() + 10_000);
    const { stage } = await api.engine.until(
      itemId,
      'published',
      (context) => context.publications[0]?.state === 'published',
    );
    expect(stage).toBe('measuring');
    expect(api.engine.posts(itemId)).toHaveLength(1);
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
    const id = await makeAccount(api, null);
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
    const id = await makeAccount(api, { slots: [{ weekday: 2, time: '12:15' }] });
    await api.as('social_media_manager', 'PATCH', `/v1/channel-accounts/${id}`, {
      body: { zone: 'Asia/Tokyo' },
    });
    const { zone, slots } = await api.ok('creator', 'GET', `/v1/channel-accounts/${id}/slots`);
    expect({ zone, slots }).toEqual({
      zone: 'Asia/Tokyo',
      slots: [{ weekday: 2, time: '12:15', active: true }],
    });
    const itemId = await inCreation(api);
    await plan(api, itemId, { channelAccountId: id, slot: 'next' });
    const [record] = (await api.engine.context(itemId)).publications;
    expect(record).toMatchObject({ zone: 'Asia/Tokyo' });
    expect(record?.local).toMatch(/T12:15$/);
    expect(record?.at).toMatch(/T03:15:00/);
  });
});
