import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRepairs } from '../../src/db/audit/repairs.ts';
import { Finding } from '../../src/domain/audit/finding.ts';
import { FINDING_CODES } from '../../src/domain/audit/finding-catalogue.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

/** No worker runs here: that is one of the findings, and nothing moves on by itself. */
let api: IdleApi;
let items: string[];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
beforeAll(async () => {
  api = await openIdleApi();
  items = [await api.start(), await api.start(), await api.start()];
  const at = new Date(Date.now() - HOUR_MS).toISOString();
  await api.database.db.execute(sql`
    update items set next_alarm_at = ${at}, alarms = jsonb_build_array(jsonb_build_object(
      'code', 'overdue', 'at', ${at}::text, 'since', ${at}::text, 'subject', id,
      'evidence', jsonb_build_object('stage', stage)))`);
});
afterAll(() => api?.close());

const stuck = (query = '', role = 'strategist') => api.as(role, 'GET', `/v1/audit/stuck${query}`);
const repair = (id: string, body: object, role = 'strategist', headers = {}) =>
  api.as(role, 'POST', `/v1/audit/findings/${id}/repairs`, { body, headers });

const later = (ms: number) => new Date(Date.now() + ms).toISOString();

async function commandsOf(itemId: string, type: string): Promise<string[]> {
  const { rows } = await api.database.db.execute<{ id: string }>(
    sql`select id from commands where item_id = ${itemId} and type = ${type}`,
  );
  return rows.map(({ id }) => id);
}

describe('GET /v1/audit/stuck', () => {
  it('answers findings of the documented shape, worst first', async () => {
    const { status, json } = await stuck();
    expect(status).toBe(200);
    expect(json).toMatchObject({ couldNotAsk: [], nextCursor: null });
    for (const finding of json.items) expect(Finding.parse(finding)).toEqual(finding);
    const codes = json.items.map(({ code }: Finding) => code);
    expect(codes).toEqual(['no_worker', 'overdue', 'overdue', 'overdue']);
    const [, overdue] = json.items;
    expect(overdue).toMatchObject({
      waitingOn: [{ role: 'strategist', for: 'offer_handoff' }],
      repairs: ['reassign', 'extend', 'cancel', 'remind'],
    });
    expect(overdue.unmet.map(({ code }: { code: string }) => code)).toContain('brief_complete');
  });

  it('is paged: each finding once, in the same order', async () => {
    const { json: whole } = await stuck();
    const paged: Finding[] = [];
    let cursor = '';
    do {
      const query = cursor === '' ? '?limit=1' : `?limit=1&cursor=${cursor}`;
      const { json } = await stuck(query);
      paged.push(...json.items);
      cursor = json.nextCursor ?? '';
    } while (cursor !== '');
    expect(paged).toEqual(whole.items);
  });

  it('can be narrowed by code, severity, item, role and member', async () => {
    const count = async (query: string) => (await stuck(query)).json.items.length;
    expect(await count('?code=overdue')).toBe(3);
    expect(await count('?severity=critical')).toBe(1);
    expect(await count(`?itemId=${items[0]}`)).toBe(1);
    expect(await count('?role=strategist')).toBe(3);
    expect(await count('?role=creator')).toBe(0);
    expect(await count(`?memberId=${api.workspace.memberOf('strategist')}`)).toBe(3);
    expect(await count('?itemId=itm_unknown')).toBe(0);
    for (const code of FINDING_CODES) {
      expect((await stuck(`?code=${code}`)).status, code).toBe(200);
    }
  });

  it('shows another workspace nothing of this one', async () => {
    const other = await makeWorkspace(api.database.db);
    const key = other.members[0]?.key ?? '';
    const { json } = await api.call(key, 'GET', '/v1/audit/stuck');
    expect(json.items.map(({ code }: Finding) => code)).toEqual(['no_worker']);
    const [{ id }] = (await stuck('?code=overdue')).json.items;
    const body = { repair: 'extend', reason: 'not mine' };
    const foreign = await api.call(key, 'POST', `/v1/audit/findings/${id}/repairs`, { body });
    expect([foreign.status, foreign.json.code]).toEqual([404, 'not_found']);
  });

  it.each([
    ['?code=nonsense', 'code'],
    ['?severity=bad', 'severity'],
    ['?role=king', 'role'],
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?cursor=nonsense', 'cursor'],
    ['?unknown=1', 'unknown'],
  ])('refuses %s, naming %s', async (query, field) => {
    const { status, json } = await stuck(query);
    expect(status).toBe(400);
    expect(JSON.stringify(json)).toContain(field);
  });

  it('needs a key', async () => {
    expect((await api.call(null, 'GET', '/v1/audit/stuck')).status).toBe(401);
  });
});

describe('POST /v1/audit/findings/{id}/repairs', () => {
  const reason = 'the worker is back';

  it('refuses a finding that does not stand, and a repair that it does not offer', async () => {
    const unknown = await repair(`fnd_${'0'.repeat(26)}`, { repair: 'resend_command', reason });
    expect(unknown).toMatchObject({ status: 404, json: { code: 'not_found' } });
    const [overdue] = (await stuck('?code=overdue')).json.items;
    const notOffered = await repair(overdue.id, { repair: 'terminate_run', reason });
    expect(notOffered.status).toBe(409);
    expect(notOffered.json.detail).toContain('reassign, extend');
  });

  it('C22: is 404 for a finding of nobody, and 409 for one that stood', async () => {
    const body = { repair: 'extend', reason };
    const [{ id, itemId }] = (await stuck('?code=overdue')).json.items;
    const other = id.replace(/.$/, (end: string) => (end === '0' ? '1' : '0'));
    expect((await repair(other, body)).status).toBe(404);
    const { rows } = await api.database.db.execute<{ alarms: string }>(
      sql`select alarms::text as alarms from items where id = ${itemId}`,
    );
    await api.database.db.execute(sql`update items set alarms = '[]' where id = ${itemId}`);
    try {
      const gone = await repair(id, body);
      expect([gone.status, gone.json.code]).toEqual([409, 'conflict']);
      expect(gone.json.detail).toContain('nothing is stuck under');
    } finally {
      await api.database.db.execute(
        sql`update items set alarms = ${rows[0]?.alarms}::jsonb where id = ${itemId}`,
      );
    }
  });

  it('sends a repair that is a command as the caller, once per key', async () => {
    const [overdue] = (await stuck('?code=overdue')).json.items;
    const body = { repair: 'extend', reason, with: { until: later(90 * DAY_MS) } };
    const forbidden = await repair(overdue.id, { ...body, with: { nonsense: 1 } }, 'creator');
    expect([forbidden.status, forbidden.json.unmet[0].code]).toEqual([403, 'holds_role']);
    const dry = await repair(overdue.id, { ...body, dryRun: true });
    expect(dry.json).toMatchObject({
      outcome: 'would',
      changes: ['the event clock.extended is added'],
      stillFound: true,
    });
    expect(await commandsOf(overdue.itemId, 'extend')).toEqual([]);

    const headers = { 'idempotency-key': 'extend-once' };
    const sent = await repair(overdue.id, body, 'strategist', headers);
    expect(sent.json).toMatchObject({ outcome: 'done', result: { state: 'pending' } });
    expect((await repair(overdue.id, body, 'strategist', headers)).json).toEqual(sent.json);
    const other = await repair(overdue.id, { ...body, reason: 'x' }, 'strategist', headers);
    expect([other.status, other.json.code]).toEqual([409, 'idempotency_conflict']);
    expect(await commandsOf(overdue.itemId, 'extend')).toEqual([sent.json.result.commandId]);
  });

  it('names what is wrong with a command, and what the machine refuses it for', async () => {
    const [overdue] = (await stuck('?code=overdue')).json.items;
    const bad = await repair(overdue.id, {
      repair: 'reassign',
      reason,
      with: { role: 'king', nonsense: 1 },
    });
    expect(bad.status).toBe(400);
    expect(bad.json.issues.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['with.role', 'with.memberId']),
    );
    const member = { role: 'strategist', memberId: api.workspace.memberOf('creator') };
    const asked = { repair: 'reassign', reason, with: member, dryRun: true };
    expect((await repair(overdue.id, asked)).json).toMatchObject({
      outcome: 'not_possible',
      unmet: [{ code: 'receiver_holds_role' }],
    });
    const needless = { repair: 'recheck', reason, with: { force: true } };
    const [noWorker] = (await stuck('?code=no_worker')).json.items;
    const refused = await repair(noWorker.id, needless);
    expect([refused.status, refused.json.issues[0].path]).toEqual([400, 'with.force']);
  });

  it('looks again for every member, and records nothing of it', async () => {
    const [{ id }] = (await stuck('?code=no_worker')).json.items;
    const seen = await repair(id, { repair: 'recheck', reason }, 'editor');
    expect(seen.json).toMatchObject({ outcome: 'done', stillFound: true });
    const { workspaceId } = api.workspace;
    expect(await listRepairs(api.database.db, { workspaceId, findingId: id })).toEqual([]);
  });

  it.each([
    ['fnd_nonsense', { repair: 'resend_command', reason }, 'id'],
    [`fnd_${'0'.repeat(26)}`, { repair: 'magic', reason }, 'repair'],
    [`fnd_${'0'.repeat(26)}`, { repair: 'resend_command', reason: '  ' }, 'reason'],
    [`fnd_${'0'.repeat(26)}`, { repair: 'resend_command' }, 'reason'],
    [`fnd_${'0'.repeat(26)}`, { repair: 'resend_command', reason, force: true }, 'force'],
  ])('refuses a bad request for %s %j, naming %s', async (id, body, field) => {
    const { status, json } = await repair(id, body);
    expect(status).toBe(400);
    expect(JSON.stringify(json.issues)).toContain(field);
  });

  it('carries one out for who may, records it, and answers a repetition alike', async () => {
    const [itemId = ''] = items;
    const sent = await api.as('strategist', 'POST', `/v1/items/${itemId}/hold`, {
      body: { reason },
    });
    expect(sent.status).toBe(202);
    const { commandId } = sent.json;
    await api.database.db.execute(
      sql`update commands set created_at = now() - interval '1 minute' where id = ${commandId}`,
    );
    const [found] = (await stuck('?code=command_without_verdict')).json.items;
    expect(found).toMatchObject({ itemId, evidence: { commandId }, repairs: ['resend_command'] });

    const body = { repair: 'resend_command', reason };
    const forbidden = await repair(found.id, body, 'editor');
    expect(forbidden.status).toBe(403);
    expect(forbidden.json.unmet).toMatchObject([{ code: 'holds_role' }]);

    const headers = { 'idempotency-key': 'once' };
    const done = await repair(found.id, body, 'strategist', headers);
    expect(done).toMatchObject({
      status: 200,
      json: {
        findingId: found.id,
        repair: 'resend_command',
        outcome: 'done',
        changes: [`the command ${commandId} is sent again`],
        stillFound: true,
        result: { state: 'pending' },
      },
    });
    const again = await repair(found.id, body, 'strategist', headers);
    expect(again.json).toEqual(done.json);
    const { workspaceId } = api.workspace;
    const repairs = await listRepairs(api.database.db, { workspaceId, findingId: found.id });
    expect(repairs).toMatchObject([
      {
        id: done.json.id,
        itemId,
        findingCode: 'command_without_verdict',
        reason,
        repair: 'resend_command',
        actorId: api.workspace.memberOf('strategist'),
      },
    ]);
  });
});

describe('POST /v1/audit/repairs', () => {
  const reason = 'the worker is back';
  const code = 'command_without_verdict';
  const repairAll = (body: object, role = 'strategist', headers = {}) =>
    api.as(role, 'POST', '/v1/audit/repairs', { body, headers });

  it('is for admins, whatever they send', async () => {
    for (const body of [{ filter: {}, repair: 'resend_command', reason }, { nonsense: true }]) {
      const { status, json } = await repairAll(body, 'editor');
      expect([status, json.code]).toEqual([403, 'forbidden']);
    }
  });

  it.each([
    [{ repair: 'resend_command', reason }, 'filter'],
    [{ filter: { code: 'magic' }, repair: 'resend_command', reason }, 'code'],
    [{ filter: { since: 'x' }, repair: 'resend_command', reason }, 'since'],
    [{ filter: {}, repair: 'replace_credentials', reason }, 'repair'],
    [{ filter: {}, repair: 'resend_command' }, 'reason'],
    [{ filter: {}, repair: 'resend_command', reason, limit: 101 }, 'limit'],
    [{ filter: {}, repair: 'resend_command', reason, dryRun: 'yes' }, 'dryRun'],
    [{ filter: {}, repair: 'resend_command', reason, cursor: 'nonsense' }, 'cursor'],
  ])('refuses %j, naming %s', async (body, field) => {
    const { status, json } = await repairAll(body);
    expect(status).toBe(400);
    expect(JSON.stringify(json)).toContain(field);
  });

  it('says what it would do, does it page by page, records each, and answers a repetition alike', async () => {
    for (const itemId of items) {
      await api.as('strategist', 'POST', `/v1/items/${itemId}/hold`, { body: { reason } });
    }
    await api.database.db.execute(
      sql`update commands set created_at = now() - interval '1 minute' where state = 'pending'`,
    );
    const found: Finding[] = (await stuck(`?code=${code}`)).json.items;
    expect(found.length).toBeGreaterThanOrEqual(3);
    const body = { filter: { code }, repair: 'resend_command', reason, limit: 2 };
    const records = async () => {
      const { workspaceId } = api.workspace;
      const lists = found.map(({ id }) =>
        listRepairs(api.database.db, { workspaceId, findingId: id }),
      );
      return (await Promise.all(lists)).flat().length;
    };
    const before = await records();
    const dry = await repairAll({ ...body, dryRun: true });
    expect(dry.json.results).toHaveLength(2);
    for (const result of dry.json.results) {
      expect(result).toMatchObject({ outcome: 'would', changes: [expect.any(String)] });
      expect(found.map(({ id }) => id)).toContain(result.findingId);
    }
    expect(await records()).toBe(before);
    const one = await repair(found[0]?.id ?? '', {
      repair: 'resend_command',
      reason,
      dryRun: true,
    });
    expect(one.json).toMatchObject({ outcome: 'would', stillFound: true });

    const headers = { 'idempotency-key': 'many' };
    const first = await repairAll(body, 'strategist', headers);
    expect(first.json.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'done',
      'done',
    ]);
    expect(first.json.nextCursor).toEqual(expect.any(String));
    expect(await records()).toBe(before + 2);
    expect((await repairAll(body, 'strategist', headers)).json).toEqual(first.json);
    expect(await records()).toBe(before + 2);
    const rest = await repairAll({ ...body, limit: 100, cursor: first.json.nextCursor });
    expect(rest.json).toMatchObject({ nextCursor: null });
    expect(await records()).toBe(before + found.length);
  });

  it('shows another workspace nothing of this one, and repairs nothing of it', async () => {
    const other = await makeWorkspace(api.database.db);
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    const body = { filter: {}, repair: 'resend_command', reason };
    const { status, json } = await api.call(key, 'POST', '/v1/audit/repairs', { body });
    expect([status, json.results]).toEqual([200, []]);
  });
});
