import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
  valuesOf,
} from '../../test/support/source-server.ts';
import { GOATCOUNTER } from './goatcounter.ts';
import { describeSource } from './source.testsuite.ts';

const TOKEN = 'goat-token-1';
const visit = (source: string, at = '2026-03-02T09:30:00Z', path = '/guide') => ({
  path,
  at,
  source,
  event: false,
});
const HITS = [
  // Somebody else's link from the same network.
  visit('bluesky'),
  visit('utm:bluesky'),
  visit('utm:bluesky', '2026-03-02T23:00:00Z'),
  visit('utm:mastodon'),
  // Another page.
  visit('utm:bluesky', '2026-03-02T09:30:00Z', '/other'),
  // Before the post, and after the checkpoint.
  visit('utm:bluesky', '2026-03-01T09:00:00Z'),
  visit('utm:bluesky', '2026-03-04T09:00:00Z'),
];

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('goatcounter');
});
afterAll(() => server.stop());
beforeEach(() => server.hold({ token: TOKEN, hits: HITS }));

const source = (token = TOKEN) =>
  openSource('goatcounter', {
    url: server.url,
    config: { server: server.url },
    secret: { token },
  });
const question = {
  ...questionFor('bluesky'),
  page: 'https://www.example.org/guide?utm_source=bluesky#top',
};

describe('visits of GoatCounter', () => {
  describeSource(async () => ({
    kind: GOATCOUNTER,
    server,
    source: source(),
    refused: source('wrong-goat-token'),
    question,
    silence: () => server.hold({ token: TOKEN, hits: [] }),
  }));

  it('are those of the page that came from the channel’s tagged link, in the window', async () => {
    const reply = await source().collect(question);
    expect(valuesOf(reply)).toEqual({ sessions: 2, empty: [], notAvailable: [] });
    expect(reply).toMatchObject({
      readings: [{ definition: 'sessions:goatcounter-visits', provisional: true }],
    });
  });

  it('are settled an hour after the window', async () => {
    const reply = await source().collect({ ...question, at: '2026-03-03T09:00:00.000Z' });
    expect(reply).toMatchObject({ readings: [{ value: 2, provisional: false }] });
  });

  it.each([
    ['a page that nobody opened', 'https://www.example.org/none'],
    ['a page that nobody came to from there', 'https://www.example.org/only-mastodon'],
  ])('of %s are empty, never zero', async (_what, page) => {
    const hits = [...HITS, visit('utm:mastodon', '2026-03-02T09:30:00Z', '/only-mastodon')];
    await server.hold({ token: TOKEN, hits });
    expect(valuesOf(await source().collect({ ...question, page }))).toEqual({
      empty: ['sessions'],
      notAvailable: [],
    });
  });

  it.each([
    ['a slash at its end', 'https://www.example.org/guide/'],
    ['what tracks', 'https://www.example.org/guide/?ref=feed&utm_medium=social&fbclid=1'],
  ])('are those of the path of a page with %s', async (_what, page) => {
    expect(valuesOf(await source().collect({ ...question, page }))).toMatchObject({ sessions: 2 });
  });

  it('are those of the page with its query, and of no other', async () => {
    const hits = [...HITS, visit('utm:bluesky', '2026-03-02T09:30:00Z', '/guide?a=x+y&b=2')];
    await server.hold({ token: TOKEN, hits });
    const page = 'https://www.example.org/guide?b=2&a=x%20y';
    expect(valuesOf(await source().collect({ ...question, page }))).toMatchObject({ sessions: 1 });
  });

  it('of a window that ends with an hour are none of the next one', async () => {
    const hits = [...HITS, visit('utm:bluesky', '2026-03-03T08:00:00Z')];
    await server.hold({ token: TOKEN, hits });
    expect(valuesOf(await source().collect(question))).toMatchObject({ sessions: 2 });
    const publishedAt = '2026-03-02T08:00:01.000Z';
    const later = { ...question, publication: { ...question.publication, publishedAt } };
    const at = '2026-03-03T08:00:05.000Z';
    expect(valuesOf(await source().collect({ ...later, at }))).toMatchObject({ sessions: 3 });
  });

  it.each([
    ['a post without a link', null],
    // In a list of paths a comma ends one.
    ['a path with a comma', 'https://www.example.org/one,two'],
  ])('of %s are not available', async (_what, page) => {
    expect(valuesOf(await source().collect({ ...question, page }))).toEqual({
      empty: [],
      notAvailable: ['sessions'],
    });
    expect(await server.asked()).toEqual([]);
  });

  it('are found behind a hundred other referrers', async () => {
    const others = Array.from({ length: 150 }, (_, index) => visit(`site${index}.example`));
    await server.hold({ token: TOKEN, hits: [...others, ...HITS] });
    expect(valuesOf(await source().collect(question))).toMatchObject({ sessions: 2 });
  });

  it('of a list that never ends are none', async () => {
    const endless = { body: { refs: [{ name: 'x', count: 1 }], more: true } };
    const hits = { body: { hits: [{ path_id: 1, path: '/guide', event: false }] } };
    await server.fail(hits, ...Array(30).fill(endless));
    expect(await source().collect(question)).toMatchObject({ retry: false });
    expect(await server.asked()).toHaveLength(21);
  });

  it('are refused without the permission', async () => {
    await server.hold({ token: TOKEN, hits: HITS, permitted: false });
    expect(await source().collect(question)).toMatchObject({ credentialsRefused: true });
  });

  it.each([
    ['X-Rate-Limit-Reset', { 'x-rate-limit-reset': '3' }, 3_000],
    ['no header', {}, 60_000],
  ])('wait after 429 with %s', async (_what, headers, retryAfterMs) => {
    await server.fail({ status: 429, headers, body: {} });
    expect(await source().collect(question)).toMatchObject({ retry: true, retryAfterMs });
  });
});
