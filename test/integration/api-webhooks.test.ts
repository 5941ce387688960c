import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webhookPurpose } from '../../src/credentials/signing-secrets.ts';
import { countRows, type Json, openApi, type Reply } from '../support/api-fixture.ts';
import { makeDraft, tickedChecklist } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import {
  frozenReview,
  toCreation,
  toKpiReview,
  toOffered,
  toReview,
} from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

interface Endpoint {
  id: string;
  url: string;
  secret: string;
}

const DECISIONS = ['accept_handoff', 'decline_handoff', 'decide_approval', 'sign_off'];

async function makeEndpoint(
  role: 'creator' | 'editor' | 'strategist',
  decisions = DECISIONS,
): Promise<Endpoint> {
  const memberId = api.engine.workspace.memberOf(role);
  return api.ok('strategist', 'POST', '/v1/webhook-endpoints', { memberId, decisions, name: role });
}

interface Delivery {
  id?: string;
  at?: Date;
  secret?: string;
  headers?: Record<string, string | undefined>;
}

function signedHeaders(
  endpoint: Endpoint,
  text: string,
  { id = randomUUID(), at = new Date(), secret = endpoint.secret }: Delivery,
) {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, at, text),
  };
}

async function deliver(
  endpoint: Endpoint,
  body: unknown,
  delivery: Delivery = {},
  through = api,
): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = { ...signedHeaders(endpoint, text, delivery), ...delivery.headers };
  const headers = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return through.call(null, 'POST', endpoint.url, { body: text, headers });
}

async function start(): Promise<string> {
  return (await api.ok('strategist', 'POST', '/v1/items', { title: 'By webhook' })).item.id;
}

const handoffOf = (itemId: string, count = 1) => `hnd_${itemId.slice(4)}_${count}`;
const seqOf = async (itemId: string) => (await api.engine.item(itemId)).seq;

describe('a signed decision', () => {
  it('accepts a handoff, and is refused by the guard of the item itself', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const endpoint = await makeEndpoint('creator');
    const data = { itemId, handoffId: handoffOf(itemId) };
    const applied = await deliver(endpoint, { type: 'accept_handoff', data });
    expect(applied.status).toBe(200);
    expect(applied.json).toMatchObject({
      outcome: 'applied',
      stage: 'creation',
      commandId: expect.stringContaining(`webhook:${endpoint.id}:`),
    });
    const late = await deliver(endpoint, { type: 'accept_handoff', data });
    expect(late.status).toBe(409);
    expect(late.json).toMatchObject({
      code: 'refused',
      outcome: 'refused',
      unmet: [{ code: 'in_stage' }],
    });
    const event = (await api.engine.chain(itemId)).find(({ type }) => type === 'handoff.accepted');
    expect(event?.actor).toBe(api.engine.workspace.memberOf('creator'));
  });

  it('declines, approves, requests changes and signs off', async () => {
    const [creator, editor, strategist] = await Promise.all([
      makeEndpoint('creator'),
      makeEndpoint('editor'),
      makeEndpoint('strategist'),
    ]);
    const declined = await start();
    await toOffered(api.engine, declined);
    const unreasoned = await deliver(creator, {
      type: 'decline_handoff',
      data: { itemId: declined, handoffId: handoffOf(declined) },
    });
    expect(unreasoned.json.unmet).toMatchObject([{ code: 'reason_given' }]);
    const decline = await deliver(creator, {
      type: 'decline_handoff',
      data: {
        itemId: declined,
        handoffId: handoffOf(declined),
        reason: 'wrong_audience',
        comment: 'not ours',
      },
    });
    expect(decline.json).toMatchObject({ outcome: 'applied', stage: 'briefing' });

    const reviewed = await start();
    const contentHash = await toReview(api.engine, reviewed);
    const decision = { itemId: reviewed, role: 'editor', contentHash };
    const changes = await deliver(editor, {
      type: 'decide_approval',
      data: { ...decision, decision: 'request_changes', reason: 'seo' },
    });
    expect(changes.json).toMatchObject({ outcome: 'applied', stage: 'creation' });
    const stale = await deliver(editor, {
      type: 'decide_approval',
      data: { ...decision, decision: 'approve' },
    });
    expect(stale.status).toBe(409);

    const measured = await start();
    const reviewHash = await toKpiReview(api.engine, measured);
    expect(reviewHash).toBe(await frozenReview(api.engine, measured));
    const signed = await deliver(strategist, {
      type: 'sign_off',
      data: {
        itemId: measured,
        role: 'strategist',
        decision: 'scale',
        reviewHash,
        comment: 'why not',
      },
    });
    expect(signed.json).toMatchObject({ outcome: 'applied', stage: 'kpi_review' });
  });

  it('of someone who wrote the piece is 403: four eyes', async () => {
    const itemId = await start();
    const { workspaceId } = api.engine.workspace;
    const memberId = api.engine.workspace.memberOf('creator');
    await toCreation(api.engine, itemId);
    await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, {
      roles: ['creator', 'editor'],
    });
    try {
      await api.ok('creator', 'PUT', `/v1/items/${itemId}/draft`, makeDraft());
      const { contentHash } = await api.ok('creator', 'POST', `/v1/items/${itemId}/handoffs`, {
        checklist: tickedChecklist('review'),
      });
      const endpoint = await makeEndpoint('creator');
      const reply = await deliver(endpoint, {
        type: 'decide_approval',
        data: { itemId, role: 'editor', contentHash, decision: 'approve' },
      });
      expect(reply.status, workspaceId).toBe(403);
      expect(reply.json).toMatchObject({
        code: 'forbidden',
        outcome: 'refused',
        unmet: [{ code: 'four_eyes' }],
      });
    } finally {
      await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, { roles: ['creator'] });
    }
  });
});

describe('the same delivery', () => {
  it('twenty times in parallel is one transition and twenty identical answers', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const before = await seqOf(itemId);
    const endpoint = await makeEndpoint('creator');
    const body = { type: 'accept_handoff', data: { itemId, handoffId: handoffOf(itemId) } };
    const id = randomUUID();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        deliver(endpoint, body, { id, at: new Date(Date.now() - index * 1_000) }),
      ),
    );
    for (const { status, text } of replies) expect([status, text]).toEqual([200, replies[0]?.text]);
    const accepted = (await api.engine.chain(itemId)).filter(
      ({ type }) => type === 'handoff.accepted',
    );
    expect(accepted).toHaveLength(1);
    expect(replies[0]?.json.seq).toBeGreaterThan(before);
  });

  it('gets the same answer freshly signed and from another process, refusals too', async () => {
    const itemId = await start();
    const endpoint = await makeEndpoint('creator');
    const body = { type: 'accept_handoff', data: { itemId, handoffId: handoffOf(itemId) } };
    const id = 'evt_same';
    const first = await deliver(endpoint, body, { id });
    expect(first.status).toBe(409);
    await toOffered(api.engine, itemId);
    const restarted = await openApi(
      { ...api.engine.deps, sender: api.engine.sender },
      { secrets: api.secrets },
    );
    try {
      const again = await deliver(
        endpoint,
        body,
        { id, at: new Date(Date.now() - 60_000) },
        { ...api, call: restarted.call },
      );
      expect({ ...again.json, requestId: '' }).toEqual({ ...first.json, requestId: '' });
    } finally {
      await restarted.close();
    }
    const outside = await deliver(endpoint, body, { id, at: new Date(Date.now() - 301_000) });
    expect(outside.status).toBe(401);
    const other = await deliver(
      endpoint,
      { ...body, data: { ...body.data, handoffId: handoffOf(itemId, 2) } },
      { id },
    );
    expect(other.status).toBe(409);
    expect(other.json.code).toBe('idempotency_conflict');
    const accepted = await deliver(endpoint, body, { id: 'evt_new' });
    expect(accepted.status).toBe(200);
  });

  it('gets the same answer after its member was deactivated; a new delivery of theirs is 403', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const endpoint = await makeEndpoint('creator');
    const body = { type: 'accept_handoff', data: { itemId, handoffId: handoffOf(itemId) } };
    const [accepted, late] = [randomUUID(), randomUUID()];
    const first = await deliver(endpoint, body, { id: accepted });
    const refused = await deliver(endpoint, body, { id: late });
    expect([first.status, refused.status]).toEqual([200, 409]);
    const memberId = api.engine.workspace.memberOf('creator');
    await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, { active: false });
    try {
      const again = await deliver(endpoint, body, { id: accepted });
      expect([again.status, again.text]).toEqual([200, first.text]);
      const refusedAgain = await deliver(endpoint, body, { id: late });
      expect({ ...refusedAgain.json, requestId: '' }).toEqual({ ...refused.json, requestId: '' });
      const other = { ...body, data: { itemId, handoffId: handoffOf(itemId, 2) } };
      const changed = await deliver(endpoint, other, { id: accepted });
      expect(changed.json.code).toBe('idempotency_conflict');
      const fresh = await deliver(endpoint, body);
      expect([fresh.status, fresh.json.code]).toEqual([403, 'forbidden']);
    } finally {
      await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, { active: true });
    }
  });

  it('is 401 after its endpoint was closed: nothing is left to verify it with', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const endpoint = await makeEndpoint('creator');
    const body = { type: 'accept_handoff', data: { itemId, handoffId: handoffOf(itemId) } };
    const id = randomUUID();
    expect((await deliver(endpoint, body, { id })).status).toBe(200);
    await api.as('strategist', 'DELETE', `/v1/webhook-endpoints/${endpoint.id}`);
    expect((await deliver(endpoint, body, { id })).status).toBe(401);
  });

  it('of another endpoint is another delivery', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const [first, second] = await Promise.all([makeEndpoint('editor'), makeEndpoint('creator')]);
    const body = { type: 'accept_handoff', data: { itemId, handoffId: handoffOf(itemId) } };
    const id = randomUUID();
    expect((await deliver(first, body, { id })).status).toBe(403);
    expect((await deliver(second, body, { id })).status).toBe(200);
  });
});

describe('a delivery that is not validly signed', () => {
  it('is the same 401 whatever is wrong, and nothing is stored', async () => {
    const itemId = await start();
    const endpoint = await makeEndpoint('creator');
    const body = { type: 'accept_handoff', data: { itemId } };
    const text = JSON.stringify(body);
    const stored = await countRows(api.engine.deps.db, 'commands');
    const good = signedHeaders(endpoint, text, {});
    const nobody = { ...endpoint, url: '/v1/webhooks/whe_nobody' };
    const replies = [
      await deliver(endpoint, body, { headers: { 'webhook-signature': undefined } }),
      await deliver(endpoint, body, { headers: { 'webhook-id': undefined } }),
      await deliver(endpoint, body, { headers: { 'webhook-timestamp': undefined } }),
      await deliver(endpoint, body, { headers: { 'webhook-id': 'another' } }),
      await deliver(endpoint, body, { headers: { 'webhook-id': 'dotted.id' } }),
      await deliver(endpoint, body, {
        headers: { 'webhook-timestamp': `${good['webhook-timestamp']}abc` },
      }),
      await deliver(endpoint, body, { headers: { 'webhook-signature': 'v1,AAAA' } }),
      await deliver(endpoint, body, {
        headers: { 'webhook-signature': Array(6).fill(good['webhook-signature']).join(' ') },
      }),
      await deliver(endpoint, body, { at: new Date(Date.now() - 302_000) }),
      await deliver(endpoint, body, { at: new Date(Date.now() + 302_000) }),
      await deliver(endpoint, body, { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }),
      await deliver(nobody, body),
      await deliver(nobody, 'not json'),
      await deliver(endpoint, body, {
        headers: { 'webhook-signature': 'v1,AAAA', 'content-type': 'text/plain' },
      }),
    ];
    for (const { status, json } of replies) {
      expect({ ...json, requestId: '' }).toEqual({ ...replies[0]?.json, requestId: '' });
      expect(status).toBe(401);
    }
    expect(await countRows(api.engine.deps.db, 'commands')).toBe(stored);
    const tampered = await api.call(null, 'POST', endpoint.url, {
      body: text.replace('accept', 'decline'),
      headers: signedHeaders(endpoint, text, {}),
    });
    expect(tampered.status).toBe(401);
  });

  it('is 401 as well when the endpoint was closed', async () => {
    const endpoint = await makeEndpoint('creator');
    expect(
      (await api.as('strategist', 'DELETE', `/v1/webhook-endpoints/${endpoint.id}`)).status,
    ).toBe(204);
    expect((await deliver(endpoint, {})).status).toBe(401);
  });
});

describe('a signed delivery that cannot be carried out', () => {
  it.each([
    { what: 'no JSON', body: '{"type":', status: 400, code: 'malformed_json' },
    {
      what: 'a NUL',
      body: '{"type":"accept_handoff","data":{"itemId":"\\u0000"}}',
      status: 400,
      code: 'malformed_json',
    },
    {
      what: 'an unknown type',
      body: { type: 'cancel', data: { itemId: 'x' } },
      status: 400,
      code: 'invalid_request',
    },
    {
      what: 'an unknown field',
      body: { type: 'accept_handoff', data: { itemId: 'x', handoffId: 'hnd_x_1', actor: 'me' } },
      status: 400,
      code: 'invalid_request',
    },
    {
      what: 'no item',
      body: { type: 'accept_handoff', data: {} },
      status: 400,
      code: 'invalid_request',
    },
    {
      what: 'an item of nobody',
      body: {
        type: 'accept_handoff',
        data: { itemId: 'itm_nobody', handoffId: 'hnd_nobody_1' },
      },
      status: 404,
      code: 'not_found',
    },
  ])('with $what is $status $code', async ({ body, status, code }) => {
    const reply = await deliver(await makeEndpoint('creator'), body);
    expect(reply.status).toBe(status);
    expect(reply.json.code).toBe(code);
  });

  it('of a decision the endpoint may not send is 403', async () => {
    const endpoint = await makeEndpoint('creator', ['decide_approval']);
    const reply = await deliver(endpoint, {
      type: 'accept_handoff',
      data: { itemId: await start() },
    });
    expect(reply.status).toBe(403);
    expect(reply.json.code).toBe('forbidden');
  });

  it('as a form is 415, and over the cap 413', async () => {
    const endpoint = await makeEndpoint('creator');
    const form = await deliver(endpoint, '{}', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(415);
    const large = await deliver(endpoint, JSON.stringify({ type: 'x'.repeat(300_000) }));
    expect(large.status).toBe(413);
  });
});

describe('the secrets of an endpoint', () => {
  it('are shown once, stored sealed, and two are valid after a rotation', async () => {
    const endpoint = await makeEndpoint('creator');
    expect(endpoint.secret).toMatch(/^whsec_/);
    const { secret } = await api.ok(
      'strategist',
      'POST',
      `/v1/webhook-endpoints/${endpoint.id}/rotate`,
    );
    expect(secret).not.toBe(endpoint.secret);
    const data = { itemId: 'itm_nobody', handoffId: 'hnd_nobody_1' };
    const body = { type: 'accept_handoff', data };
    expect((await deliver(endpoint, body)).status).toBe(404);
    expect((await deliver(endpoint, body, { secret })).status).toBe(404);
    const newest = await api.ok(
      'strategist',
      'POST',
      `/v1/webhook-endpoints/${endpoint.id}/rotate`,
    );
    expect((await deliver(endpoint, body)).status).toBe(401);
    expect((await deliver(endpoint, body, { secret })).status).toBe(404);
    expect((await deliver(endpoint, body, { secret: newest.secret })).status).toBe(404);

    const { db } = api.engine.deps;
    const expired = new Date(Date.now() - 1_000).toISOString();
    await db.$client.query(
      `update webhook_endpoints set secrets = jsonb_set(secrets, '{1,expiresAt}', to_jsonb($2::text)) where id = $1`,
      [endpoint.id, expired],
    );
    expect((await deliver(endpoint, body, { secret })).status).toBe(401);

    const { rows } = await db.$client.query('select * from webhook_endpoints where id = $1', [
      endpoint.id,
    ]);
    const list = JSON.stringify(await api.ok('strategist', 'GET', '/v1/webhook-endpoints'));
    for (const value of [endpoint.secret, secret, newest.secret]) {
      const bare = value.slice('whsec_'.length);
      expect(JSON.stringify(rows)).not.toContain(bare);
      expect(list).not.toContain(bare);
      expect(JSON.stringify(api.logged)).not.toContain(bare);
    }
    const sealed: string = rows[0].secrets[0].sealed;
    expect(api.secrets.open(sealed, webhookPurpose(endpoint.id))).toBe(newest.secret);
    expect(() => api.secrets.open(sealed, webhookPurpose('whe_other'))).toThrow();
  });
});

describe('a flood of forgeries', () => {
  it('changes nothing: no command, no event', async () => {
    const itemId = await start();
    await toOffered(api.engine, itemId);
    const endpoint = await makeEndpoint('creator');
    const before = [await seqOf(itemId), await countRows(api.engine.deps.db, 'commands')];
    const text = JSON.stringify({ type: 'accept_handoff', data: { itemId } });
    const forge = async (index: number): Promise<number> => {
      const headers: Json = signedHeaders(endpoint, text, {});
      const name =
        ['webhook-id', 'webhook-timestamp', 'webhook-signature'][index % 3] ?? 'webhook-id';
      const value: string = headers[name];
      const at = index % value.length;
      const letter = value[at] === 'A' ? 'B' : 'A';
      headers[name] = value.slice(0, at) + letter + value.slice(at + 1);
      return (await api.call(null, 'POST', endpoint.url, { body: text, headers })).status;
    };
    const statuses = new Set<number>();
    for (let batch = 0; batch < 8; batch += 1) {
      const replies = await Promise.all(
        Array.from({ length: 25 }, (_, index) => forge(batch * 25 + index)),
      );
      for (const status of replies) statuses.add(status);
    }
    expect(statuses).toEqual(new Set([401]));
    expect([await seqOf(itemId), await countRows(api.engine.deps.db, 'commands')]).toEqual(before);
  });
});
