import { type IncomingHttpHeaders, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Problem } from '../../src/api/gates/errors.ts';
import { countRows, type Reply } from '../support/api-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
let itemId: string;
beforeAll(async () => {
  api = await openIdleApi();
  itemId = await api.start();
});
afterAll(() => api?.close());

/** The answer is a problem of the documented shape, and nothing was stored. */
async function refused(call: () => Promise<Reply>): Promise<Reply> {
  const { db } = api.database;
  const before = [await countRows(db, 'commands'), await countRows(db, 'items')];
  const reply = await call();
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(Problem.strict().parse(reply.json).status).toBe(reply.status);
  expect(reply.json.requestId).toBe(reply.headers.get('x-request-id'));
  expect([await countRows(db, 'commands'), await countRows(db, 'items')]).toEqual(before);
  return reply;
}

const json = { 'content-type': 'application/json' };

function start(body: unknown, headers: Record<string, string> = json): Promise<Reply> {
  return api.as('strategist', 'POST', '/v1/items', { body, headers });
}

describe('a body', () => {
  it.each([
    { what: 'malformed JSON', body: '{"title":', path: '' },
    { what: 'text', body: 'title=x', path: '' },
    { what: 'a NUL', body: '{"title":"a\\u0000b"}', path: 'title' },
    { what: 'a lone surrogate', body: '{"title":"\\ud83d"}', path: 'title' },
    { what: 'a lone surrogate in a name', body: '{"title":"x","\\udc00":1}', path: '' },
    { what: '__proto__', body: '{"title":"x","__proto__":{"admin":true}}', path: '__proto__' },
    {
      what: 'constructor',
      body: '{"title":"x","brief":{"constructor":1}}',
      path: 'brief.constructor',
    },
    {
      what: 'deep nesting',
      body: `{"title":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      path: 'title',
    },
    { what: 'an infinite number', body: '{"title":1e400}', path: 'title' },
  ])('with $what is 400 malformed_json and names the place', async ({ body, path }) => {
    const { status, json: problem } = await refused(() => start(body));
    expect(status).toBe(400);
    expect(problem.code).toBe('malformed_json');
    expect(problem.issues[0].path).toContain(path);
  });

  it.each([
    { what: 'an unknown field', body: { title: 'x', stage: 'closed' }, path: 'stage' },
    {
      what: 'an unknown field further in',
      body: { title: 'x', team: { boss: 'y' } },
      path: 'team.boss',
    },
    { what: 'a wrong type', body: { title: 7 }, path: 'title' },
    { what: 'a missing field', body: {}, path: 'title' },
    { what: 'a list', body: [], path: '' },
    { what: 'null', body: null, path: '' },
    { what: 'an unknown goal', body: { title: 'x', brief: { goal: 'fame' } }, path: 'brief.goal' },
    {
      what: 'a date that is none',
      body: { title: 'x', brief: { dueAt: '2026-02-30T10:00:00Z' } },
      path: 'brief.dueAt',
    },
    {
      what: 'a year that no calendar knows',
      body: { title: 'x', brief: { embargoUntil: '0000-01-01T00:00:00Z' } },
      path: 'brief.embargoUntil',
    },
    {
      what: 'until further notice, as a date',
      body: { title: 'x', brief: { embargoUntil: '9999-12-31T23:59:59Z' } },
      path: 'brief.embargoUntil',
    },
    {
      what: 'a fraction that no clock gives',
      body: { title: 'x', brief: { dueAt: `2030-01-01T00:00:00.${'1'.repeat(200)}Z` } },
      path: 'brief.dueAt',
    },
    {
      what: 'a script as a link',
      body: { title: 'x', brief: { callToAction: { url: 'javascript:alert(1)' } } },
      path: 'brief.callToAction.url',
    },
    {
      what: 'a playbook that is not there',
      body: { title: 'x', playbook: 'nope' },
      path: 'playbook',
    },
    {
      what: 'a campaign that is not there',
      body: { title: 'x', campaignId: 'cmp_x' },
      path: 'campaignId',
    },
    {
      what: 'a member who is not there',
      body: { title: 'x', team: { creator: 'mbr_x' } },
      path: 'team.creator',
    },
  ])('with $what is 400 invalid_request and names the path', async ({ body, path }) => {
    const { status, json: problem } = await refused(() => start(JSON.stringify(body)));
    expect(status).toBe(400);
    expect(problem.code).toBe('invalid_request');
    expect(problem.issues.map((issue: { path: string }) => issue.path)).toContain(path);
  });

  it.each([
    ['text/plain', '{"title":"x"}'],
    ['application/x-www-form-urlencoded', 'title=x'],
    ['multipart/form-data; boundary=b', '--b--'],
    ['application/json; charset=utf-16', '{"title":"x"}'],
    ['application/merge-patch+json', '{"title":"x"}'],
  ])('of type %s is 415', async (type, body) => {
    const { status, json: problem } = await refused(() => start(body, { 'content-type': type }));
    expect(status).toBe(415);
    expect(problem.code).toBe('unsupported_media_type');
  });

  it('without a type is 415', async () => {
    const reply = await send('POST', '/v1/items', { body: '{"title":"x"}' });
    expect(reply.status).toBe(415);
  });

  it('of JSON in UTF-8 with a parameter is fine', async () => {
    const { status } = await start('{"title":"x"}', {
      'content-type': 'Application/JSON; charset="UTF-8"',
    });
    expect(status).toBe(201);
  });

  it('of 1 MB is 413, by its length', async () => {
    const { status, json: problem } = await refused(() =>
      start(JSON.stringify({ title: 'x'.repeat(1 << 20) })),
    );
    expect(status).toBe(413);
    expect(problem.code).toBe('payload_too_large');
  });

  it('of 1 MB is 413, in chunks without a length', async () => {
    const chunk = 'x'.repeat(64 * 1024);
    const reply = await send('POST', '/v1/items', {
      chunks: ['{"title":"', ...Array.from({ length: 16 }, () => chunk), '"}'],
      headers: json,
    });
    expect(reply.status).toBe(413);
    // What was left of the body makes this connection useless: nobody may send another request on it.
    expect(reply.headers['connection']).toBe('close');
    // The server lives on.
    expect((await api.call(null, 'GET', '/healthz')).status).toBe(200);
  });

  it('just under the cap is read, just over it is not', async () => {
    const body = (bytes: number) => `{"title":"x"${' '.repeat(bytes - 13)}}`;
    expect((await start(body(256 * 1024))).status).toBe(201);
    expect((await start(body(256 * 1024 + 1))).status).toBe(413);
  });

  it('may be left out where every field may', async () => {
    const path = `/v1/items/${itemId}/handoffs/hnd_${itemId.slice(4)}_1/withdraw`;
    const { status } = await api.as('strategist', 'POST', path);
    expect(status).toBe(404);
    const empty = await api.as('strategist', 'PUT', `/v1/items/${itemId}/brief`);
    expect(empty.status).toBe(400);
  });
});

describe('a path', () => {
  it('that is unknown is 404', async () => {
    for (const path of ['/v1/nothing', '/v2/items', '/v1/items/', '/v1//items', '/V1/items']) {
      const { status, json: problem } = await refused(() => api.as('strategist', 'GET', path));
      expect(status, path).toBe(404);
      expect(problem.code).toBe('not_found');
    }
  });

  it('without the method is 405 and says which it has', async () => {
    const patched = await refused(() => api.as('strategist', 'PATCH', '/v1/items'));
    expect(patched.status).toBe(405);
    expect(patched.headers.get('allow')).toBe('GET, HEAD, POST');
    const deleted = await refused(() =>
      api.as('strategist', 'DELETE', `/v1/items/${itemId}/brief`),
    );
    expect(deleted.headers.get('allow')).toBe('GET, HEAD, PUT');
    const got = await refused(() => api.as('strategist', 'GET', '/v1/webhooks/whe_1'));
    expect(got.status).toBe(405);
  });

  it('with a NUL is 400', async () => {
    for (const path of ['/v1/items/itm%00', '/v1/items?q=%00', '/v1/commands/%00']) {
      const { status } = await refused(() => api.as('strategist', 'GET', path));
      expect(status, path).toBe(400);
    }
  });

  it('with broken or strange encoding is unknown, not an error', async () => {
    for (const id of [
      '%ED%A0%80',
      '%E0%A4%A',
      '%',
      '..%2F..',
      "';drop table items;--",
      '%F0%9F%8D%9E',
      'x'.repeat(300),
    ]) {
      const { status } = await refused(() => api.as('strategist', 'GET', `/v1/items/${id}`));
      expect([404, 400], id).toContain(status);
    }
  });

  it('of a host that is none is a problem as well', async () => {
    for (const host of ['a b', 'evil/../x', '[::1']) {
      const reply = await send('GET', '/v1/items', { headers: { host } });
      expect(reply.status, host).toBe(400);
      expect(reply.body).toContain('"code":"invalid_request"');
    }
    const path = await send('GET', '//elsewhere/v1/items', {});
    expect([400, 404]).toContain(path.status);
  });

  it('answers HEAD as GET', async () => {
    const { status, text } = await api.as('strategist', 'HEAD', '/v1/items');
    expect(status).toBe(200);
    expect(text).toBe('');
  });
});

describe('a query', () => {
  it.each([
    ['stage=nowhere', 'stage'],
    ['role=boss', 'role'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=ten', 'limit'],
    ['cursor=nonsense', 'cursor'],
    [`cursor=${Buffer.from('["x","y"]').toString('base64url')}`, 'cursor'],
    ['open=maybe', 'open'],
    ['unknown=1', 'unknown'],
    ['stage=review&stage=closed', 'stage'],
  ])('%s is 400 and names it', async (query, path) => {
    const { status, json: problem } = await refused(() =>
      api.as('strategist', 'GET', `/v1/items?${query}`),
    );
    expect(status).toBe(400);
    expect(problem.issues[0]).toMatchObject({ path, in: 'query' });
  });

  it('pages through a list without gap or repetition', async () => {
    const made = new Set<string>();
    for (let count = 0; count < 7; count += 1)
      made.add(await api.start({ title: `paged ${count}` }));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { json: page } = await api.as('strategist', 'GET', `/v1/items?q=paged&limit=3${query}`);
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items.map((item: { id: string }) => item.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(made);
  });
});

describe('every answer', () => {
  it('has a request id: the caller’s when it is well-formed, otherwise a new one', async () => {
    const idOf = async (given?: string) => {
      const headers = given === undefined ? {} : { 'x-request-id': given };
      return (await api.as('strategist', 'GET', '/v1/items', { headers })).headers.get(
        'x-request-id',
      );
    };
    expect(await idOf('trace-12345678')).toBe('trace-12345678');
    expect(await idOf()).toMatch(/^req_[0-9A-Z]{26}$/);
    for (const bad of ['short', 'x'.repeat(65), 'has space', '<script>', 'a;b,c=12345']) {
      expect(await idOf(bad)).toMatch(/^req_/);
    }
  });

  it('has headers that keep browsers from doing more than show it', async () => {
    const { headers } = await api.as('strategist', 'GET', '/v1/items');
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('is logged by its route, without query, body or key', async () => {
    api.logged.length = 0;
    const key = api.keyOf('strategist');
    await api.call(key, 'GET', '/v1/items?q=canary-query');
    await start(JSON.stringify({ title: 'canary-body', nope: 1 }));
    const lines = JSON.stringify(api.logged);
    expect(lines).toContain('"route":"GET /v1/items"');
    for (const secret of ['canary', key, key.split('.')[1] ?? key])
      expect(lines).not.toContain(secret);
  });
});

describe('a caller who asks too often', () => {
  it('gets 429 with the wait, by key and not by other headers', async () => {
    const slow = await openIdleApi({ settings: { rateLimitPerSecond: 5 } });
    try {
      const replies = await Promise.all(
        Array.from({ length: 12 }, () => slow.as('strategist', 'GET', '/v1/roles')),
      );
      const limited = replies.filter(({ status }) => status === 429);
      expect(limited.length).toBeGreaterThan(0);
      expect(limited[0]?.json.code).toBe('rate_limited');
      expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(replies[0]?.headers.get('ratelimit-limit')).toBe('5');
      expect(replies[0]?.headers.get('ratelimit-remaining')).toMatch(/^\d$/);
      // Another key is another caller.
      expect((await slow.as('editor', 'GET', '/v1/roles')).status).toBe(200);
    } finally {
      await slow.close();
    }
  });

  it('gets 429 without a credential, while others from the same address go on', async () => {
    const slow = await openIdleApi({ settings: { rateLimitPerSecond: 5 } });
    try {
      expect((await slow.as('editor', 'GET', '/v1/roles')).status).toBe(200);
      const headers = { 'x-forwarded-for': '203.0.113.7' };
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => slow.call('bad', 'GET', '/v1/items', { headers })),
      );
      const statuses = new Set(replies.map(({ status }) => status));
      expect(statuses).toEqual(new Set([401, 429]));
      expect((await slow.as('editor', 'GET', '/v1/roles')).status).toBe(200);
      expect((await slow.call(null, 'GET', '/healthz')).status).toBe(200);
    } finally {
      await slow.close();
    }
  });
});

/** A request written by hand, where fetch would add or forbid something. */
function send(
  method: string,
  path: string,
  {
    body,
    chunks,
    headers = {},
  }: { body?: string; chunks?: string[]; headers?: Record<string, string> },
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(api.url + path, {
      method,
      headers: { authorization: `Bearer ${api.keyOf('strategist')}`, ...headers },
    });
    sent.on('response', (response) => {
      const parts: string[] = [];
      response.setEncoding('utf8').on('data', (part: string) => parts.push(part));
      const { statusCode: status = 0, headers: answered } = response;
      response.on('end', () => resolve({ status, headers: answered, body: parts.join('') }));
    });
    sent.on('error', reject);
    if (body !== undefined) sent.end(body);
    else {
      for (const chunk of chunks ?? []) sent.write(chunk);
      sent.end();
    }
  });
}
