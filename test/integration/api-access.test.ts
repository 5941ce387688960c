import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PUBLIC_ROUTES } from '../../src/api/gates/authenticate.ts';
import type { Db } from '../../src/db/client.ts';
import { createApiKey, revokeApiKey } from '../../src/db/workspace/api-keys.ts';
import { updateMember } from '../../src/db/workspace/members.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { makeWorkspace, type TestWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
let db: Db;
let ours: TestWorkspace;
let theirs: TestWorkspace;
let itemId: string;
let adminKey: string;

const keyOf = (workspace: TestWorkspace, role: string) =>
  workspace.members.find((member) => member.role === role)?.key ?? '';

beforeAll(async () => {
  api = await openIdleApi();
  db = api.database.db;
  ours = api.workspace;
  theirs = await makeWorkspace(db);
  adminKey = keyOf(ours, 'strategist');
  itemId = await api.start();
});
afterAll(() => api?.close());

/** Every route as the document has it, its path filled with ids of our workspace. */
function routes(): { method: string; path: string; route: string; isPublic: boolean }[] {
  const shown = new Set<string>();
  return api.app.routes.flatMap(({ method, path }) => {
    const route = `${method} ${path}`;
    if (method === 'ALL' || shown.has(route)) return [];
    shown.add(route);
    const filled = path
      .replace('/items/:id', `/items/${itemId}`)
      .replace(':number', '1')
      .replaceAll(/:[A-Za-z]+/g, 'mbr_unknown');
    return [{ method, path: filled, route, isPublic: PUBLIC_ROUTES.has(route) }];
  });
}

describe('every route', () => {
  it('is in the public list or needs a key', async () => {
    const open: string[] = [];
    for (const { method, path, route, isPublic } of routes()) {
      const { status, json } = await api.call(null, method, path);
      if (status !== 401 && !isPublic) open.push(route);
      if (status === 401) expect(json.code, route).toBe('unauthenticated');
    }
    expect(open).toEqual([]);
    const known = new Set(routes().map(({ route }) => route));
    expect([...PUBLIC_ROUTES].filter((route) => !known.has(route))).toEqual([]);
  });

  it('is described in the document, with the credential it takes', async () => {
    const { json: document } = await api.call(null, 'GET', '/openapi.json');
    const undescribed = routes().filter(({ route }) => {
      const [method = '', path = ''] = route.split(' ');
      const operation =
        document.paths[path.replaceAll(/:([A-Za-z]+)/g, '{$1}')]?.[method.toLowerCase()];
      return operation?.security === undefined;
    });
    expect(undescribed.map(({ route }) => route)).toEqual([
      'GET /openapi.json',
      'GET /docs',
      'GET /docs/swagger-ui.css',
      'GET /docs/swagger-ui-bundle.js',
    ]);
  });

  it.each([
    { what: 'a revoked key', make: () => revokedKey() },
    { what: 'an expired key', make: () => keyFor('expired') },
    { what: 'a key of an inactive member', make: () => inactiveKey() },
    { what: 'an unknown key', make: async () => `bk_${'0'.repeat(26)}.${'a'.repeat(43)}` },
    { what: 'a key with another secret', make: async () => adminKey.replace(/.{4}$/, 'AAAA') },
    { what: 'no key at all', make: async () => 'x' },
  ])('refuses $what', async ({ make }) => {
    const key = await make();
    for (const { method, path, route, isPublic } of routes()) {
      if (isPublic) continue;
      const { status } = await api.call(key, method, path);
      expect(status, route).toBe(401);
    }
  });

  it('treats things of another workspace as unknown', async () => {
    const stranger = keyOf(theirs, 'strategist');
    const found: string[] = [];
    for (const { method, path, route } of routes()) {
      if (!path.includes(itemId)) continue;
      const body = BODIES[route] ?? {};
      const headers = { 'content-type': 'application/json' };
      const reply = await api.call(stranger, method, path, {
        ...(method !== 'GET' && { body }),
        headers,
      });
      if (reply.status !== 404) found.push(`${route}: ${reply.status} ${reply.text}`);
    }
    expect(found).toEqual([]);
  });

  it('lists nothing of another workspace', async () => {
    const stranger = keyOf(theirs, 'strategist');
    const { json } = await api.call(stranger, 'GET', '/v1/items');
    expect(json).toEqual({ items: [], nextCursor: null });
    const inbox = await api.call(stranger, 'GET', '/v1/inbox');
    expect(inbox.json.items).toEqual([]);
  });
});

/** Valid bodies, so that the answer is about the item and not about the body. */
const BODIES: Record<string, object> = {
  'PUT /v1/items/:id/draft': { language: 'en', title: 'a title', body: '' },
  'POST /v1/items/:id/approvals': {
    role: 'editor',
    contentHash: 'a'.repeat(64),
    decision: 'approve',
  },
  'PUT /v1/items/:id/schedule': { publications: [] },
  'POST /v1/items/:id/publications/:pubId/resolve': { outcome: 'live' },
  'POST /v1/items/:id/reassign': { role: 'creator', memberId: 'mbr_x' },
  'POST /v1/items/:id/readings': {
    measure: 'impressions',
    value: 1,
    asOf: '2026-03-02T08:00:00Z',
  },
  'POST /v1/items/:id/kpi-review/sign-offs': {
    role: 'creator',
    decision: 'agree',
    reviewHash: '0'.repeat(64),
  },
  'POST /v1/items/:id/kpi-addenda/:number/decision': { decision: 'scale', reason: 'r' },
  'POST /v1/items/:id/comments': { text: 'hello' },
};

describe('a route for some roles', () => {
  it.each([
    ['POST', '/v1/members'],
    ['PATCH', '/v1/members/mbr_1'],
    ['POST', '/v1/api-keys'],
    ['POST', '/v1/playbooks'],
    ['POST', '/v1/campaigns'],
    ['POST', '/v1/channel-accounts'],
    ['PATCH', '/v1/channel-accounts/acc_1'],
    ['PUT', '/v1/channel-accounts/acc_1/credentials'],
    ['PUT', '/v1/channel-accounts/acc_1/slots'],
    ['POST', '/v1/metric-sources'],
    ['PATCH', '/v1/metric-sources/msr_1'],
    ['POST', '/v1/webhook-endpoints'],
    ['POST', '/v1/blackouts'],
    ['POST', '/v1/freeze'],
    ['DELETE', '/v1/freeze'],
  ])('refuses others before it looks at what they sent: %s %s', async (method, path) => {
    for (const body of [{ junk: 'x'.repeat(10_000) }, {}]) {
      const { status, json } = await api.as('editor', method, path, { body });
      expect([status, json.unmet?.[0]?.code]).toEqual([403, 'holds_role']);
    }
  });
});

describe('a command on an item', () => {
  /** Every operation that may answer 202, its path filled with ids of the item. */
  async function commandRoutes(): Promise<[method: string, path: string][]> {
    const { json: document } = await api.call(null, 'GET', '/openapi.json');
    const stem = itemId.replace('itm_', '');
    return Object.entries<Record<string, { responses: object }>>(document.paths).flatMap(
      ([path, operations]) =>
        Object.entries(operations)
          .filter(([, { responses }]) => path.includes('/items/{id}/') && '202' in responses)
          .map(([method]): [string, string] => [
            method.toUpperCase(),
            path
              .replace('{id}', itemId)
              .replace('{handoffId}', `hnd_${stem}_1`)
              .replace('{pubId}', `pub_${stem}_1`),
          ]),
    );
  }

  const BROKEN = { 'no such field': 'x'.repeat(10_000) };

  it('is refused whoever holds no role for it before its body is judged', async () => {
    const commands = await commandRoutes();
    expect(commands).toHaveLength(20);
    // Whom a handoff or an approval is for, is known only where one is offered or asked.
    const mayBeAnybodys = /\/(?:accept|decline|approvals)$/;
    for (const [method, path] of commands) {
      const { status, json } = await api.as('editor', method, path, { body: BROKEN });
      const expected = mayBeAnybodys.test(path) ? [400, undefined] : [403, 'holds_role'];
      expect([status, json.unmet?.[0]?.code], `${method} ${path}`).toEqual(expected);
    }
  });

  it('is unknown to another workspace, whatever its body', async () => {
    for (const [method, path] of await commandRoutes()) {
      const { status } = await api.call(keyOf(theirs, 'strategist'), method, path, {
        body: BROKEN,
      });
      expect(status, `${method} ${path}`).toBe(404);
    }
  });

  it('names the rule that its body breaks to whoever may give it', async () => {
    const path = `/v1/items/${itemId}/hold`;
    const { status, json } = await api.as('strategist', 'POST', path, { body: BROKEN });
    expect([status, json.code]).toEqual([400, 'invalid_request']);
  });
});

describe('the caller', () => {
  it.each([
    ['GET', '/v1/webhook-endpoints'],
    ['POST', '/v1/webhook-endpoints'],
    ['POST', '/v1/webhook-endpoints/whe_1/rotate'],
    ['DELETE', '/v1/webhook-endpoints/whe_1'],
    ['POST', '/v1/api-keys'],
    ['POST', '/v1/members'],
    ['PATCH', '/v1/members/mbr_1'],
    ['POST', '/v1/playbooks'],
    ['POST', '/v1/channel-accounts'],
    ['PUT', '/v1/channel-accounts/cha_1/credentials'],
  ])('is refused %s %s without the role', async (method, path) => {
    const body = ADMIN_BODIES[`${method} ${path}`];
    const { status, json } = await api.call(keyOf(ours, 'creator'), method, path, {
      ...(body !== undefined && { body: body() }),
    });
    expect(status).toBe(403);
    expect(json).toMatchObject({ code: 'forbidden', unmet: [{ code: 'holds_role' }] });
  });

  it('may revoke only their own keys, unless they are admin', async () => {
    const creator = ours.memberOf('creator');
    const { id } = await createApiKey(db, {
      workspaceId: ours.workspaceId,
      memberId: creator,
      name: 'spare',
    });
    const asEditor = await api.call(keyOf(ours, 'editor'), 'DELETE', `/v1/api-keys/${id}`);
    expect(asEditor.status).toBe(404);
    const own = await api.call(keyOf(ours, 'creator'), 'DELETE', `/v1/api-keys/${id}`);
    expect(own.status).toBe(204);
  });

  it('is who the key says, whatever the request says', async () => {
    const headers = { 'x-workspace-id': theirs.workspaceId, 'x-member-id': 'mbr_other' };
    const { json } = await api.call(keyOf(ours, 'editor'), 'GET', '/v1/members/me', { headers });
    expect(json).toMatchObject({ id: ours.memberOf('editor'), roles: ['editor'] });
  });

  it.each(['Basic', 'Token', 'bearer:'])('is nobody with the scheme %s', async (scheme) => {
    const headers = { authorization: `${scheme} ${adminKey}` };
    const { status, headers: answered } = await api.call(null, 'GET', '/v1/items', { headers });
    expect(status).toBe(401);
    expect(answered.get('www-authenticate')).toMatch(/^Bearer/);
  });
});

const ADMIN_BODIES: Record<string, () => object> = {
  'POST /v1/webhook-endpoints': () => ({
    memberId: ours.memberOf('editor'),
    decisions: ['decide_approval'],
  }),
  'POST /v1/api-keys': () => ({ memberId: ours.memberOf('editor'), name: 'mine' }),
  'POST /v1/members': () => ({ name: 'New', roles: ['creator'] }),
  'PATCH /v1/members/mbr_1': () => ({ roles: ['admin'] }),
  'POST /v1/playbooks': () => ({ ...STANDARD_PLAYBOOK, version: 2 }),
  'POST /v1/channel-accounts': () => ({ channel: 'sandbox', name: 'x', zone: 'Europe/Paris' }),
  'PUT /v1/channel-accounts/cha_1/credentials': () => ({ credentials: {} }),
};

async function keyFor(name: string, expiresAt = '2020-01-01T00:00:00.000Z'): Promise<string> {
  const memberId = ours.memberOf('strategist');
  const { workspaceId } = ours;
  const { key } = await createApiKey(db, { workspaceId, memberId, name, expiresAt });
  return key;
}

async function revokedKey(): Promise<string> {
  const memberId = ours.memberOf('strategist');
  const { workspaceId } = ours;
  const { id, key } = await createApiKey(db, { workspaceId, memberId, name: 'revoked' });
  expect((await api.call(key, 'GET', '/v1/items')).status).toBe(200);
  await revokeApiKey(db, { workspaceId, apiKeyId: id });
  return key;
}

async function inactiveKey(): Promise<string> {
  const { workspaceId } = ours;
  const added = await api.call(adminKey, 'POST', '/v1/members', {
    body: { name: 'Leaver', roles: ['editor'] },
  });
  const memberId = added.json.id;
  const { key } = await createApiKey(db, { workspaceId, memberId, name: 'leaver' });
  await updateMember(db, { workspaceId, memberId, change: { active: false } });
  return key;
}
