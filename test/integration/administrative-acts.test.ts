import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signWebhook } from '../../src/client/index.ts';
import { updateMember } from '../../src/db/workspace/members.ts';
import type { Json, Reply } from '../support/api-fixture.ts';
import { runCommand } from '../support/baton-command.ts';
import { makeBrief } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { toCreation } from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

const admin = (method: string, path: string, body?: object): Promise<Reply> =>
  api.as('strategist', method, path, body === undefined ? {} : { body });
const memberOf = (role: Parameters<EngineApi['engine']['workspace']['memberOf']>[0]) =>
  api.engine.workspace.memberOf(role);

/** Every act so far, page by page. */
async function readActs(): Promise<Json[]> {
  const acts: Json[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Reply = await admin('GET', `/v1/audit/administration?limit=3${query}`);
    expect(page.status, page.text).toBe(200);
    acts.push(...page.json.items);
    cursor = page.json.nextCursor;
  }
  return acts;
}

/** The acts that a piece of work adds. */
async function actsOf(work: () => Promise<unknown>): Promise<Json[]> {
  const before = (await readActs()).length;
  await work();
  return (await readActs()).slice(before);
}

describe('the administrative record', () => {
  it('has the workspace from its making on, by the operator', async () => {
    const [first, ...rest] = await readActs();
    expect(first).toMatchObject({
      seq: 1,
      act: 'workspace.added',
      actor: 'operator',
    });
    expect(first).not.toHaveProperty('via');
    expect(first).not.toHaveProperty('before');
    expect(rest.map(({ act }) => act)).toEqual(
      expect.arrayContaining(['member.added', 'api_key.added', 'channel_account.added']),
    );
  });

  it('says of every act who did what with which key, and what it was before and after', async () => {
    const memberId = memberOf('editor');
    const [changed] = await actsOf(() =>
      admin('PATCH', `/v1/members/${memberId}`, { roles: ['editor', 'legal'] }),
    );
    expect(changed).toMatchObject({
      act: 'member.changed',
      actor: memberOf('strategist'),
      target: memberId,
      changed: ['roles'],
      before: { roles: ['editor'] },
      after: { roles: ['editor', 'legal'] },
    });
    expect(changed.via).toEqual({ keyId: expect.stringMatching(/^key_/) });
    const about = `/v1/audit/administration?target=${memberId}&from=${changed.at}`;
    expect((await admin('GET', about)).json.items).toEqual([changed]);
    const others = `/v1/audit/administration?actor=${memberId}&to=${changed.at}`;
    expect((await admin('GET', others)).json.items).toEqual([]);
    // What changes nothing is no act.
    expect(
      await actsOf(() => admin('PATCH', `/v1/members/${memberId}`, { roles: ['editor', 'legal'] })),
    ).toEqual([]);
  });

  it('knows every door of administration, and no secret', async () => {
    const memberId = memberOf('creator');
    const account = `/v1/channel-accounts/${api.engine.channelAccountId}`;
    const secrets: string[] = [];
    const acts = await actsOf(async () => {
      const key = await admin('POST', '/v1/api-keys', { memberId, name: 'laptop' });
      const made = { memberId, decisions: ['sign_off'], name: 'desk' };
      const endpoint = await admin('POST', '/v1/webhook-endpoints', made);
      const rotated = await admin('POST', `/v1/webhook-endpoints/${endpoint.json.id}/rotate`);
      await admin('DELETE', `/v1/webhook-endpoints/${endpoint.json.id}`);
      await admin('DELETE', `/v1/api-keys/${key.json.id}`);
      await admin('POST', '/v1/members', { name: 'Robin', roles: ['legal'] });
      await admin('POST', '/v1/campaigns', { name: 'Spring', goal: 'engage' });
      const feed = await admin('POST', '/v1/calendar/feeds', {});
      await admin('PATCH', account, { name: 'Renamed' });
      await admin('PUT', `${account}/slots`, { slots: [{ weekday: 1, time: '09:30' }], rules: {} });
      const window = { from: '2030-12-24T12:00:00Z', until: '2030-12-27T06:00:00Z', reason: 'r' };
      const blackout = await admin('POST', '/v1/blackouts', window);
      await admin('DELETE', `/v1/blackouts/${blackout.json.id}`);
      await api.as('social_media_manager', 'POST', '/v1/freeze', { body: { reason: 'r' } });
      await api.as('social_media_manager', 'DELETE', '/v1/freeze', { body: { reason: 'r' } });
      const token = new URL(feed.json.url, 'http://x').searchParams.get('token') ?? '';
      secrets.push(key.json.key.split('.')[1], endpoint.json.secret, rotated.json.secret, token);
    });
    expect(acts.map(({ act }) => act)).toEqual([
      'api_key.added',
      'webhook_endpoint.added',
      'webhook_endpoint.changed',
      'webhook_endpoint.changed',
      'api_key.changed',
      'member.added',
      'campaign.added',
      'calendar_feed.added',
      'channel_account.changed',
      'channel_schedule.added',
      'blackout.added',
      'blackout.changed',
      'freeze.added',
      'freeze.changed',
    ]);
    expect(acts[2]).toMatchObject({
      changed: ['secrets'],
      before: { secrets: '(secret)' },
      after: { secrets: '(secret)' },
    });
    const text = JSON.stringify(acts);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(text).not.toContain(secret);
    }
    expect(text).not.toMatch(/"secret_hash":"\\\\x|sealed/);
  });

  it('is chained: every hash follows from the record and the hash before it', async () => {
    let head = '0'.repeat(64);
    for (const [index, { seq, record, prevHash, hash }] of (await readActs()).entries()) {
      const computed = createHash('sha256')
        .update(head + record)
        .digest('hex');
      expect([seq, prevHash, hash]).toEqual([index + 1, head, computed]);
      head = hash;
    }
  });

  it('stays one chain when twenty acts come at once', async () => {
    const acts = await actsOf(() =>
      Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          admin('POST', '/v1/members', { name: `At once ${at}`, roles: ['legal'] }),
        ),
      ),
    );
    expect(acts).toHaveLength(20);
    expect(new Set(acts.map(({ prevHash }) => prevHash)).size).toBe(20);
  });

  it('is for admins, of their own workspace', async () => {
    const path = '/v1/audit/administration';
    const refused = await api.as('creator', 'GET', path);
    expect([refused.status, refused.json.code]).toEqual([403, 'forbidden']);
    expect((await api.call(null, 'GET', path)).status).toBe(401);
    for (const query of ['limit=0', 'limit=201', 'cursor=x', 'page=2']) {
      expect((await admin('GET', `${path}?${query}`)).status, query).toBe(400);
    }
  });

  it('cannot be changed, taken away or written by hand', async () => {
    const { db } = api.engine.deps;
    for (const statement of [
      `update administrative_acts set record = '{}'`,
      'delete from administrative_acts',
      'truncate administrative_acts',
    ]) {
      await expect(db.$client.query(statement), statement).rejects.toThrow(/append-only/);
    }
    const { rows } = await db.$client.query(
      `select has_table_privilege('baton_program', 'administrative_acts', 'insert') as may`,
    );
    expect(rows).toEqual([{ may: false }]);
  });

  it('has what was done to the database by hand', async () => {
    const { db } = api.engine.deps;
    const { workspaceId } = api.engine.workspace;
    const memberId = memberOf('editor');
    const [act] = await actsOf(() =>
      updateMember(db, { workspaceId, memberId, change: { name: 'By hand' } }),
    );
    expect(act).toMatchObject({ actor: 'operator', after: { name: 'By hand' } });
  });

  it('is printed and checked from the command line', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'baton acts-'));
    try {
      const key = api.engine.workspace.members.find(({ role }) => role === 'strategist')?.key;
      const environment = { BATON_URL: api.url, BATON_KEY: key ?? '' };
      const none = join(directory, 'none.json');
      const shown = await runCommand(['acts', '--credentials', none], { environment });
      expect(shown).toMatchObject({ code: 0, err: '' });
      expect(shown.out).toMatch(/member\.changed .*roles \["editor"\] → \["editor","legal"\]/);
      const args = ['acts', '--json', '--credentials', none];
      const { out } = await runCommand(args, { environment });
      writeFileSync(join(directory, 'acts.json'), out);
      expect(JSON.parse(out)).toEqual(await readActs());
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('a credential that somebody else made for a member', () => {
  it('is told with everything that is done with it', async () => {
    const creator = memberOf('creator');
    const strategist = memberOf('strategist');
    const id = (await api.ok('strategist', 'POST', '/v1/items', { title: 'Via' })).item.id;
    await toCreation(api.engine, id);
    const made = await admin('POST', '/v1/api-keys', { memberId: creator, name: 'borrowed' });
    const hold = (reason: string) => ({
      body: { reason },
      headers: { 'idempotency-key': randomUUID() },
    });
    await api.call(made.json.key, 'POST', `/v1/items/${id}/hold`, hold('with the borrowed key'));
    await api.as('creator', 'POST', `/v1/items/${id}/resume`, hold('with their own key'));
    const brief = { body: makeBrief() };
    const refused = await api.call(made.json.key, 'PUT', `/v1/items/${id}/brief`, brief);
    expect(refused.status).toBe(403);
    await admin('DELETE', `/v1/api-keys/${made.json.id}`);
    const { json } = await api.as('editor', 'GET', `/v1/items/${id}/timeline?limit=200`);
    const via = { keyId: made.json.id, issuedBy: strategist };
    const told = json.items.filter((entry: Json) => entry.via !== undefined);
    expect(told.map((entry: Json) => [entry.type, entry.actor, entry.via])).toEqual([
      ['item.held', creator, via],
      ['save_brief', creator, via],
    ]);
    const listed = await admin('GET', '/v1/api-keys?limit=200');
    const keys = listed.json.items.filter((key: Json) => key.memberId === creator);
    expect(keys.find((key: Json) => key.id === made.json.id)).toMatchObject({
      issuedBy: strategist,
      issuedByOther: true,
    });
    expect(keys[0]).toMatchObject({ issuedBy: null, issuedByOther: false });
    const key = api.engine.workspace.members.find(({ role }) => role === 'strategist')?.key ?? '';
    const shown = await runCommand(['timeline', id, '--credentials', '/none'], {
      environment: { BATON_URL: api.url, BATON_KEY: key },
    });
    expect(shown.out).toMatch(new RegExp(`via: key ${made.json.id}, issued by Sacha`));
  });

  it('is told of a webhook endpoint as well, and not of what a member made for themselves', async () => {
    const strategist = memberOf('strategist');
    const creator = memberOf('creator');
    const own = await admin('POST', '/v1/api-keys', { memberId: strategist, name: 'own' });
    const id = (await api.ok('strategist', 'POST', '/v1/items', { title: 'Via' })).item.id;
    const held = { body: { reason: 'own' }, headers: { 'idempotency-key': randomUUID() } };
    expect((await api.call(own.json.key, 'POST', `/v1/items/${id}/hold`, held)).status).toBe(200);
    const endpoint = await admin('POST', '/v1/webhook-endpoints', {
      memberId: creator,
      decisions: ['sign_off'],
    });
    const text = JSON.stringify({
      type: 'sign_off',
      data: { itemId: id, role: 'creator', decision: 'agree', reviewHash: 'a'.repeat(64) },
    });
    const headers = signWebhook({ secret: endpoint.json.secret, body: text, id: 'msg_1' });
    await api.call(null, 'POST', endpoint.json.url, {
      body: text,
      headers: { ...headers, 'content-type': 'application/json' },
    });
    const { json } = await api.as('editor', 'GET', `/v1/items/${id}/timeline?limit=200`);
    const told = json.items.filter((entry: Json) => entry.via !== undefined);
    expect(told.map((entry: Json) => [entry.type, entry.via])).toEqual([
      ['sign_off', { endpointId: endpoint.json.id, issuedBy: strategist }],
    ]);
  });
});
