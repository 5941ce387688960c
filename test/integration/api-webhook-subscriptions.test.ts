import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTBOUND_EVENT_TYPES } from '../../src/domain/outbound/catalogue.ts';
import type { Json, Reply } from '../support/api-fixture.ts';
import { runCommand } from '../support/baton-command.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

const PATH = '/v1/webhook-subscriptions';
const url = 'https://example.org/hook';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi({ settings: { allowedOrigins: ['http://127.0.0.1:9'] } });
});
afterAll(() => api?.close());

/** The strategist of a test workspace is its admin. */
const admin = (method: string, path: string, body?: unknown, headers = {}): Promise<Reply> =>
  api.as('strategist', method, path, { ...(body !== undefined && { body }), headers });

async function subscribe(change: object = {}): Promise<Json> {
  const reply = await admin('POST', PATH, { url, types: ['*'], ...change });
  expect(reply.status, reply.text).toBe(201);
  return reply.json;
}

describe('a subscription', () => {
  it('is made with a secret that is shown once', async () => {
    const filter = { stage: 'review', role: 'editor' };
    const made = await subscribe({ types: ['approval.requested'], filter, description: 'desk' });
    const { secret, ...shown } = made;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/=]{44}$/);
    expect(shown).toMatchObject({
      url,
      types: ['approval.requested'],
      filter,
      description: 'desk',
      active: true,
      stopped: null,
      issuedBy: api.workspace.memberOf('strategist'),
    });
    expect((await admin('GET', `${PATH}/${made.id}`)).json).toEqual(shown);
    expect((await admin('GET', PATH)).json.items).toContainEqual(shown);
    const stored = await api.database.pool.query('select * from webhook_subscriptions');
    expect(JSON.stringify(stored.rows)).not.toContain(secret);
    const acts = await admin('GET', `/v1/audit/administration?target=${made.id}`);
    expect(acts.json.items).toMatchObject([{ act: 'webhook_subscription.added' }]);
    expect(acts.text).not.toContain(secret);
  });

  it('is paused, resumed, changed, rotated and ended; each is recorded', async () => {
    const { id, secret } = await subscribe();
    const one = `${PATH}/${id}`;
    expect((await admin('PATCH', one, { active: false })).json).toMatchObject({
      active: false,
      stopped: 'paused',
    });
    expect((await admin('POST', `${one}/test`)).json.code).toBe('conflict');
    expect((await admin('PATCH', one, { active: true })).json).toMatchObject({
      active: true,
      stopped: null,
    });
    const changed = await admin('PATCH', one, { types: ['item.closed'], filter: { stage: 'x' } });
    expect(changed.json).toMatchObject({ types: ['item.closed'], filter: { stage: 'x' } });
    const rotated = await admin('POST', `${one}/rotate`);
    expect(rotated.json.secret).toMatch(/^whsec_/);
    expect(rotated.json.secret).not.toBe(secret);
    expect((await admin('GET', one)).json.secrets).toMatchObject([
      { expiresAt: null },
      { expiresAt: expect.any(String) },
    ]);
    expect((await admin('DELETE', one)).status).toBe(204);
    expect((await admin('GET', one)).status).toBe(404);
    expect((await admin('DELETE', one)).status).toBe(404);
    const acts = await admin('GET', `/v1/audit/administration?target=${id}`);
    expect(acts.json.items.map(({ act }: Json) => act.split('.')[1])).toEqual([
      'added',
      'changed',
      'changed',
      'changed',
      'changed',
      'removed',
    ]);
  });

  it('is made once per idempotency key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const [one, again] = await Promise.all([
      admin('POST', PATH, { url, types: ['*'] }, headers),
      admin('POST', PATH, { url, types: ['*'] }, headers),
    ]);
    expect([one.status, again.status].sort()).toEqual([201, 201]);
    expect(one.json.id).toBe(again.json.id);
  });

  it.each([
    'http://example.org/hook',
    'https://user:secret@example.org/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://10.1.2.3/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://localhost/',
    'https://db/',
    'https://metadata.google.internal/',
    'https://printer.local./',
    'https://example.org:22/',
    'http://127.0.0.1:10/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'not an address',
    '',
  ])('is not made for "%s"', async (hostile) => {
    const reply = await admin('POST', PATH, { url: hostile, types: ['*'] });
    expect(reply.status).toBe(400);
    expect(reply.json.issues[0].path).toBe('url');
    expect(reply.text).not.toContain('secret@');
  });

  it('is not made for an endless address', async () => {
    const endless = `https://example.org/${'x'.repeat(3_000)}`;
    const reply = await admin('POST', PATH, { url: endless, types: ['*'] });
    expect(reply.json.issues[0].path).toBe('url');
  });

  it('is made for an origin that this deployment allows', async () => {
    expect((await subscribe({ url: 'http://127.0.0.1:9/hook' })).active).toBe(true);
  });

  it.each([
    ['no types', { types: [] }, 'types'],
    ['an unknown type', { types: ['item.exploded'] }, 'types.0'],
    ['many types', { types: Array.from({ length: 1_000 }, () => '*') }, 'types'],
    ['an unknown role', { filter: { role: 'emperor' } }, 'filter.role'],
    ['an unknown filter', { filter: { planet: 'mars' } }, 'filter.planet'],
    ['a long description', { description: 'x'.repeat(501) }, 'description'],
    ['a secret of its own', { secret: 'mine' }, 'secret'],
  ])('is not made with %s', async (_, change, path) => {
    const reply = await admin('POST', PATH, { url, types: ['*'], ...change });
    expect(reply.status).toBe(400);
    expect(reply.json.issues[0].path).toBe(path);
  });

  it('is the business of the admin alone, whatever is sent', async () => {
    const { id } = await subscribe();
    const one = `${PATH}/${id}`;
    const calls: [string, string][] = [
      ['GET', PATH],
      ['POST', PATH],
      ['GET', one],
      ['PATCH', one],
      ['DELETE', one],
      ['POST', `${one}/rotate`],
      ['POST', `${one}/test`],
      ['GET', `${one}/deliveries`],
      ['POST', `${one}/deliveries/whd_x/replay`],
    ];
    const { members } = await makeWorkspace(api.database.db);
    const foreign = members.find(({ role }) => role === 'strategist')?.key ?? '';
    for (const [method, path] of calls) {
      const body = { nonsense: true };
      const options = method === 'GET' || method === 'DELETE' ? {} : { body };
      const reply = await api.as('creator', method, path, options);
      expect(reply.json.code, `${method} ${path}`).toBe('forbidden');
      expect((await api.call(null, method, path, options)).status).toBe(401);
      if (path === PATH || (method === 'PATCH' && path === one)) continue;
      const elsewhere = await api.call(foreign, method, path);
      expect(elsewhere.status, `${method} ${path}`).toBe(404);
    }
  });

  it('is one of a hundred at most', async () => {
    const { workspaceId } = api.workspace;
    await api.database.pool.query(
      `insert into webhook_subscriptions (id, workspace_id, url, types, secrets)
       select 'whs_full_' || n, $1, $2, '{*}', '[]' from generate_series(1, 100) n`,
      [workspaceId, url],
    );
    const reply = await admin('POST', PATH, { url, types: ['*'] });
    expect(reply.json.code).toBe('quota_exceeded');
    await api.database.pool.query(`delete from webhook_subscriptions where id like 'whs_full_%'`);
  });
});

describe('deliveries', () => {
  it('begin with a test, are listed by state and replayed', async () => {
    const { id } = await subscribe({ types: ['item.closed'] });
    const test = await admin('POST', `${PATH}/${id}/test`);
    expect(test.status, test.text).toBe(200);
    expect(test.json).toMatchObject({ type: 'webhook.test', state: 'pending', attempts: [] });
    const list = (query = '') => admin('GET', `${PATH}/${id}/deliveries${query}`);
    expect((await list()).json.items).toEqual([test.json]);
    expect((await list('?state=exhausted')).json.items).toEqual([]);
    expect((await list('?state=lost')).status).toBe(400);
    await api.database.pool.query(
      `update webhook_deliveries set state = 'exhausted', next_attempt_at = null, attempts = 10
       where subscription_id = $1`,
      [id],
    );
    const replayed = await admin('POST', `${PATH}/${id}/deliveries/${test.json.id}/replay`);
    expect(replayed.json).toMatchObject({ eventId: test.json.eventId, state: 'pending' });
    expect((await admin('POST', `${PATH}/${id}/deliveries/whd_none/replay`)).status).toBe(404);
    const { id: other } = await subscribe();
    const foreign = `${PATH}/${other}/deliveries/${test.json.id}/replay`;
    expect((await admin('POST', foreign)).status).toBe(404);
  });
});

describe('the document', () => {
  it('has an entry for every event, with an example', async () => {
    const { webhooks } = (await api.call(null, 'GET', '/openapi.json')).json;
    expect(Object.keys(webhooks).sort()).toEqual([...OUTBOUND_EVENT_TYPES].sort());
    for (const [type, { post }] of Object.entries<Json>(webhooks)) {
      expect(post.requestBody.content['application/json'].example.type).toBe(type);
    }
  });
});

describe('the command line', () => {
  it('makes, tests, lists and ends a subscription', async () => {
    const environment = { BATON_URL: api.url, BATON_KEY: api.keyOf('strategist') };
    const run = async (...args: string[]) => {
      const { code, out, err } = await runCommand(['subscriptions', ...args], { environment });
      expect(code, err).toBe(0);
      return out;
    };
    const made = JSON.parse(await run('create', '--to', url, '--role', 'editor', '--json'));
    expect(made).toMatchObject({ url, types: ['*'], filter: { role: 'editor' } });
    expect(await run('list')).toContain(made.id);
    expect(await run('pause', made.id)).toContain('paused');
    expect(await run('resume', made.id)).toContain('active');
    expect(await run('rotate', made.id)).toMatch(/^whsec_/);
    const delivery = JSON.parse(await run('test', made.id, '--json'));
    expect(await run('deliveries', made.id, '--state', 'pending')).toContain(delivery.id);
    expect(await run('replay', made.id, delivery.id)).toContain('webhook.test');
    expect(await run('delete', made.id)).toContain('ended');
  });
});
