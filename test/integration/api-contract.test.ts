import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signWebhook } from '../../src/client/webhook-signature.ts';
import { derivedId } from '../../src/domain/ids.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { countRows, type Reply } from '../support/api-fixture.ts';
import { makeBrief, makeDraft } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import {
  acceptHandoff,
  approve,
  HOUR_MS,
  toKpiReview,
  toOffered,
  toReview,
} from '../support/item-story.ts';

/** What the contract says and a caller relies on: what decides, what is refused, and with which status. */

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

interface Endpoint {
  url: string;
  secret: string;
}

type Decider = 'creator' | 'editor' | 'strategist' | 'social_media_manager';

const DECISIONS = ['accept_handoff', 'decline_handoff', 'decide_approval', 'sign_off'] as const;

function makeEndpoint(role: Decider, decisions: readonly string[] = DECISIONS): Promise<Endpoint> {
  const memberId = api.engine.workspace.memberOf(role);
  return api.ok('strategist', 'POST', '/v1/webhook-endpoints', { memberId, decisions, name: role });
}

async function start(): Promise<string> {
  return (await api.ok('strategist', 'POST', '/v1/items', { title: 'By contract' })).item.id;
}

const handoffOf = (itemId: string, count = 1) => derivedId('handoff', itemId, count);
const seqOf = async (itemId: string) => (await api.engine.item(itemId)).seq;

/** @param rename how the three signed headers are called. */
function deliver(
  { url, secret }: Endpoint,
  payload: object,
  rename: (headers: Record<string, string>) => Record<string, string> = (headers) => headers,
): Promise<Reply> {
  const body = JSON.stringify(payload);
  const signed = rename({ ...signWebhook({ secret, body, id: randomUUID() }) });
  return api.call(null, 'POST', url, {
    body,
    headers: { 'content-type': 'application/json', ...signed },
  });
}

const pathsOf = ({ json }: Reply): string[] =>
  json.issues.map(({ path }: { path: string }) => path);

/** Who may write where a strategist may not: others hear nothing of what they sent. */
const WRITERS: Record<string, Role> = {
  '/draft': 'creator',
  '/schedule': 'social_media_manager',
};

describe('C20: a decision that does not name what it is about', () => {
  const NAMELESS: [type: (typeof DECISIONS)[number], by: Decider, data: object, names: string][] = [
    ['accept_handoff', 'creator', {}, 'handoffId'],
    ['decline_handoff', 'creator', { reason: 'off_brief' }, 'handoffId'],
    ['decide_approval', 'editor', { role: 'editor', decision: 'approve' }, 'contentHash'],
  ];

  it.each(NAMELESS)('%s by a signed webhook is 400 and decides nothing', async (...given) => {
    const [type, by, data, names] = given;
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const before = [await seqOf(itemId), await countRows(api.engine.deps.db, 'commands')];
    const endpoint = await makeEndpoint(by);
    for (const name of [undefined, '', null, 7]) {
      const named = name === undefined ? {} : { [names]: name };
      const reply = await deliver(endpoint, { type, data: { itemId, ...data, ...named } });
      expect([reply.status, reply.json.code]).toEqual([400, 'invalid_request']);
      expect(pathsOf(reply)).toEqual([`data.${names}`]);
    }
    expect([await seqOf(itemId), await countRows(api.engine.deps.db, 'commands')]).toEqual(before);
  });

  it('is 400 by its HTTP path, and in the place where every door ends', async () => {
    const itemId = await start();
    const contentHash = await toReview(api.engine, itemId);
    const at = `/v1/items/${itemId}`;
    const body = { role: 'editor', decision: 'approve' };
    const approval = await api.as('editor', 'POST', `${at}/approvals`, { body });
    expect([approval.status, pathsOf(approval)]).toEqual([400, ['contentHash']]);
    for (const verb of ['accept', 'decline', 'withdraw']) {
      const nameless = await api.as('creator', 'POST', `${at}/handoffs//${verb}`);
      expect(nameless.status).toBe(404);
    }
    for (const type of ['accept_handoff', 'decline_handoff', 'withdraw_handoff'] as const) {
      expect(await api.engine.send('creator', itemId, type, {})).toMatchObject({
        outcome: 'invalid',
        issues: [{ path: ['handoffId'] }],
      });
    }
    expect((await api.engine.context(itemId)).contentHash).toBe(contentHash);
  });

  it('is 409 when what it names no longer stands, and applied when it does', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const at = `/v1/items/${itemId}/handoffs`;
    await api.ok('strategist', 'POST', `${at}/${handoffOf(itemId)}/withdraw`, { reason: 'wait' });
    await api.engine.apply('strategist', itemId, 'offer_handoff', {
      checklist: Object.fromEntries(
        (await api.engine.context(itemId)).playbook.checklists.brief.map((code) => [code, true]),
      ),
    });
    const creator = await makeEndpoint('creator');
    const accept = (handoffId: string) =>
      deliver(creator, { type: 'accept_handoff', data: { itemId, handoffId } });
    for (const gone of [handoffOf(itemId, 1), handoffOf(itemId, 3), 'hnd_other_2']) {
      const reply = await accept(gone);
      expect(reply.status).toBe(409);
      expect(reply.json.unmet).toMatchObject([{ code: 'current_handoff' }]);
    }
    const late = await api.as('strategist', 'POST', `${at}/${handoffOf(itemId)}/withdraw`);
    expect(late.json.unmet).toMatchObject([{ code: 'current_handoff' }]);
    expect((await accept(handoffOf(itemId, 2))).json).toMatchObject({ stage: 'creation' });
  });

  it('a sign-off of an earlier review does not sign the later one', async () => {
    const itemId = await start();
    const reviewHash = await toKpiReview(api.engine, itemId);
    const data = { itemId, role: 'strategist', decision: 'scale', comment: 'why not' };
    const endpoint = await makeEndpoint('strategist');
    const sign = (hash: string) =>
      deliver(endpoint, { type: 'sign_off', data: { ...data, reviewHash: hash } });
    const other = await sign('0'.repeat(64));
    expect(other.json.unmet).toMatchObject([{ code: 'verdicts_seen' }]);
    expect((await sign(reviewHash)).json).toMatchObject({ outcome: 'applied' });
  });

  it('is 403 before anything of it is judged when the endpoint may not send it', async () => {
    const endpoint = await makeEndpoint('creator', ['decide_approval']);
    const reply = await deliver(endpoint, { type: 'accept_handoff', data: { junk: true } });
    expect([reply.status, reply.json.code]).toEqual([403, 'forbidden']);
  });
});

describe('A8: a payload of Standard Webhooks', () => {
  const refusedAs = async (reply: Promise<Reply>) => (await reply).json.code;
  const nobody = { itemId: 'itm_nobody', handoffId: 'hnd_nobody_1' };
  const call = { type: 'accept_handoff', data: nobody };

  it('may carry a timestamp and more in its envelope, and nothing unknown in its data', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const endpoint = await makeEndpoint('creator');
    const data = { itemId, handoffId: handoffOf(itemId) };
    const envelope = { timestamp: '2026-01-01T00:00:00.123456Z', version: 1, tenant: { id: 'x' } };
    const unknown = await deliver(endpoint, {
      ...envelope,
      type: 'accept_handoff',
      data: { ...data, timestamp: envelope.timestamp },
    });
    expect([unknown.status, pathsOf(unknown)]).toEqual([400, ['data.timestamp']]);
    for (const timestamp of [17, null, 'never']) {
      expect(await refusedAs(deliver(endpoint, { ...call, timestamp }))).toBe('not_found');
    }
    const applied = await deliver(endpoint, { ...envelope, type: 'accept_handoff', data });
    expect([applied.status, applied.json.outcome]).toEqual([200, 'applied']);
  });

  const svix = (headers: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.replace('webhook-', 'svix-'), value]),
    );

  it('may come with svix headers, or with both when they agree', async () => {
    const endpoint = await makeEndpoint('creator');
    expect(await refusedAs(deliver(endpoint, call, svix))).toBe('not_found');
    const both = (headers: Record<string, string>) => ({ ...headers, ...svix(headers) });
    expect(await refusedAs(deliver(endpoint, call, both))).toBe('not_found');
  });

  it.each(['svix-id', 'svix-timestamp', 'svix-signature', 'webhook-id', 'webhook-signature'])(
    'is 401 when both sets are given and %s differs',
    async (name) => {
      const endpoint = await makeEndpoint('creator');
      const differing = (headers: Record<string, string>) => ({
        ...headers,
        ...svix(headers),
        [name]: name.endsWith('signature') ? `${headers['webhook-signature']} v1,AAAA` : '1',
      });
      expect(await refusedAs(deliver(endpoint, call, differing))).toBe('unauthenticated');
    },
  );

  it('is 401 when a svix header is forged', async () => {
    const endpoint = await makeEndpoint('creator');
    const forged = (headers: Record<string, string>) => ({ ...svix(headers), 'svix-id': 'other' });
    expect(await refusedAs(deliver(endpoint, call, forged))).toBe('unauthenticated');
  });
});

describe('C21: a name that no catalogue of Baton has', () => {
  const brief = makeBrief();
  const draft = makeDraft();
  const target = { kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d' };
  const checklists = STANDARD_PLAYBOOK.checklists;
  const playbook = { ...STANDARD_PLAYBOOK, name: 'other' };
  const [check] = checklists.review;
  const variant = { channel: 'myspace', text: 'Three shops.' };

  it.each<[what: string, method: string, path: string, body: object, names: string]>([
    ['a channel', 'POST', '', { title: 'x', brief: { channels: ['myspace'] } }, 'brief.channels.0'],
    ['a channel', 'PUT', '/brief', { ...brief, channels: ['sandbox', 'Sandbox'] }, 'channels.1'],
    ['a channel', 'PUT', '/draft', { ...draft, variants: [variant] }, 'variants.0.channel'],
    ['a KPI', 'PUT', '/brief', { kpiTargets: [{ ...target, kpi: 'vibes' }] }, 'kpiTargets.0.kpi'],
    ['a KPI', 'POST', '', { title: 'x', brief: { kpiTargets: [{ ...target, kpi: '' }] } }, 'kpi'],
    ['a checkpoint', 'PUT', '/brief', { kpiTargets: [{ ...target, checkpoint: '7d' }] }, 'point'],
    ['a format', 'PUT', '/brief', { formats: ['hologram'] }, 'formats.0'],
    ['a goal', 'PUT', '/brief', { goal: 'win' }, 'goal'],
    ['a playbook', 'POST', '', { title: 'x', playbook: 'none' }, 'playbook'],
    ['a role', 'POST', '', { title: 'x', team: { king: 'mbr_1' } }, 'king'],
    ['a role', 'POST', '/approvals', { role: 'king', decision: 'approve' }, 'role'],
    ['a reason', 'POST', '/handoffs/{hnd}/decline', { reason: 'mood' }, 'reason'],
    ['a measure', 'POST', '/readings', { measure: 'vibes', value: 1 }, 'measure'],
    [
      'a channel',
      'PUT',
      '/schedule',
      { publications: [{ channelAccountId: 'x', slot: 'now', variant: 'myspace' }] },
      'publications.0.variant',
    ],
    ['a role', 'POST', '/v1/members', { name: 'x', roles: ['king'] }, 'roles.0'],
    [
      'a channel',
      'POST',
      '/v1/members',
      { name: 'x', roles: ['creator'], platformTags: { myspace: 3 } },
      'platformTags',
    ],
    ['a channel', 'PATCH', '/v1/members/{mbr}', { platformTags: { Sandbox: 1 } }, 'platformTags'],
    ['a role', 'PATCH', '/v1/members/{mbr}', { roles: ['creator', 'king'] }, 'roles.1'],
    ['a role', 'POST', '/v1/playbooks', { ...playbook, gate: [{ role: 'king' }] }, 'gate.0.role'],
    [
      'a fact',
      'POST',
      '/v1/playbooks',
      { ...playbook, gate: [{ role: 'editor', quorum: 'any', when: ['windy'] }] },
      'gate.0.when.0',
    ],
    ['a stage', 'POST', '/v1/playbooks', { ...playbook, clocks: { lunch: 1 } }, 'clocks'],
    [
      'a machine check',
      'POST',
      '/v1/playbooks',
      { ...playbook, checklists: { ...checklists, review: [{ ...check, code: 'no_typos' }] } },
      'checklists.review.0.code',
    ],
    [
      'a machine check of briefs',
      'POST',
      '/v1/playbooks',
      { ...playbook, checklists: { ...checklists, brief: [check] } },
      'checklists.brief.0.code',
    ],
    [
      'a checkpoint',
      'POST',
      '/v1/playbooks',
      { ...playbook, checkpoints: [{ name: 'soon', required: true }] },
      'checkpoints.0.name',
    ],
    [
      'a channel',
      'POST',
      '/v1/channel-accounts',
      { channel: 'myspace', name: 'x', zone: 'UTC' },
      'channel',
    ],
    [
      'a channel',
      'POST',
      '/v1/blackouts',
      { channel: 'myspace', from: '2030-01-01T00:00:00Z', until: '2030-01-02T00:00:00Z' },
      'channel',
    ],
    [
      'a decision',
      'POST',
      '/v1/webhook-endpoints',
      { memberId: 'mbr_1', decisions: ['cancel'] },
      'decisions.0',
    ],
    [
      'a KPI',
      'POST',
      '/v1/campaigns',
      { name: 'x', goal: 'engage', kpiTargets: [{ ...target, kpi: 'vibes' }] },
      'kpiTargets.0.kpi',
    ],
    ['a member', 'POST', '/v1/api-keys', { memberId: 'mbr_nobody', name: 'x' }, 'memberId'],
  ])('%s in %s %s is 400, naming it', async (_, method, path, body, names) => {
    const itemId = await start();
    const at = path.startsWith('/v1') ? path : `/v1/items${path === '' ? '' : `/${itemId}${path}`}`;
    const to = at
      .replace('{hnd}', handoffOf(itemId))
      .replace('{mbr}', api.engine.workspace.memberOf('creator'));
    const { db } = api.engine.deps;
    const before = [await countRows(db, 'items'), await countRows(db, 'commands')];
    const reply = await api.as(WRITERS[path] ?? 'strategist', method, to, { body });
    expect([reply.status, reply.json.code], reply.text).toEqual([400, 'invalid_request']);
    expect(pathsOf(reply).join(' ')).toContain(names);
    expect([await countRows(db, 'items'), await countRows(db, 'commands')]).toEqual(before);
  });
});

describe('A7: a time with an offset', () => {
  const inTwoHours = (ms = 0) => {
    const at = Math.floor(Date.now() / 1_000) * 1_000 + 2 * HOUR_MS + ms;
    const local = new Date(at + 2 * HOUR_MS).toISOString().slice(0, 19);
    return { utc: new Date(at).toISOString(), stated: `${local}+02:00`, zoneless: local };
  };

  it('is stored in UTC wherever one is written', async () => {
    const { utc, stated } = inTwoHours();
    const [later, laterStated] = [inTwoHours(HOUR_MS).utc, inTwoHours(HOUR_MS).stated];
    const itemId = await start();
    await api.ok('strategist', 'PUT', `/v1/items/${itemId}/brief`, { dueAt: stated });
    const { brief } = await api.ok('strategist', 'GET', `/v1/items/${itemId}/brief`);
    expect(brief.dueAt).toBe(utc);
    const window = { from: stated, until: laterStated, reason: 'a fair' };
    const blackout = await api.ok('strategist', 'POST', '/v1/blackouts', window);
    expect([blackout.from, blackout.until]).toEqual([utc, later]);
    const memberId = api.engine.workspace.memberOf('creator');
    const member = await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, {
      absentUntil: stated,
    });
    expect(member.absentUntil).toBe(utc);
    const key = { memberId, name: 'short', expiresAt: stated };
    await api.ok('strategist', 'POST', '/v1/api-keys', key);
    const keys = (await api.ok('strategist', 'GET', '/v1/api-keys?limit=200')).items;
    expect(keys.find(({ name }: { name: string }) => name === 'short').expiresAt).toBe(utc);
    const flight = { name: 'x', goal: 'engage', startsAt: stated, endsAt: laterStated };
    const campaign = await api.ok('strategist', 'POST', '/v1/campaigns', flight);
    expect([campaign.startsAt, campaign.endsAt]).toEqual([utc, later]);
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/extend`, {
      until: new Date(Date.parse(utc) + 9 * 24 * HOUR_MS).toISOString().replace('Z', '+00:00'),
      reason: 'a holiday',
      expiresAt: stated,
    });
    const query = new URLSearchParams({ from: stated, to: laterStated });
    for (const text of [String(query), `from=${stated}&to=${laterStated}`]) {
      expect((await api.as('strategist', 'GET', `/v1/calendar?${text}`)).status).toBe(200);
    }
    await api.ok('strategist', 'DELETE', `/v1/blackouts/${blackout.id}`);
  });

  it('plans, reads and travels by it', async () => {
    const itemId = await start();
    await toReview(api.engine, itemId);
    await approve(api.engine, itemId, (await api.engine.context(itemId)).contentHash ?? '');
    await acceptHandoff(api.engine, itemId, 'social_media_manager');
    const { utc, stated } = inTwoHours();
    const { channelAccountId } = api.engine;
    const plan = { publications: [{ channelAccountId, at: stated }] };
    const path = `/v1/items/${itemId}/schedule`;
    await api.ok('social_media_manager', 'PUT', path, plan);
    const planned = await api.ok('strategist', 'GET', path);
    expect(planned.publications[0].at).toBe(utc);
    const reading = { measure: 'impressions', value: 5, asOf: '2026-01-01T01:30:00+01:30' };
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/readings`, reading);
    const { items } = await api.ok('strategist', 'GET', `/v1/items/${itemId}/readings`);
    expect(items[0].asOf).toBe('2026-01-01T00:00:00.000Z');
    const there = { itemId, to: inTwoHours(-HOUR_MS).stated };
    expect(
      (await api.as('strategist', 'POST', '/v1/local/time-travel', { body: there })).status,
    ).toBe(200);
  });

  it('without its zone is 400, naming the field', async () => {
    const { zoneless } = inTwoHours();
    const itemId = await start();
    const reply = await api.as('strategist', 'PUT', `/v1/items/${itemId}/brief`, {
      body: { dueAt: zoneless },
    });
    expect([reply.status, pathsOf(reply)]).toEqual([400, ['dueAt']]);
    expect(reply.json.detail).toContain('with its zone');
    const { status } = await api.as('strategist', 'GET', `/v1/calendar?from=${zoneless}`);
    expect(status).toBe(400);
  });

  it('is a date-time in the document, in every place', async () => {
    const document = await api.ok('strategist', 'GET', '/openapi.json');
    const { schemas } = document.components;
    expect(schemas.Brief.properties.dueAt).toMatchObject({ type: 'string', format: 'date-time' });
    expect(JSON.stringify(document)).not.toContain('"format":"datetime"');
  });
});
