import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeMember, listHolders, updateMember } from '../../src/db/workspace/members.ts';
import { hashOf } from '../../src/domain/canonical.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { countRows, type Reply } from '../support/api-fixture.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

/** A problem but for the request it was given to. */
const told = ({ json }: Reply) => ({ ...json, requestId: '' });
const keyed = (key: string = randomUUID()) => ({ 'idempotency-key': key });

describe('an idempotency key of a request that is no command', () => {
  it('does the work once and gives the first answer again', async () => {
    const headers = keyed();
    const body = { name: 'Robin', roles: ['designer'] };
    const first = await api.as('strategist', 'POST', '/v1/members', { body, headers });
    expect(first.status).toBe(201);
    const again = await api.as('strategist', 'POST', '/v1/members', { body, headers });
    expect(again.status).toBe(201);
    expect(again.json).toEqual(first.json);
    const reordered = { roles: ['designer'], name: 'Robin' };
    const same = await api.as('strategist', 'POST', '/v1/members', { body: reordered, headers });
    expect(same.json).toEqual(first.json);
  });

  it('does the work once when twenty arrive together', async () => {
    const { db } = api.database;
    const before = await countRows(db, 'members');
    const headers = keyed();
    const body = { name: 'Twenty', roles: ['editor'] };
    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        api.as('strategist', 'POST', '/v1/members', { body, headers }),
      ),
    );
    for (const { status, text } of replies) expect([status, text]).toEqual([201, replies[0]?.text]);
    expect(await countRows(db, 'members')).toBe(before + 1);
  });

  it('is a conflict with another body or another path', async () => {
    const headers = keyed();
    await api.as('strategist', 'POST', '/v1/members', {
      body: { name: 'A', roles: ['legal'] },
      headers,
    });
    const other = await api.as('strategist', 'POST', '/v1/members', {
      body: { name: 'B', roles: ['legal'] },
      headers,
    });
    expect(other.status).toBe(409);
    expect(other.json.code).toBe('idempotency_conflict');
    const elsewhere = await api.as('strategist', 'POST', '/v1/channel-accounts', {
      body: { channel: 'sandbox', name: 'n', zone: 'UTC' },
      headers,
    });
    expect(elsewhere.json.code).toBe('idempotency_conflict');
  });

  it('belongs to one API key', async () => {
    const headers = keyed();
    const itemId = await api.start();
    const path = `/v1/items/${itemId}/comments`;
    const first = await api.as('strategist', 'POST', path, { body: { text: 'one' }, headers });
    const second = await api.as('creator', 'POST', path, { body: { text: 'two' }, headers });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json.id).not.toBe(first.json.id);
  });

  it('gives a refusal again, also when the request would be granted by now', async () => {
    const headers = keyed();
    const body = { name: 'Later granted', roles: ['legal'] };
    const refused = await api.as('editor', 'POST', '/v1/members', { body, headers });
    expect(refused.status).toBe(403);
    const { workspaceId } = api.workspace;
    const memberId = api.workspace.memberOf('editor');
    const { db } = api.database;
    await updateMember(db, { workspaceId, memberId, change: { roles: ['editor', 'admin'] } });
    const again = await api.as('editor', 'POST', '/v1/members', { body, headers });
    await updateMember(db, { workspaceId, memberId, change: { roles: ['editor'] } });
    expect([again.status, told(again)]).toEqual([403, told(refused)]);
    expect(again.json.requestId).toBe(again.headers.get('x-request-id'));
  });

  it.each([
    ['a body that its schema refuses', { name: '', roles: ['legal'] }],
    ['a body that the workspace refuses', { name: 'C', roles: ['legal'], backupId: 'mbr_nobody' }],
  ])('is used up by %s', async (_, body) => {
    const headers = keyed();
    const refused = await api.as('strategist', 'POST', '/v1/members', { body, headers });
    expect(refused.status).toBe(400);
    const again = await api.as('strategist', 'POST', '/v1/members', { body, headers });
    expect([again.status, told(again)]).toEqual([400, told(refused)]);
    const mended = { name: 'C', roles: ['legal'] };
    const { json } = await api.as('strategist', 'POST', '/v1/members', { body: mended, headers });
    expect(json.code).toBe('idempotency_conflict');
    const elsewhere = await api.as('strategist', 'POST', '/v1/items', {
      body: { title: 'x' },
      headers,
    });
    expect(elsewhere.json.code).toBe('idempotency_conflict');
  });

  it('gives its answer again to a caller who would be refused by now', async () => {
    const headers = keyed();
    const body = { channel: 'sandbox', name: `account ${randomUUID()}`, zone: 'UTC' };
    const path = '/v1/channel-accounts';
    const first = await api.as('social_media_manager', 'POST', path, { body, headers });
    const { workspaceId } = api.workspace;
    const memberId = api.workspace.memberOf('social_media_manager');
    const { db } = api.database;
    await updateMember(db, { workspaceId, memberId, change: { roles: ['creator'] } });
    const again = await api.as('social_media_manager', 'POST', path, { body, headers });
    await updateMember(db, { workspaceId, memberId, change: { roles: ['social_media_manager'] } });
    expect([again.status, again.json]).toEqual([201, first.json]);
    expect(again.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('is not used up by what never became a request: another try is heard', async () => {
    const headers = keyed();
    const path = '/v1/members';
    const half = await api.as('strategist', 'POST', path, {
      body: '{"name": ',
      headers: { ...headers, 'content-type': 'application/json' },
    });
    expect(half.json.code).toBe('malformed_json');
    const body = { name: 'D', roles: ['legal'] };
    expect((await api.call(null, 'POST', path, { body, headers })).status).toBe(401);
    expect((await api.as('strategist', 'POST', path, { body, headers })).status).toBe(201);
  });

  it('is kept without a trace of the body that others could try out', async () => {
    const headers = keyed();
    const body = { name: 'E', roles: ['legal'] };
    await api.as('strategist', 'POST', '/v1/members', { body, headers });
    const { rows } = await api.database.db.$client.query(
      'select body_hash from idempotency_keys where key = $1',
      [headers['idempotency-key']],
    );
    const plain = hashOf({ method: 'POST', path: '/v1/members', body });
    expect(rows).toEqual([{ body_hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(rows[0].body_hash).not.toBe(plain);
  });

  it.each(['', 'has space', 'x'.repeat(129), 'ümlaut'])('%j is 400', async (key) => {
    const headers = {
      'idempotency-key': encodeURI(key) === key ? key : Buffer.from(key, 'utf8').toString('latin1'),
    };
    const { status, json } = await api.as('strategist', 'POST', '/v1/items', {
      body: { title: 'x' },
      headers,
    });
    expect(status).toBe(400);
    expect(json.issues[0]).toMatchObject({ path: 'Idempotency-Key', in: 'header' });
  });

  it.each(['/healthz', '/v1/items'])('is not judged where %s is only read', async (path) => {
    const headers = { 'idempotency-key': 'has space' };
    expect((await api.as('strategist', 'GET', path, { headers })).status).toBe(200);
  });
});

describe('an idempotency key of a start', () => {
  it('starts one run, however often and however far the item has gone', async () => {
    const headers = keyed();
    const body = { title: 'Once', brief: { objective: 'x' } };
    const first = await api.as('strategist', 'POST', '/v1/items', { body, headers });
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`/v1/items/${first.json.item.id}`);
    const again = await api.as('strategist', 'POST', '/v1/items', { body, headers });
    expect(again.json).toEqual(first.json);
    const other = await api.as('strategist', 'POST', '/v1/items', {
      body: { title: 'Twice' },
      headers,
    });
    expect(other.status).toBe(409);
    expect(other.json.code).toBe('idempotency_conflict');
  });

  it('is used up by a refusal, and a refused body is a conflict for the key of a run', async () => {
    const headers = keyed();
    const start = (body: object, key = headers) =>
      api.as('strategist', 'POST', '/v1/items', { body, headers: key });
    const body = { title: 'No such playbook', playbook: 'none' };
    const refused = await start(body);
    expect(refused.status).toBe(400);
    expect(told(await start(body))).toEqual(told(refused));
    expect((await start({ title: 'Mended' })).json.code).toBe('idempotency_conflict');
    const started = keyed();
    expect((await start({ title: 'Started' }, started)).status).toBe(201);
    expect((await start({ title: '' }, started)).json.code).toBe('idempotency_conflict');
  });

  it('is told what happens next and who owns it', async () => {
    const { json } = await api.as('strategist', 'POST', '/v1/items', { body: { title: 'Next' } });
    expect(json.owner).toEqual({
      role: 'strategist',
      memberId: api.workspace.memberOf('strategist'),
    });
    expect(json.item).toMatchObject({
      stage: 'briefing',
      substage: 'drafting',
      brief: null,
      round: 0,
      approvals: [],
    });
    expect(json.item.waitingOn).toMatchObject([{ role: 'strategist', for: 'offer_handoff' }]);
    const commands = Object.fromEntries(
      json.nextActions.map((action: { command: string; allowed: boolean }) => [
        action.command,
        action.allowed,
      ]),
    );
    expect(commands).toMatchObject({ save_brief: true, offer_handoff: false, cancel: true });
    expect(commands).not.toHaveProperty('sign_off');
  });
});

describe('API keys', () => {
  it('are shown once, work at once, and are stored hashed', async () => {
    const body = { memberId: api.workspace.memberOf('editor'), name: 'laptop' };
    const made = await api.as('strategist', 'POST', '/v1/api-keys', { body });
    expect(made.status).toBe(201);
    const { key, id } = made.json;
    expect(key).toMatch(/^bk_[0-9A-Z]{26}\.[\w-]{43}$/);
    expect((await api.call(key, 'GET', '/v1/members/me')).json.id).toBe(body.memberId);
    const list = await api.as('strategist', 'GET', '/v1/api-keys');
    expect(list.text).toContain(id);
    const secret = key.split('.')[1];
    expect(list.text).not.toContain(secret);
    const { rows } = await api.database.db.$client.query('select * from api_keys');
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect((await api.as('strategist', 'DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
    expect((await api.call(key, 'GET', '/v1/members/me')).status).toBe(401);
    expect((await api.as('strategist', 'DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
  });

  it('made with an idempotency key come again for the same credential, and are readable by nobody else', async () => {
    const body = { memberId: api.workspace.memberOf('editor'), name: 'repeated' };
    const headers = keyed();
    const first = await api.as('strategist', 'POST', '/v1/api-keys', { body, headers });
    const again = await api.as('strategist', 'POST', '/v1/api-keys', { body, headers });
    expect(again.json).toEqual(first.json);
    const { rows } = await api.database.db.$client.query<{ response: Buffer }>(
      'select response from idempotency_keys where response is not null',
    );
    expect(rows.length).toBeGreaterThan(0);
    const secret = first.json.key.split('.')[1];
    for (const { response } of rows) expect(response.includes(secret)).toBe(false);
  });

  it('are not made for strangers, nor expired ones', async () => {
    const make = (body: object) => api.as('strategist', 'POST', '/v1/api-keys', { body });
    expect((await make({ memberId: 'mbr_nobody', name: 'x' })).json.issues[0].path).toBe(
      'memberId',
    );
    const memberId = api.workspace.memberOf('editor');
    const late = await make({ memberId, name: 'x', expiresAt: '2020-01-01T00:00:00Z' });
    expect(late.json.issues[0].path).toBe('expiresAt');
  });
});

describe('members, playbooks and channel accounts', () => {
  it('are listed, added and changed', async () => {
    const added = await api.as('strategist', 'POST', '/v1/members', {
      body: { name: 'Kim', roles: ['social_media_manager'], platformTags: { sandbox: 2 } },
    });
    const change = { active: false, absentFrom: '2026-03-02T00:00:00Z' };
    const { json } = await api.as('strategist', 'PATCH', `/v1/members/${added.json.id}`, {
      body: change,
    });
    expect(json).toMatchObject({
      name: 'Kim',
      active: false,
      absentFrom: '2026-03-02T00:00:00.000Z',
    });
    const list = await api.as('editor', 'GET', '/v1/members?active=false');
    expect(list.json.items.map(({ id }: { id: string }) => id)).toContain(added.json.id);
    const gone = await api.as('strategist', 'PATCH', '/v1/members/mbr_gone', {
      body: { name: 'x' },
    });
    expect(gone.status).toBe(404);
  });

  it('keep an admin from locking themselves out', async () => {
    const own = api.workspace.memberOf('strategist');
    for (const body of [{ active: false }, { roles: ['strategist'] }]) {
      const { status } = await api.as('strategist', 'PATCH', `/v1/members/${own}`, { body });
      expect(status).toBe(400);
    }
  });

  it('never change a stored version of a playbook', async () => {
    const version = { ...STANDARD_PLAYBOOK, version: 7, revisionLimit: 1 };
    const add = (body: object) => api.as('strategist', 'POST', '/v1/playbooks', { body });
    expect((await add(version)).status).toBe(201);
    const again = await add({ ...version, revisionLimit: 5 });
    expect(again.status).toBe(409);
    expect(again.json.code).toBe('conflict');
    const invalid = await add({ ...version, version: 8, gate: [] });
    expect(invalid.json.issues[0].path).toBe('gate');
    const { json } = await api.as('editor', 'GET', '/v1/playbooks');
    expect(json.items.map((one: { version: number }) => one.version)).toEqual([1, 7]);
  });

  it('refuse a zone that does not exist', async () => {
    const body = { channel: 'sandbox', name: 'Second', zone: 'Europe/Pariss' };
    const refused = await api.as('social_media_manager', 'POST', '/v1/channel-accounts', { body });
    expect(refused.json.issues[0].path).toBe('zone');
    const made = await api.as('social_media_manager', 'POST', '/v1/channel-accounts', {
      body: { ...body, zone: 'Europe/Paris' },
    });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ settings: {}, hasCredentials: false });
    const changed = await api.as('strategist', 'PATCH', `/v1/channel-accounts/${made.json.id}`, {
      body: { active: false },
    });
    expect(changed.json.active).toBe(false);
  });
});

describe('the admins of a workspace', () => {
  it.each([
    ['demote', { roles: ['creator'] }],
    ['close', { active: false }],
  ])('are never all gone: of two that %s each other at once one stays', async (_, body) => {
    const { db } = api.database;
    for (let round = 0; round < 8; round += 1) {
      const { workspaceId, members, memberOf } = await makeWorkspace(db);
      const first = memberOf('strategist');
      const second = memberOf('creator');
      const change = { roles: ['admin' as const] };
      await updateMember(db, { workspaceId, memberId: second, change });
      const keyOf = (id: string) => members.find(({ memberId }) => memberId === id)?.key ?? '';
      const replies = await Promise.all([
        api.call(keyOf(first), 'PATCH', `/v1/members/${second}`, { body }),
        api.call(keyOf(second), 'PATCH', `/v1/members/${first}`, { body }),
      ]);
      const statuses = replies.map(({ status }) => status).sort();
      // The loser is no admin any more, or has no key any more.
      expect([200, 401, 403]).toContain(statuses[1]);
      expect(statuses[0]).toBe(200);
      expect(statuses[1]).not.toBe(200);
      const { admin } = await listHolders(db, { workspaceId });
      expect(admin).toHaveLength(1);
    }
  });

  it('stay when the last one would go by another door', async () => {
    const { db } = api.database;
    const { workspaceId, memberOf } = await makeWorkspace(db);
    const memberId = memberOf('strategist');
    const change = { roles: ['creator' as const] };
    const change2 = { active: false };
    const key = { workspaceId, memberId, by: memberId };
    expect(await changeMember(db, { ...key, change })).toBe('last_admin');
    expect(await changeMember(db, { ...key, change: change2 })).toBe('last_admin');
    const by = memberOf('creator');
    expect(await changeMember(db, { ...key, change, by })).toBe('not_admin');
    expect((await listHolders(db, { workspaceId })).admin).toEqual([memberId]);
  });
});

describe('readings', () => {
  const asOf = '2026-03-02T08:00:00Z';

  it('are appended one by one, many at once, or by CSV, and listed latest first', async () => {
    const itemId = await api.start();
    const path = `/v1/items/${itemId}/readings`;
    const one = await api.as('strategist', 'POST', path, {
      body: { measure: 'impressions', value: 10, asOf },
    });
    expect(one.json).toMatchObject({
      count: 1,
      items: [{ source: 'manual', createdBy: expect.any(String) }],
    });
    const many = await api.as('strategist', 'POST', path, {
      body: [
        { measure: 'shares', value: 2, asOf },
        { measure: 'shares', value: 3, asOf: '2026-03-03T08:00:00Z' },
      ],
    });
    expect(many.json.count).toBe(2);
    const csv = `measure,value,asOf\nlink_clicks,4,${asOf}\nsaves,5,${asOf}\n`;
    const headers = { 'content-type': 'text/csv', 'idempotency-key': randomUUID() };
    const imported = await api.as('strategist', 'POST', path, { body: csv, headers });
    expect(imported.json).toMatchObject({
      count: 2,
      items: [{ source: 'csv' }, { source: 'csv' }],
    });
    const again = await api.as('strategist', 'POST', path, { body: csv, headers });
    expect(again.json).toEqual(imported.json);
    const { json } = await api.as('editor', 'GET', path);
    expect(json.items).toHaveLength(5);
    expect(json.items[0]).toMatchObject({ measure: 'shares', value: 3 });
  });

  it.each([
    { what: 'a rate', body: { measure: 'engagement_rate', value: 0.1, asOf }, path: 'measure' },
    { what: 'a negative count', body: { measure: 'shares', value: -1, asOf }, path: 'value' },
    {
      what: 'another item’s post',
      body: { measure: 'shares', value: 1, asOf, publicationId: 'pub_x_1' },
      path: '0.publicationId',
    },
    {
      what: 'an unknown account',
      body: { measure: 'followers', value: 1, asOf, channelAccountId: 'cha_x' },
      path: '0.channelAccountId',
    },
    {
      what: 'the future',
      body: { measure: 'shares', value: 1, asOf: '2099-01-01T00:00:00Z' },
      path: '0.asOf',
    },
    { what: 'nothing', body: [], path: '' },
  ])('of $what are refused', async ({ body, path }) => {
    const itemId = await api.start();
    const reply = await api.as('strategist', 'POST', `/v1/items/${itemId}/readings`, { body });
    expect(reply.status).toBe(400);
    expect(reply.json.issues[0].path).toBe(path);
    expect((await api.as('strategist', 'GET', `/v1/items/${itemId}/readings`)).json.items).toEqual(
      [],
    );
  });

  it('are all stored or none', async () => {
    const itemId = await api.start();
    const path = `/v1/items/${itemId}/readings`;
    const csv = `measure,value,asOf\nsaves,5,${asOf}\nsaves,many,${asOf}\n`;
    const headers = { 'content-type': 'text/csv' };
    const refused = await api.as('strategist', 'POST', path, { body: csv, headers });
    expect(refused.json.issues[0].path).toBe('line 3.value');
    const large = await api.as('strategist', 'POST', path, { body: 'x'.repeat(600_000), headers });
    expect(large.status).toBe(413);
    expect((await api.as('strategist', 'GET', path)).json.items).toEqual([]);
    const legal = await api.as('editor', 'POST', path, {
      body: { measure: 'saves', value: 1, asOf },
    });
    expect(legal.status).toBe(403);
  });
});

describe('the KPI review of an item that is not measured yet', () => {
  it('says what the readings say so far, and that nothing is known', async () => {
    const kpiTargets = [{ kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d' }];
    const itemId = await api.start({ brief: { kpiTargets } });
    const { status, json } = await api.as('strategist', 'GET', `/v1/items/${itemId}/kpi-review`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ frozen: false, hash: null, targets: kpiTargets, signOffs: [] });
    const row = json.verdicts.find((one: { kpi: string }) => one.kpi === 'click_through_rate');
    expect(row).toMatchObject({ value: null, target: 0.03 });
    expect(row.verdict).not.toBe('met');
    const earlier = await api.as('strategist', 'GET', `/v1/items/${itemId}/kpi-review?number=3`);
    expect(earlier.status).toBe(404);
  });
});

describe('the roles compared', () => {
  it('come in French and English', async () => {
    const get = (query: string, language = '') =>
      api.as('creator', 'GET', `/v1/roles${query}`, { headers: { 'accept-language': language } });
    expect((await get('?lang=fr')).json.language).toBe('fr');
    expect((await get('', 'de, fr-CA;q=0.8, en;q=0.5')).json.language).toBe('fr');
    expect((await get('', 'en;q=0.5, fr;q=0')).headers.get('content-language')).toBe('en');
    expect((await get('')).json.roles).toHaveLength(3);
    expect((await get('?lang=xx')).status).toBe(400);
  });
});
