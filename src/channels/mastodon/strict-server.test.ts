import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../../test/support/mastodon/network.ts';
import { type MastodonServer, startMastodonServer } from '../../../test/support/mastodon/server.ts';

/** The server that the adapter is tested against refuses what a real one would, and more. */

let server: MastodonServer;
let own: Account & { token: string };

beforeAll(async () => {
  server = await startMastodonServer({ keyWindowMs: null });
});
beforeEach(() => {
  own = server.newAccount();
});
afterAll(() => server.close());

function call(path: string, init: RequestInit & { as?: string } = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${init.as ?? own.token}`);
  return fetch(`${server.origin}${path}`, { ...init, headers });
}

const post = (status: object, as?: string): Promise<Response> =>
  call('/api/v1/statuses', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(status),
    ...(as !== undefined && { as }),
  });

async function upload(type: string, fields: Record<string, string> = {}): Promise<Response> {
  const body = new FormData();
  body.set('file', new Blob(['bytes'], { type }), 'file');
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return call('/api/v2/media', { method: 'POST', body });
}

async function mediaIds(...types: string[]): Promise<string[]> {
  const answers = await Promise.all(types.map((type) => upload(type)));
  return Promise.all(answers.map(async (answer) => ((await answer.json()) as { id: string }).id));
}

describe('a status is refused', () => {
  it.each([
    ['with an unknown field', { status: 'un', marker: 'x' }],
    ['with a field of another type', { status: 'un', sensitive: 'true' }],
    ['in a language with a region', { status: 'un', language: 'fr-FR' }],
    ['to an unknown audience', { status: 'un', visibility: 'friends' }],
    ['without text and files', { language: 'fr' }],
    ['over its limit', { status: 'é'.repeat(501) }],
    ['over its limit with its warning', { status: 'a'.repeat(499), spoiler_text: 'ab' }],
    ['with files that do not exist', { status: 'un', media_ids: ['1'] }],
  ])('%s', async (_, status) => {
    expect((await post(status)).status).toBe(422);
    expect(server.network.of(own.id)).toHaveLength(0);
  });

  it('with five images, with an image and a video, with a file that another one has', async () => {
    const image = 'image/png';
    const five = await mediaIds(image, image, image, image, image);
    expect((await post({ media_ids: five })).status).toBe(422);
    expect((await post({ media_ids: await mediaIds(image, 'video/mp4') })).status).toBe(422);
    const [one = ''] = five;
    expect((await post({ media_ids: [one] })).status).toBe(200);
    expect((await post({ media_ids: [one] })).status).toBe(422);
  });

  it('from an unknown token, without the scope, or in another form', async () => {
    expect((await post({ status: 'un' }, 'nobody')).status).toBe(401);
    const reader = server.newAccount(['read:statuses']);
    expect((await post({ status: 'un' }, reader.token)).status).toBe(403);
    const body = new URLSearchParams({ status: 'un' });
    expect((await call('/api/v1/statuses', { method: 'POST', body })).status).toBe(415);
  });
});

it('a family emoji is one character, a link 23, a mention its name', async () => {
  const text = `${'👨‍👩‍👧‍👦'.repeat(470)} https://example.com/${'a'.repeat(300)} @ana@elsewhere.example`;
  expect((await post({ status: text.replace(' @ana', 'é @ana') })).status).toBe(200);
  expect((await post({ status: `${text} deux` })).status).toBe(422);
});

it('a file is refused of another type, with an unknown field, or with too long a description', async () => {
  expect((await upload('application/pdf')).status).toBe(422);
  expect((await upload('image/png', { alt: 'x' })).status).toBe(422);
  expect((await upload('image/png', { description: 'a'.repeat(1_501) })).status).toBe(422);
});

it('statuses are paged by max_id, min_id and Link, for their owner', async () => {
  const ids = Array.from({ length: 5 }, (_, i) => server.network.seed(own, { status: `${i}` }).id);
  const list = async (path: string) => {
    const answer = await call(path);
    const page = (await answer.json()) as { id: string }[];
    return { ids: page.map(({ id }) => id), link: answer.headers.get('link') };
  };
  const path = `/api/v1/accounts/${own.id}/statuses`;
  const newest = await list(`${path}?limit=2`);
  expect(newest.ids).toEqual([ids[4], ids[3]]);
  const [, next = ''] = /^<http:\/\/[^/]+(\/[^>]+)>; rel="next"$/.exec(newest.link ?? '') ?? [];
  expect((await list(next)).ids).toEqual([ids[2], ids[1]]);
  expect((await list(`${path}?limit=2&min_id=${ids[0]}`)).ids).toEqual([ids[2], ids[1]]);
  expect((await call(`${path}?since=1`)).status).toBe(422);
  expect((await call(path, { as: server.newAccount().token })).status).toBe(404);
});
