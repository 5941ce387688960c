import { createHash, randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

const PER_SECOND = 20;
const QUOTAS = { openItems: 3, storageBytes: 2_000, apiKeys: 20, webhookEndpoints: 2 };

describe('a flood of strangers from one address', () => {
  let api: IdleApi;
  beforeAll(async () => {
    api = await openIdleApi({
      settings: { rateLimitPerSecond: PER_SECOND, workspaceRateLimitPerSecond: 10_000 },
    });
  });
  afterAll(() => api?.close());

  /** Requests without a credential and with bad ones, and what the last of them were answered. */
  async function flood(): Promise<void> {
    const bad = `bk_${'0'.repeat(26)}.${'a'.repeat(43)}`;
    const replies = await Promise.all(
      Array.from({ length: 4 * PER_SECOND }, (_, index) => [
        api.call(null, 'GET', '/v1/items'),
        api.call(bad, 'GET', '/v1/items'),
        api.call(null, 'GET', `/v1/calendar.ics?token=${index}`),
        api.call(null, 'POST', '/v1/webhooks/whe_none', { body: {} }),
      ]).flat(),
    );
    expect(new Set(replies.map(({ status }) => status))).toContain(429);
  }

  it('keeps no first use of a key out', async () => {
    await flood();
    for (const role of ['strategist', 'creator', 'editor'] as const) {
      expect((await api.as(role, 'GET', '/v1/roles')).status).toBe(200);
    }
  });

  it('keeps no feed and no signed webhook out', async () => {
    const made = await api.as('editor', 'POST', '/v1/calendar/feeds', { body: {} });
    const endpoint = await api.as('strategist', 'POST', '/v1/webhook-endpoints', {
      body: {
        name: 'decides',
        memberId: api.workspace.memberOf('editor'),
        decisions: ['decide_approval'],
      },
    });
    expect(endpoint.status).toBe(201);
    await flood();
    const feed = new URL(made.json.url);
    expect((await api.call(null, 'GET', feed.pathname + feed.search)).status).toBe(200);
    const decision = { role: 'editor', contentHash: 'a'.repeat(64), decision: 'approve' };
    const data = { itemId: 'itm_none', ...decision };
    const body = JSON.stringify({ type: 'decide_approval', data });
    const [id, at] = [randomUUID(), new Date()];
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(endpoint.json.secret).sign(id, at, body),
    };
    const sent = await api.call(null, 'POST', endpoint.json.url, { body, headers });
    expect(sent.status).toBe(404);
    expect(sent.json.code).toBe('not_found');
  });
});

describe('limits', () => {
  it('hold over all processes of one database, by key and by workspace', async () => {
    const settings = { rateLimitPerSecond: 40, workspaceRateLimitPerSecond: 60 };
    const one = await openIdleApi({ settings });
    const two = await one.another();
    try {
      const began = performance.now();
      const ask = (role: 'editor' | 'creator') =>
        Array.from({ length: 60 }, () => [
          one.as(role, 'GET', '/v1/roles'),
          two.call(one.keyOf(role), 'GET', '/v1/roles'),
        ]).flat();
      const ofOne = await Promise.all(ask('editor'));
      const seconds = Math.ceil((performance.now() - began) / 1_000) + 1;
      const served = ofOne.filter(({ status }) => status === 200).length;
      expect(served).toBeGreaterThanOrEqual(36);
      expect(served).toBeLessThanOrEqual(40 * seconds);
      const all = await Promise.all([...ask('editor'), ...ask('creator')]);
      const refused = all.filter(({ status }) => status === 429).map(({ json }) => json.detail);
      expect(refused.length).toBeGreaterThan(0);
    } finally {
      await two.close();
      await one.close();
    }
  });
});

describe('quotas of a workspace', () => {
  let api: IdleApi;
  beforeAll(async () => {
    api = await openIdleApi({ settings: { quotas: QUOTAS } });
  });
  afterAll(() => api?.close());

  it('bound its webhook endpoints, also for many at once', async () => {
    const body = {
      name: 'decides',
      memberId: api.workspace.memberOf('editor'),
      decisions: ['decide_approval'],
    };
    const add = () => api.as('strategist', 'POST', '/v1/webhook-endpoints', { body });
    const replies = await Promise.all(Array.from({ length: 6 }, add));
    const made = replies.filter(({ status }) => status === 201);
    expect(made).toHaveLength(QUOTAS.webhookEndpoints);
    const refused = replies.find(({ status }) => status !== 201);
    expect(refused?.json).toMatchObject({ status: 409, code: 'quota_exceeded' });
    expect(refused?.json.detail).toContain('2 webhook endpoints');
    await api.as('strategist', 'DELETE', `/v1/webhook-endpoints/${made[0]?.json.id}`);
    expect((await add()).status).toBe(201);
  });

  it('bound its files by bytes; what is stored already is no addition', async () => {
    const file = (length: number, letter: string) => letter.repeat(length);
    const upload = (text: string) =>
      api.as('creator', 'POST', '/v1/assets?kind=written', {
        body: text,
        headers: { 'content-type': 'text/plain' },
      });
    expect((await upload(file(1_500, 'a'))).status).toBe(201);
    const large = await upload(file(600, 'b'));
    expect([409, 413]).toContain(large.status);
    const hash = createHash('sha256').update(file(600, 'b')).digest('hex');
    expect((await api.as('creator', 'GET', `/v1/assets/${hash}`)).status).toBe(404);
    expect((await upload(file(500, 'c'))).status).toBe(201);
    expect((await upload('d')).json.code).toBe('quota_exceeded');
  });

  it('bound its open items', async () => {
    const start = (title: string) => api.as('strategist', 'POST', '/v1/items', { body: { title } });
    const replies = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(start));
    const refused = replies.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.json).toMatchObject({ code: 'quota_exceeded' });
    expect(refused[0]?.json.detail).toBe('a workspace may have 3 open items: close or cancel some');
  });
});

describe('a request with many mistakes', () => {
  it('gets an answer that is not larger than it', async () => {
    const api = await openIdleApi();
    try {
      const many = Object.fromEntries(
        Array.from({ length: 12_000 }, (_, index) => [`unknown_${index}`, 1]),
      );
      const body = JSON.stringify({ title: 'x', ...many });
      const reply = await api.as('strategist', 'POST', '/v1/items', {
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect(reply.status).toBe(400);
      expect(reply.text.length).toBeLessThan(20_000);
      expect(reply.json.issues).toHaveLength(51);
      expect(reply.json.issues.at(-1).message).toBe('and 11950 more issues');
    } finally {
      await api.close();
    }
  });
});
