import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { githubSignatureOf } from '../../src/api/webhooks/github-signature.ts';
import { slackSignatureOf } from '../../src/api/webhooks/slack-signature.ts';
import type { Json, Reply } from '../support/api-fixture.ts';
import { makeDraft, tickedChecklist } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import { toReview } from '../support/item-story.ts';

let api: EngineApi;
const told: { url: string; message: Json }[] = [];
beforeAll(async () => {
  api = await openEngineApi({
    slackReply: async (url, message) => {
      told.push({ url, message });
      return 'sent';
    },
  });
});
afterEach(() => void told.splice(0));
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

interface Endpoint {
  id: string;
  url: string;
  secret: string;
}

const RESPONSE_URL = 'https://hooks.slack.com/actions/T1/2/x';
const USER = 'U0EDITOR';

const endpoint = (body: object): Promise<Endpoint> =>
  api.ok('strategist', 'POST', '/v1/webhook-endpoints', {
    decisions: ['decide_approval'],
    ...body,
  });

const forSlack = (change: object = {}) =>
  endpoint({
    kind: 'slack',
    users: { [USER]: api.engine.workspace.memberOf('editor') },
    ...change,
  });

const forGithub = (change: object = {}) =>
  endpoint({ kind: 'github', memberId: api.engine.workspace.memberOf('editor'), ...change });

interface Click {
  user?: string;
  ts?: string;
  at?: number;
  secret?: string;
  headers?: Record<string, string>;
  payload?: object;
}

function click(door: Endpoint, value: unknown, options: Click = {}): Promise<Reply> {
  const { user = USER, ts = randomUUID(), at = Date.now(), secret = door.secret } = options;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const payload = {
    type: 'block_actions',
    user: { id: user, team_id: 'T1' },
    trigger_id: randomUUID(),
    response_url: RESPONSE_URL,
    actions: [{ type: 'button', action_id: 'baton:approve', action_ts: ts, value: text }],
    ...options.payload,
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(at / 1_000));
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': slackSignatureOf(Buffer.from(body), timestamp, secret),
    ...options.headers,
  };
  return api.call(null, 'POST', door.url, { body, headers });
}

function push(
  door: Endpoint,
  body: object,
  { id = randomUUID(), headers = {} }: { id?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const text = JSON.stringify(body);
  return api.call(null, 'POST', door.url, {
    body: text,
    headers: {
      'content-type': 'application/json',
      'x-github-delivery': id,
      'x-hub-signature-256': githubSignatureOf(Buffer.from(text), door.secret),
      ...headers,
    },
  });
}

async function reviewed(): Promise<{ itemId: string; approve: Json }> {
  const { item } = await api.ok('strategist', 'POST', '/v1/items', { title: 'From elsewhere' });
  const contentHash = await toReview(api.engine, item.id);
  const approve = { itemId: item.id, role: 'editor', contentHash, decision: 'approve' };
  return { itemId: item.id, approve };
}

const decisionsOf = async (itemId: string) =>
  (await api.engine.chain(itemId)).filter(({ type }) => type === 'approval.decided');

const tellings = (count: number) =>
  eventually(async () => (told.length >= count ? told : null), { what: `${count} tellings` });

describe('a click in Slack', () => {
  it('decides as the member whom its user is, and is told what became of it', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forSlack();
    const reply = await click(door, { type: 'decide_approval', ...approve });
    expect([reply.status, reply.json.outcome], reply.text).toEqual([200, 'applied']);
    const [event] = await decisionsOf(itemId);
    expect(event?.actor).toBe(api.engine.workspace.memberOf('editor'));
    expect(event?.commandId).toMatch(new RegExp(`^webhook:${door.id}:[0-9a-f]{64}$`));
    const [one] = await tellings(1);
    expect(one).toMatchObject({
      url: RESPONSE_URL,
      message: { response_type: 'ephemeral', text: expect.stringContaining('Done') },
    });
  });

  it('is refused by the guard with a text, not with an error', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forSlack();
    const changes = { type: 'decide_approval', ...approve, decision: 'request_changes' };
    const bare = await click(door, changes);
    expect([bare.status, bare.json.outcome]).toEqual([200, 'refused']);
    expect(bare.json.text).toContain('needs a reason');
    const reasoned = await click(door, { ...changes, reason: 'legal_risk' });
    expect(reasoned.json.outcome).toBe('applied');
    expect((await api.engine.item(itemId)).stage).toBe('creation');
  });

  it('is one decision twice, at once, and freshly signed', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forSlack();
    const value = { type: 'decide_approval', ...approve };
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        click(door, value, { ts: 'same', at: Date.now() - index * 1_000 }),
      ),
    );
    for (const { status, json } of replies)
      expect([status, json.outcome]).toEqual([200, 'applied']);
    expect(await decisionsOf(itemId)).toHaveLength(1);
  });

  it('of a user whom nobody linked is refused politely', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forSlack();
    const value = { type: 'decide_approval', ...approve };
    const reply = await click(door, value, { user: 'USTRANGER' });
    expect([reply.status, reply.json.outcome]).toEqual([200, 'refused']);
    expect(reply.json.text).toContain('Ask an admin');
    await tellings(1);
    expect(await decisionsOf(itemId)).toEqual([]);
    const linked = { users: { USTRANGER: api.engine.workspace.memberOf('editor') } };
    await api.ok('strategist', 'PUT', `/v1/webhook-endpoints/${door.id}/users`, linked);
    expect((await click(door, value)).json.outcome).toBe('refused');
    expect((await click(door, value, { user: 'USTRANGER' })).json.outcome).toBe('applied');
  });

  it('is answered in time while nobody works, and told later', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forSlack();
    await api.engine.stopWorker();
    const before = Date.now();
    const reply = await click(door, { type: 'decide_approval', ...approve });
    expect(Date.now() - before).toBeLessThan(3_000);
    expect([reply.status, reply.json.outcome]).toEqual([200, 'pending']);
    await api.engine.startWorker();
    const { rows } = await api.engine.deps.db.$client.query(
      `select id from commands where item_id = $1 and state = 'pending'`,
      [itemId],
    );
    await api.engine.drain(rows[0].id);
    const [one] = await tellings(1);
    expect(one?.message.text).toContain('Done');
    expect(await decisionsOf(itemId)).toHaveLength(1);
  });

  it('forged, old, of no endpoint or under another scheme is the same 401', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forSlack();
    const value = { type: 'decide_approval', ...approve };
    const minutes = (count: number) => Date.now() + count * 60_000;
    const replies = [
      await click(door, value, { secret: 'another secret, made up' }),
      await click(door, value, { at: minutes(-6) }),
      await click(door, value, { at: minutes(6) }),
      await click(door, value, { headers: { 'x-slack-signature': '' } }),
      await click({ ...door, url: '/v1/webhooks/whe_none' }, value),
      await push(door, { type: 'decide_approval', data: approve }),
    ];
    const [first] = replies;
    for (const { status, json } of replies) {
      expect([status, json.detail]).toEqual([401, first?.json.detail]);
    }
    expect(await decisionsOf(itemId)).toEqual([]);
  });

  it('that says nothing valid is 400, of what the endpoint may not 403, of another type 415', async () => {
    const { approve } = await reviewed();
    const door = await forSlack();
    const status = async (...given: Parameters<typeof click>) => (await click(...given)).status;
    expect(await status(door, 'no json')).toBe(400);
    expect(await status(door, { type: 'decide_approval' })).toBe(400);
    expect(await status(door, { ...approve, type: 'decide_approval', extra: 1 })).toBe(400);
    expect(await status(door, approve, { payload: { type: 'view_submission' } })).toBe(400);
    expect(await status(door, approve, { payload: { actions: [] } })).toBe(400);
    expect(await status(door, { type: 'sign_off', itemId: 'x' })).toBe(403);
    const json = { 'content-type': 'application/json' };
    expect(await status(door, approve, { headers: json })).toBe(415);
  });

  it('acts in the workspace of its endpoint and in no other', async () => {
    const { itemId, approve } = await reviewed();
    const other = await makeWorkspace(api.engine.deps.db);
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? null;
    const made = await api.call(key, 'POST', '/v1/webhook-endpoints', {
      body: {
        kind: 'slack',
        decisions: ['decide_approval'],
        users: { [USER]: other.memberOf('editor') },
      },
    });
    const reply = await click(made.json, { type: 'decide_approval', ...approve });
    expect([reply.status, reply.json.outcome]).toEqual([200, 'refused']);
    expect(await decisionsOf(itemId)).toEqual([]);
    const stolen = { users: { [USER]: api.engine.workspace.memberOf('editor') } };
    const path = `/v1/webhook-endpoints/${made.json.id}/users`;
    expect((await api.call(key, 'PUT', path, { body: stolen })).json.issues[0].path).toBe(
      `users.${USER}`,
    );
    expect((await api.as('strategist', 'PUT', path, { body: stolen })).status).toBe(404);
    expect((await api.as('creator', 'PUT', path, { body: stolen })).status).toBe(403);
  });

  it('is signed by the secret that the app of Slack has, also after it changes', async () => {
    const { approve } = await reviewed();
    const secret = '8f742231b10e8888abcd99yyyzzz85a5';
    const door = await forSlack({ secret });
    expect(door.secret).toBe(secret);
    const next = { secret: 'another_secret_of_the_app' };
    await api.ok('strategist', 'POST', `/v1/webhook-endpoints/${door.id}/rotate`, next);
    const reply = await click(door, { type: 'decide_approval', ...approve }, next);
    expect(reply.json.outcome).toBe('applied');
  });
});

describe('a delivery as GitHub sends it', () => {
  it('decides once, whatever id the same body comes under', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forGithub();
    const body = { type: 'decide_approval', data: approve };
    const id = randomUUID();
    const first = await push(door, body, { id });
    expect(first.json).toMatchObject({
      outcome: 'applied',
      commandId: `webhook:${door.id}:${id}`,
    });
    for (const again of [await push(door, body, { id }), await push(door, body)]) {
      expect([again.status, again.text]).toEqual([200, first.text]);
    }
    await api.engine.apply('creator', itemId, 'save_draft', {
      draft: makeDraft({ body: 'Another text, for once.' }),
    });
    await api.engine.apply('creator', itemId, 'save_draft', { draft: makeDraft() });
    const checklist = tickedChecklist('review');
    await api.engine.apply('creator', itemId, 'submit_for_review', { checklist });
    expect((await push(door, body)).text).toBe(first.text);
    expect(await decisionsOf(itemId)).toHaveLength(1);
    const fresh = await push(door, { ...body, timestamp: new Date().toISOString() });
    expect(fresh.json.outcome).toBe('applied');
  });

  it('is a conflict when its id was used for another body, and refused by the guard', async () => {
    const { approve } = await reviewed();
    const door = await forGithub();
    const id = randomUUID();
    const stale = { ...approve, contentHash: '0'.repeat(64) };
    const refused = await push(door, { type: 'decide_approval', data: stale }, { id });
    expect([refused.status, refused.json.unmet[0].code]).toEqual([409, 'current_hash']);
    const other = await push(door, { type: 'decide_approval', data: approve }, { id });
    expect([other.status, other.json.code]).toEqual([409, 'idempotency_conflict']);
  });

  it('forged is 401, invalid 400, not entitled 403, of another type 415', async () => {
    const { itemId, approve } = await reviewed();
    const door = await forGithub();
    const body = { type: 'decide_approval', data: approve };
    const status = async (...given: Parameters<typeof push>) => (await push(...given)).status;
    const signed = (value: string) => ({ headers: { 'x-hub-signature-256': value } });
    expect(await status(door, body, signed(`sha256=${'0'.repeat(64)}`))).toBe(401);
    expect(await status(door, body, signed(''))).toBe(401);
    expect(await status({ ...door, secret: 'another secret, made up' }, body)).toBe(401);
    expect(await status(door, body, { headers: { 'x-github-delivery': 'a.b' } })).toBe(401);
    expect(await status(door, { type: 'decide_approval', data: {} })).toBe(400);
    expect(await status(door, { type: 'sign_off', data: {} })).toBe(403);
    expect(await status(door, body, { headers: { 'content-type': 'text/plain' } })).toBe(415);
    expect(await decisionsOf(itemId)).toEqual([]);
  });
});

describe('an endpoint', () => {
  it('is made with what its kind takes, and nothing else', async () => {
    const memberId = api.engine.workspace.memberOf('editor');
    const decisions = ['decide_approval'];
    for (const body of [
      { kind: 'slack', memberId, decisions },
      { kind: 'github', decisions },
      { kind: 'standard', memberId, decisions, secret: 'given by somebody else' },
      { kind: 'slack', decisions, users: { [USER]: 'mbr_none' } },
      { kind: 'slack', decisions, users: { 'not a user': memberId } },
      { kind: 'slack', decisions, secret: 'short' },
      { kind: 'teams', memberId, decisions },
    ]) {
      const reply = await api.as('strategist', 'POST', '/v1/webhook-endpoints', { body });
      expect([body, reply.status]).toEqual([body, 400]);
    }
    const rotated = await forGithub();
    const path = `/v1/webhook-endpoints/${rotated.id}/rotate`;
    expect((await api.as('strategist', 'POST', path)).json.secret).toMatch(/^whsec_/);
  });
});
