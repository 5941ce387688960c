import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { checkConnection, openSource, questionFor, valuesOf } from '../support/source-server.ts';
import { type GoatCounter, startGoatCounter } from './goatcounter/goatcounter-process.ts';

const HOUR_MS = 3_600_000;

let server: GoatCounter;
beforeAll(async () => {
  server = await startGoatCounter();
});
afterAll(() => server?.stop());

const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
/** Inside the window of the question. */
const WITHIN = new Date(now - 10 * HOUR_MS).toISOString();
const BEFORE = new Date(now - 72 * HOUR_MS).toISOString();
const TAGGED = 'utm_source=bluesky&utm_campaign=spring&utm_content=pub_1';
const PAGE = 'https://www.example.org/guide';

const connection = (token = server.token) => ({
  url: server.url,
  config: { server: server.url },
  secret: { token },
});
const asked = (page: string) => ({
  ...questionFor('bluesky', { publishedAt: new Date(now - 25 * HOUR_MS).toISOString() }),
  page,
  at: new Date(now - HOUR_MS).toISOString(),
});
const read = async (page: string) =>
  valuesOf(await openSource('goatcounter', connection()).collect(asked(page)));

async function untilRead(page: string, sessions: number) {
  await eventually(async () => Object(await read(page)).sessions === sessions, {
    what: `${sessions} visits of ${page}`,
  });
}

describe('visits of a real GoatCounter', () => {
  it('are those that the tagged link brought to the page, in the window', async () => {
    const view = { path: '/guide', query: TAGGED, at: WITHIN };
    // The last view is stored with the others: whoever sees two of three sees them all.
    await server.count({ ...view, at: BEFORE });
    await server.count({ ...view, query: '' });
    await server.count({ ...view, query: 'utm_source=mastodon' });
    await server.count({ ...view, path: '/other' });
    await server.count(view);
    await server.count(view);
    await untilRead(`${PAGE}?${TAGGED}`, 2);
    await server.count(view);
    await untilRead(`${PAGE}?${TAGGED}`, 3);
    await untilRead('https://www.example.org/other', 1);
  });

  it('are those of the hours of the window: the hour of its end is the last', async () => {
    const view = { path: '/hours', query: TAGGED };
    // Stored together: whoever sees the last one sees all.
    await server.count({ ...view, at: new Date(now - 26 * HOUR_MS).toISOString() });
    await server.count({ ...view, at: new Date(now - 25 * HOUR_MS).toISOString() });
    await server.count({ ...view, at: new Date(now - HOUR_MS - 1).toISOString() });
    await server.count({ ...view, at: new Date(now - HOUR_MS).toISOString() });
    await server.count({ ...view, path: '/last', at: WITHIN });
    await untilRead('https://www.example.org/last', 1);
    expect(await read('https://www.example.org/hours')).toMatchObject({ sessions: 2 });
  });

  it('are found under the path that GoatCounter makes of an address', async () => {
    await server.count({ path: '/trailing/', query: TAGGED, at: WITHIN });
    const shop = { path: '/shop/?b=2&a=x y&utm_source=bluesky', query: TAGGED, at: WITHIN };
    await server.count(shop);
    await server.count({ path: '/one,two', query: TAGGED, at: WITHIN });
    await server.count({ path: '/shop', query: TAGGED, at: WITHIN });
    await server.count({ path: '/shop', query: TAGGED, at: WITHIN });
    await untilRead('https://www.example.org/shop', 2);
    expect(await read('https://www.example.org/trailing/')).toMatchObject({ sessions: 1 });
    expect(await read('https://www.example.org/trailing')).toMatchObject({ sessions: 1 });
    expect(
      await read('https://www.example.org/shop/?b=2&a=x%20y&utm_source=bluesky'),
    ).toMatchObject({ sessions: 1 });
    expect(await read('https://www.example.org/one,two')).toMatchObject({
      notAvailable: ['sessions'],
    });
  });

  it('of a page that nobody came to by the channel, or at all, are empty', async () => {
    await server.count({ path: '/quiet', query: 'utm_source=mastodon', at: WITHIN });
    const mastodon = { ...asked('https://www.example.org/quiet') };
    mastodon.publication = { ...mastodon.publication, channel: 'mastodon' };
    const source = openSource('goatcounter', connection());
    await eventually(async () => Object(valuesOf(await source.collect(mastodon))).sessions === 1, {
      what: 'the visit from Mastodon',
    });
    expect(await read('https://www.example.org/quiet')).toMatchObject({ empty: ['sessions'] });
    expect(await read('https://www.example.org/nobody')).toMatchObject({ empty: ['sessions'] });
  });
});

describe('a connection to a real GoatCounter', () => {
  it('is good with its key', async () => {
    expect(await checkConnection('goatcounter', connection())).toMatchObject({ ok: true });
  });

  it('is refused with another one', async () => {
    const wrong = connection('a-key-that-nobody-has');
    expect(await checkConnection('goatcounter', wrong)).toMatchObject({
      ok: false,
      credentialsRefused: true,
    });
    const reply = await openSource('goatcounter', wrong).collect(asked(PAGE));
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
  });
});
