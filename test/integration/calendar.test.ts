import { randomUUID } from 'node:crypto';
import ICAL from 'ical.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFeed } from '../../src/db/calendar/calendar.ts';
import { updateMember } from '../../src/db/workspace/members.ts';
import { type Json, openApi } from '../support/api-fixture.ts';
import { brokenCalendarRules } from '../support/calendar-rules.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { DAY_MS, toCreation, toMeasuring, toScheduled } from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

async function makeAccount(zone = 'America/New_York'): Promise<string> {
  const body = { channel: 'sandbox', name: `account ${randomUUID()}`, zone };
  return (await api.ok('social_media_manager', 'POST', '/v1/channel-accounts', body)).id;
}

/** An item with a held slot. */
async function held(
  channelAccountId: string,
  {
    inMs = 3 * DAY_MS,
    title = 'An item',
    embargoUntil,
  }: {
    inMs?: number;
    title?: string;
    embargoUntil?: string;
  } = {},
): Promise<string> {
  const itemId = await api.engine.start({ title });
  await toCreation(
    api.engine,
    itemId,
    embargoUntil === undefined ? {} : { brief: { embargoUntil } },
  );
  const at = new Date(Date.now() + inMs).toISOString();
  await api.engine.apply('social_media_manager', itemId, 'plan_schedule', {
    publications: [{ channelAccountId, at }],
  });
  return itemId;
}

const entriesOf = async (query: string): Promise<Json[]> =>
  (await api.ok('creator', 'GET', `/v1/calendar?${query}`)).items;

async function feedOf(body: object = {}): Promise<{ id: string; url: string }> {
  return api.ok('creator', 'POST', '/v1/calendar/feeds', body);
}

async function events(url: string) {
  const response = await fetch(url);
  const text = await response.text();
  const calendar = new ICAL.Component(ICAL.parse(text));
  for (const zone of calendar.getAllSubcomponents('vtimezone')) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return {
    response,
    text,
    events: calendar
      .getAllSubcomponents('vevent')
      .map((component) => ({ component, event: new ICAL.Event(component) })),
  };
}

describe('GET /v1/calendar', () => {
  it('shows held, planned and published posts by their time, with wall time and zone', async () => {
    const channelAccountId = await makeAccount('Asia/Kolkata');
    const second = await held(channelAccountId, { inMs: 4 * DAY_MS, title: 'Second' });
    const first = await api.engine.start({ title: 'First' });
    await toScheduled(api.engine, first, { accounts: [channelAccountId], slotInMs: 2 * DAY_MS });
    const items = await entriesOf(`channelAccountId=${channelAccountId}`);
    expect(items).toMatchObject([
      { itemId: first, title: 'First', state: 'planned', stage: 'scheduled', zone: 'Asia/Kolkata' },
      { itemId: second, title: 'Second', state: 'tentative', stage: 'creation', warnings: [] },
    ]);
    const wall = new Date(Date.parse(items[0].at) + 5.5 * 3_600_000).toISOString();
    expect(wall.startsWith(items[0].local)).toBe(true);
  });

  it('shows a published post with its link, and cancelled ones only when asked', async () => {
    const channelAccountId = await makeAccount();
    const itemId = await api.engine.start();
    await toMeasuring(api.engine, itemId, { accounts: [channelAccountId] });
    const dropped = await held(channelAccountId);
    await api.ok('strategist', 'POST', `/v1/items/${dropped}/cancel`, { reason: 'no' });
    const own = `channelAccountId=${channelAccountId}`;
    const range = `${own}&from=${new Date(Date.now() - DAY_MS).toISOString()}`;
    expect(await entriesOf(range)).toMatchObject([
      {
        itemId,
        state: 'published',
        permalink: expect.any(String),
        publishedAt: expect.any(String),
      },
    ]);
    const all = await entriesOf(`${range}&cancelled=true`);
    expect(all.map(({ itemId: id, state }) => [id, state])).toEqual([
      [itemId, 'published'],
      [dropped, 'skipped'],
    ]);
  });

  it('is paged in the order of time, and cut to its range', async () => {
    const channelAccountId = await makeAccount();
    for (const day of [3, 1, 2])
      await held(channelAccountId, { inMs: day * DAY_MS + 3_600_000 * 5 });
    const own = `channelAccountId=${channelAccountId}&limit=2`;
    const page = await api.ok('creator', 'GET', `/v1/calendar?${own}`);
    expect(page.items).toHaveLength(2);
    const rest = await api.ok('creator', 'GET', `/v1/calendar?${own}&cursor=${page.nextCursor}`);
    expect(rest.nextCursor).toBeNull();
    const times = [...page.items, ...rest.items].map(({ at }: Json) => at);
    expect(times).toEqual([...times].sort());
    expect(times).toHaveLength(3);
    const to = page.items[1].at;
    expect(await entriesOf(`channelAccountId=${channelAccountId}&to=${to}`)).toHaveLength(1);
  });

  it('refuses a range that ends before it starts or is too long, and shows no other workspace', async () => {
    const bad = async (query: string) => {
      const { status, json } = await api.as('creator', 'GET', `/v1/calendar?${query}`);
      return [status, json.issues[0].path];
    };
    const from = '2030-01-01T00:00:00Z';
    expect(await bad(`from=${from}&to=2029-12-31T00:00:00Z`)).toEqual([400, 'to']);
    expect(await bad(`from=${from}&to=2032-01-01T00:00:00Z`)).toEqual([400, 'to']);
    expect(await bad('from=tomorrow')).toEqual([400, 'from']);
    const theirs = await makeWorkspace(api.engine.deps.db);
    const key = theirs.members[0]?.key ?? '';
    expect((await api.call(key, 'GET', '/v1/calendar')).json.items).toEqual([]);
  });

  it('warns when the time-zone rules have moved a wall time since it was planned', async () => {
    const channelAccountId = await makeAccount('UTC');
    const itemId = await held(channelAccountId);
    await api.engine.deps.db.$client.query(
      "update publications set tz_version = '2020a', zone = 'Europe/Paris' where item_id = $1",
      [itemId],
    );
    const [entry] = await entriesOf(`channelAccountId=${channelAccountId}`);
    expect(entry.warnings).toMatchObject([{ code: 'zone_rules_changed' }]);
    expect(entry.warnings[0].message).toContain('2020a');
  });
});

describe('the calendar feed', () => {
  it('parses with a second library: stable UID, TZID, the right instant, SEQUENCE up, CANCELLED', async () => {
    const channelAccountId = await makeAccount('America/New_York');
    const itemId = await held(channelAccountId, {
      inMs: 40 * DAY_MS,
      title: 'Bread; and, more\nlines',
    });
    const { url } = await feedOf({ channelAccountId });
    const first = await events(url);
    expect(first.response.headers.get('content-type')).toBe('text/calendar; charset=utf-8');
    expect(first.events).toHaveLength(1);
    expect(brokenCalendarRules(first.text)).toEqual([]);
    const before = first.events[0];
    const [record] = (await api.engine.context(itemId)).publications;
    expect(before?.event.uid).toBe(`${record?.id}@baton`);
    expect(before?.event.summary).toContain('Bread; and, more\nlines');
    expect(before?.event.startDate.zone.tzid).toBe('America/New_York');
    const seconds = (instant: string) => Math.floor(Date.parse(instant) / 1_000);
    expect(before?.event.startDate.toUnixTime()).toBe(seconds(record?.at ?? ''));
    expect(before?.component.getFirstPropertyValue('status')).toBe('TENTATIVE');

    await api.engine.apply('social_media_manager', itemId, 'plan_schedule', {
      publications: [{ channelAccountId, at: new Date(Date.now() + 200 * DAY_MS).toISOString() }],
    });
    const moved = (await events(url)).events[0];
    expect(moved?.event.uid).toBe(before?.event.uid);
    expect(moved?.event.sequence).toBeGreaterThan(before?.event.sequence ?? 0);
    const at = (await api.engine.context(itemId)).publications[0]?.at ?? '';
    expect(moved?.event.startDate.toUnixTime()).toBe(seconds(at));

    await api.ok('strategist', 'POST', `/v1/items/${itemId}/cancel`, { reason: 'no' });
    const gone = (await events(url)).events[0];
    expect(gone?.event.uid).toBe(before?.event.uid);
    expect(gone?.component.getFirstPropertyValue('status')).toBe('CANCELLED');
    expect(gone?.event.sequence).toBeGreaterThan(moved?.event.sequence ?? 0);
  });

  it('moves SEQUENCE and LAST-MODIFIED when the item or its account is renamed', async () => {
    const channelAccountId = await makeAccount();
    const itemId = await held(channelAccountId, { title: 'Before' });
    const { url } = await feedOf({ channelAccountId });
    const shown = async () => {
      const { event, component } = (await events(url)).events[0] ?? {};
      const stamps = ['dtstamp', 'last-modified'].map((name) =>
        String(component?.getFirstPropertyValue(name)),
      );
      return { summary: event?.summary ?? '', sequence: event?.sequence ?? 0, stamps };
    };
    const { $client } = api.engine.deps.db;
    // A minute ago, because the stamps of a feed are whole seconds.
    await $client.query(
      "update publications set changed_at = now() - interval '1 minute' where item_id = $1",
      [itemId],
    );
    let before = await shown();
    const name = `renamed ${randomUUID()}`;
    await api.ok('social_media_manager', 'PATCH', `/v1/channel-accounts/${channelAccountId}`, {
      name,
    });
    let after = await shown();
    expect(after.summary).toBe(`Before (${name})`);
    expect(after.sequence).toBeGreaterThan(before.sequence);
    for (const [index, stamp] of after.stamps.entries()) {
      expect(stamp > (before.stamps[index] ?? '')).toBe(true);
    }
    before = after;
    await $client.query("update items set title = 'After' where id = $1", [itemId]);
    after = await shown();
    expect(after.summary).toBe(`After (${name})`);
    expect(after.sequence).toBeGreaterThan(before.sequence);
    await api.ok('social_media_manager', 'PATCH', `/v1/channel-accounts/${channelAccountId}`, {
      name,
    });
    expect(await shown()).toEqual(after);
  });

  it.each(['missed', 'unknown'])(
    'does not confirm a post that is %s, and says so',
    async (state) => {
      const channelAccountId = await makeAccount();
      const itemId = await held(channelAccountId, { title: 'In doubt' });
      await api.engine.deps.db.$client.query(
        'update publications set state = $2 where item_id = $1',
        [itemId, state],
      );
      const { url } = await feedOf({ channelAccountId });
      const entry = (await events(url)).events[0];
      expect(entry?.component.getFirstPropertyValue('status')).toBe('TENTATIVE');
      expect(entry?.event.summary).toMatch(new RegExp(`^\\[${state}\\] In doubt \\(`));
    },
  );

  it('has what lies ahead first, and of the rest the latest, when there is more than it takes', async () => {
    const { db } = api.engine.deps;
    const channelAccountId = await makeAccount();
    const ids: string[] = [];
    for (const inMs of [DAY_MS, 2 * DAY_MS, 3 * DAY_MS, 4 * DAY_MS]) {
      ids.push(await held(channelAccountId, { inMs }));
    }
    const [older, old, soon, later] = ids;
    const past = "update publications set at = now() - $2 * interval '1 day' where item_id = $1";
    await db.$client.query(past, [older, 20]);
    await db.$client.query(past, [old, 10]);
    const now = new Date().toISOString();
    const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    const { workspaceId } = api.engine.workspace;
    const range = { from: day(-90), to: day(365), now };
    const of = async (limit: number) => {
      const rows = await readFeed(db, { workspaceId, channelAccountId, ...range, limit });
      return rows.map(({ publication }) => publication.itemId);
    };
    expect(await of(1)).toEqual([soon]);
    expect(await of(2)).toEqual([soon, later]);
    expect(await of(3)).toEqual([old, soon, later]);
    expect(await of(9)).toEqual([older, old, soon, later]);
  });

  it('is addressed by what is known, never by the word of a Host header', async () => {
    const { members } = api.engine.workspace;
    const key = members.find(({ role }) => role === 'creator')?.key;
    const add = async (host: string, app = api.app) => {
      const response = await app.request(`http://${host}/v1/calendar/feeds`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
      });
      const { url } = (await response.json()) as { url: string };
      return url.replace(/token=[\w-]{43}$/, 'token=…');
    };
    expect(await add('evil.example')).toBe('/v1/calendar.ics?token=…');
    expect(await add('127.0.0.1.evil.example')).toBe('/v1/calendar.ics?token=…');
    expect(await add('localhost:8400')).toBe('http://localhost:8400/v1/calendar.ics?token=…');
    const known = await openApi(
      { ...api.engine.deps, sender: api.engine.sender },
      { settings: { publicUrl: 'https://baton.example/api' } },
    );
    try {
      const url = await add('evil.example', known.app);
      expect(url).toBe('https://baton.example/api/v1/calendar.ics?token=…');
    } finally {
      await known.close();
    }
  });

  it('masks the title of what is under embargo', async () => {
    const channelAccountId = await makeAccount();
    const embargoUntil = new Date(Date.now() + 5 * DAY_MS).toISOString();
    const title = `Secret ${randomUUID()}`;
    await held(channelAccountId, { inMs: 6 * DAY_MS, title, embargoUntil });
    const { url } = await feedOf({ channelAccountId });
    const feed = await events(url);
    expect(feed.events).toHaveLength(1);
    expect(feed.text).not.toContain('Secret');
    expect(feed.events[0]?.event.summary).toContain('Under embargo');
  });

  it('answers 304 while nothing has changed', async () => {
    const channelAccountId = await makeAccount();
    const itemId = await held(channelAccountId);
    const { url } = await feedOf({ channelAccountId });
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const again = () => fetch(url, { headers: { 'if-none-match': etag } });
    expect((await again()).status).toBe(304);
    await api.engine.apply(
      'social_media_manager',
      itemId,
      'hold',
      { reason: 'x' },
      {
        caller: { ...api.engine.callerFor('strategist'), roles: ['admin'] },
      },
    );
    expect((await again()).status).toBe(304);
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/cancel`, { reason: 'no' });
    const changed = await again();
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('has a secret of its own: shown once, stored hashed, revocable by its member or an admin', async () => {
    const { id, url } = await feedOf();
    const secret = new URL(url).searchParams.get('token') ?? '';
    const list = await api.as('creator', 'GET', '/v1/calendar/feeds');
    expect(list.json.items.map((feed: Json) => feed.id)).toContain(id);
    expect(list.text).not.toContain(secret);
    const others = await api.ok('editor', 'GET', '/v1/calendar/feeds');
    expect(others.items).toEqual([]);
    expect((await api.as('editor', 'DELETE', `/v1/calendar/feeds/${id}`)).status).toBe(404);
    expect((await fetch(url)).status).toBe(200);
    expect((await api.as('creator', 'DELETE', `/v1/calendar/feeds/${id}`)).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
    expect((await api.as('strategist', 'DELETE', `/v1/calendar/feeds/${id}`)).status).toBe(404);
    expect(JSON.stringify(api.logged)).not.toContain(secret);
  });

  it('is 404 for an unknown secret, a malformed one, and that of a member who left', async () => {
    const { url } = await feedOf();
    const unknown = new URL(url);
    for (const token of ['x', 'A'.repeat(43), `${'a'.repeat(42)}%`]) {
      unknown.searchParams.set('token', token);
      expect((await fetch(unknown)).status).toBe(404);
    }
    const { workspaceId } = api.engine.workspace;
    const memberId = api.engine.workspace.memberOf('creator');
    const { db } = api.engine.deps;
    await updateMember(db, { workspaceId, memberId, change: { active: false } });
    expect((await fetch(url)).status).toBe(404);
    await updateMember(db, { workspaceId, memberId, change: { active: true } });
    expect((await fetch(url)).status).toBe(200);
  });

  it('is valid without any entry, and whatever a calendar program adds to its address', async () => {
    const { url } = await feedOf({ channelAccountId: await makeAccount() });
    for (const added of ['', '&nocache=1', '&utm_source=x&token2=y', '&=']) {
      const { response, text, events: shown } = await events(url + added);
      expect(response.status).toBe(200);
      expect(brokenCalendarRules(text)).toEqual([]);
      expect(shown).toEqual([]);
    }
  });

  it('is refused for an account of another workspace', async () => {
    const { channelAccounts } = await makeWorkspace(api.engine.deps.db);
    const body = { channelAccountId: channelAccounts[0]?.channelAccountId };
    const { status, json } = await api.as('creator', 'POST', '/v1/calendar/feeds', { body });
    expect([status, json.issues[0].path]).toEqual([400, 'channelAccountId']);
  });
});
