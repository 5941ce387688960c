import { describe, expect, it } from 'vitest';
import { createBatonClient } from './baton-client.ts';
import { BatonError, BatonPendingError, BatonUnreachableError } from './errors.ts';
import { allOf } from './pages.ts';

interface Request {
  method: string;
  path: string;
  headers: Headers;
  body: string;
}
type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | 'cut';

const PROBLEM = { 'content-type': 'application/problem+json' };

/** A client whose API gives these answers in order, and the requests it made. */
function clientOf(answers: Answer[], options: { verdictWithinMs?: number } = {}) {
  const requests: Request[] = [];
  const client = createBatonClient({
    url: 'http://baton.test',
    key: 'bk_1.secret',
    ...options,
    fetch: async (input, init = {}) => {
      const { pathname, search } = new URL(String(input));
      requests.push({
        method: init.method ?? 'GET',
        path: pathname + search,
        headers: new Headers(init.headers),
        body: typeof init.body === 'string' ? init.body : '',
      });
      const answer = answers.shift();
      if (answer === undefined) throw new Error('one request too many');
      if (answer === 'cut') throw new TypeError('fetch failed', { cause: new Error('reset') });
      const headers = { 'content-type': 'application/json', ...answer.headers };
      return new Response(JSON.stringify(answer.body), { status: answer.status, headers });
    },
  });
  return { client, requests };
}

const applied = { outcome: 'applied', commandId: 'c', seq: 3, stage: 'on_hold', substage: null };

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
}

describe('a call', () => {
  it('carries the key of the member, and an idempotency key of its own when it changes something', async () => {
    const { client, requests } = clientOf([
      { status: 200, body: applied },
      { status: 200, body: applied },
      { status: 200, body: { items: [], nextCursor: null } },
    ]);
    await client.items.hold('itm_1', { reason: 'later' });
    await client.items.hold('itm_1', { reason: 'later' });
    await client.items.list({ stage: 'review', limit: 10 });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/items/itm_1/hold',
      'POST /v1/items/itm_1/hold',
      'GET /v1/items?stage=review&limit=10',
    ]);
    const keys = requests.map(({ headers }) => headers.get('idempotency-key'));
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).not.toBe(keys[0]);
    expect(keys[2]).toBeNull();
    for (const { headers } of requests) {
      expect(headers.get('authorization')).toBe('Bearer bk_1.secret');
    }
  });

  it('takes an idempotency key and the version it changes', async () => {
    const { client, requests } = clientOf([{ status: 200, body: applied }]);
    await client.items.saveBrief('itm_1', {}, { idempotencyKey: 'mine', ifMatch: 'abc' });
    const [request] = requests;
    expect(request?.headers.get('idempotency-key')).toBe('mine');
    expect(request?.headers.get('if-match')).toBe('"abc"');
  });

  it('encodes what it puts into a path, and refuses an empty one', async () => {
    const { client, requests } = clientOf([{ status: 200, body: {} }]);
    await client.items.get('../members');
    expect(requests[0]?.path).toBe('/v1/items/..%2Fmembers');
    expect(await failureOf(client.items.get(''))).toEqual(new TypeError('id: must not be empty'));
  });

  it('repeats with the same key what got no answer, or was asked to come back', async () => {
    const later = { status: 503, body: {}, headers: { ...PROBLEM, 'retry-after': '0' } };
    const { client, requests } = clientOf(['cut', later, { status: 200, body: applied }]);
    expect(await client.items.resume('itm_1', {})).toEqual(applied);
    const keys = new Set(requests.map(({ headers }) => headers.get('idempotency-key')));
    expect(requests).toHaveLength(3);
    expect(keys.size).toBe(1);
  });

  it('says where nobody answers, and why', async () => {
    const { client } = clientOf(['cut', 'cut', 'cut']);
    const error = await failureOf(client.items.get('itm_1'));
    expect(error).toBeInstanceOf(BatonUnreachableError);
    expect(String(error)).toContain('Baton does not answer at http://baton.test: reset');
  });

  it('travels in time once, whatever comes of it', async () => {
    const { client, requests } = clientOf(['cut']);
    await failureOf(client.local.travel({ itemId: 'itm_1', by: 'P1D' }));
    expect(requests).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('is an error with every unmet requirement by name', async () => {
    const problem = {
      type: '/docs#error-refused',
      title: 'The item refuses the command',
      status: 409,
      code: 'refused',
      detail: 'brief_complete: the brief lacks goal',
      requestId: 'req_1',
      commandId: 'http:key_1:k',
      unmet: [{ code: 'brief_complete', message: 'the brief lacks goal' }],
    };
    const { client } = clientOf([{ status: 409, body: problem, headers: PROBLEM }]);
    const error = await failureOf(client.items.offerHandoff('itm_1', {}));
    if (!(error instanceof BatonError)) throw new Error(String(error));
    expect(error).toMatchObject({ status: 409, code: 'refused', requestId: 'req_1', issues: [] });
    expect(error.commandId).toBe('http:key_1:k');
    expect(error.lacks('brief_complete')).toBe(true);
    expect(error.lacks('targets_set')).toBe(false);
    expect(error.message).toBe('409 refused: brief_complete: the brief lacks goal');
  });

  it('by something that is not Baton is an error as well', async () => {
    const { client } = clientOf([
      { status: 502, body: 'bad gateway', headers: { 'content-type': 'text/html' } },
    ]);
    expect(await failureOf(client.items.get('itm_1'))).toMatchObject({
      status: 502,
      code: 'unexpected_answer',
      detail: '"bad gateway"',
    });
  });
});

describe('a command without a verdict', () => {
  const pending: Answer = { status: 202, body: { outcome: 'pending', commandId: 'http:k:1' } };

  it('is followed until it is applied, and answers what its route would have', async () => {
    const { client, requests } = clientOf([
      pending,
      { status: 200, body: { id: 'http:k:1', state: 'pending' } },
      {
        status: 200,
        body: {
          id: 'http:k:1',
          state: 'applied',
          answer: { seq: 4, stage: 'on_hold', substage: null },
        },
      },
    ]);
    expect(await client.items.hold('itm_1', { reason: 'later' })).toEqual({
      outcome: 'applied',
      commandId: 'http:k:1',
      seq: 4,
      stage: 'on_hold',
      substage: null,
    });
    expect(requests.at(-1)?.path).toBe('/v1/commands/http%3Ak%3A1');
  });

  it('is followed until it is refused', async () => {
    const unmet = [{ code: 'nothing_sending', message: 'pub_1 is being sent' }];
    const { client } = clientOf([
      pending,
      { status: 200, body: { id: 'http:k:1', state: 'refused', unmet } },
    ]);
    const error = await failureOf(client.items.hold('itm_1', { reason: 'later' }));
    expect(error).toMatchObject({ code: 'refused', commandId: 'http:k:1', unmet });
  });

  it('is left alone after the deadline, because it is stored', async () => {
    const { client } = clientOf([pending, { status: 200, body: { state: 'pending' } }], {
      verdictWithinMs: 10,
    });
    const error = await failureOf(client.items.hold('itm_1', { reason: 'later' }));
    expect(error).toBeInstanceOf(BatonPendingError);
    expect(error).toMatchObject({ commandId: 'http:k:1' });
  });

  it('that starts an item answers the item once there is one', async () => {
    const item = { id: 'itm_7', owner: { role: 'strategist', memberId: 'mbr_1' } };
    const { client } = clientOf([
      { status: 202, body: { outcome: 'pending', commandId: 'c', itemId: 'itm_7' } },
      { status: 200, body: { id: 'c', itemId: 'itm_7', state: 'applied', answer: {} } },
      { status: 200, body: item },
      { status: 200, body: { items: [{ command: 'save_brief', allowed: true, unmet: [] }] } },
    ]);
    expect(await client.items.start({ title: 'A piece' })).toEqual({
      item,
      owner: item.owner,
      nextActions: [{ command: 'save_brief', allowed: true, unmet: [] }],
    });
  });
});

describe('a list', () => {
  it('is read to its end, page by page', async () => {
    const { client, requests } = clientOf([
      { status: 200, body: { items: [{ seq: 1 }, { seq: 2 }], nextCursor: 'two' } },
      { status: 200, body: { items: [], nextCursor: 'three' } },
      { status: 200, body: { items: [{ seq: 3 }], nextCursor: null } },
    ]);
    const seen: number[] = [];
    const pages = allOf((cursor) =>
      client.items.timeline('itm_1', cursor === undefined ? {} : { cursor }),
    );
    for await (const { seq } of pages) seen.push(seq);
    expect(seen).toEqual([1, 2, 3]);
    expect(requests.map(({ path }) => path)).toEqual([
      '/v1/items/itm_1/timeline',
      '/v1/items/itm_1/timeline?cursor=two',
      '/v1/items/itm_1/timeline?cursor=three',
    ]);
  });
});
