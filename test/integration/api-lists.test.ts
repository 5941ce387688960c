import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import type { Json } from '../support/api-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

const COUNT = 5;
/** What a cursor has to carry: the longest names there are, and two of the same. */
const NAMES = ['same', 'same', '\u0001'.repeat(199), '漢'.repeat(200), '🥖'.repeat(100)];

interface List {
  path: string;
  /** A body that makes one more entry. */
  make: (index: number) => object;
  keyOf: (entry: Json) => string;
}

const byId = ({ id }: Json) => id;
const memberId = () => api.workspace.memberOf('strategist');
const LISTS: List[] = [
  {
    path: '/v1/members',
    make: (index) => ({ name: `member ${index}`, roles: ['legal'] }),
    keyOf: byId,
  },
  {
    path: '/v1/channel-accounts',
    make: (index) => ({ channel: 'sandbox', name: NAMES[index] ?? 'x', zone: 'UTC' }),
    keyOf: byId,
  },
  {
    path: '/v1/metric-sources',
    make: (index) => ({
      kind: 'goatcounter',
      name: NAMES[index] ?? 'x',
      config: { server: 'https://stats.example.org' },
      credentials: { token: 'x' },
    }),
    keyOf: byId,
  },
  {
    path: '/v1/api-keys',
    make: (index) => ({ memberId: memberId(), name: `key ${index}` }),
    keyOf: byId,
  },
  {
    path: '/v1/playbooks',
    make: (index) => ({ ...STANDARD_PLAYBOOK, name: `book-${index % 2}`, version: index + 1 }),
    keyOf: ({ name, version }) => `${name} ${version}`,
  },
  {
    path: '/v1/webhook-endpoints',
    make: () => ({ memberId: memberId(), decisions: ['sign_off'] }),
    keyOf: byId,
  },
  {
    path: '/v1/campaigns',
    make: (index) => ({ name: NAMES[index] ?? 'x', goal: 'engage' }),
    keyOf: byId,
  },
  { path: '/v1/calendar/feeds', make: () => ({}), keyOf: byId },
];

const read = (path: string) => api.as('strategist', 'GET', path);

it.each(LISTS)('$path is paged: every entry once, in one order', async ({ path, make, keyOf }) => {
  for (let index = 0; index < COUNT; index += 1) {
    const { status, text } = await api.as('strategist', 'POST', path, { body: make(index) });
    expect(status, text).toBe(201);
  }
  const whole = await read(path);
  expect(whole.json.nextCursor).toBeNull();
  expect(whole.json.items.length).toBeGreaterThanOrEqual(COUNT);
  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, text, json } = await read(`${path}?limit=2${query}`);
    expect(status, text).toBe(200);
    expect(json.items.length).toBeLessThanOrEqual(2);
    paged.push(...json.items.map(keyOf));
    cursor = json.nextCursor;
  }
  expect(paged).toEqual(whole.json.items.map(keyOf));
  expect(new Set(paged).size).toBe(paged.length);
});

it.each(LISTS)('$path refuses a limit and a cursor that are none', async ({ path }) => {
  const foreign = Buffer.from(JSON.stringify([randomUUID()])).toString('base64url');
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=',
    'limit=1e2',
    'limit=0x10',
    'limit=%205',
    'limit=5.0',
    'cursor=x',
    `cursor=${foreign}`,
    'page=2',
  ]) {
    const { status, json } = await read(`${path}?${query}`);
    expect([query, status, json.issues[0].in]).toEqual([query, 400, 'query']);
  }
});
