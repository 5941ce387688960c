import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { countClicks, keepOutgoingLink } from '../../src/db/publishing/outgoing-links.ts';
import { createRedirector, type Redirector } from '../../src/links/redirector.ts';
import { databaseText } from '../support/database-text.ts';
import { makeItem, makeWorkspace, type TestWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import visitors from '../vectors/link-visitors.json' with { type: 'json' };

const TARGET = 'https://shop.example/bread?utm_source=mastodon';
const BROWSER = { 'user-agent': visitors.somebody.Firefox };
/** Of one test: nothing is stored before it says so. */
const NOT_BY_ITSELF_MS = 3_600_000;

let api: IdleApi;
/** Behind the route. Its queries are a program's: row security holds them. */
let redirector: Redirector;
beforeAll(async () => {
  api = await openIdleApi({
    redirector: { open: (...visit) => redirector.open(...visit), stop: async () => {} },
    settings: { behindTlsProxy: true },
  });
});
afterAll(() => api?.close());

// A repetition is one within seconds: those of a test are when it says.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const db = api.database.program;
  const warn = (fields: object, message: string) => void api.logged.push({ fields, message });
  redirector = createRedirector({ db, log: { warn }, flushMs: NOT_BY_ITSELF_MS });
});
afterEach(async () => {
  await redirector?.stop();
  vi.useRealTimers();
});

interface Link {
  workspaceId: string;
  itemId: string;
  publicationId: string;
  code: string;
}

let made = 0;
async function shortLink(workspace: TestWorkspace = api.workspace): Promise<Link> {
  const { db } = api.database;
  const { workspaceId } = workspace;
  const { id: itemId } = await makeItem(db, workspace);
  made += 1;
  const code = `click${String(made).padStart(7, '0')}`;
  const link = { workspaceId, itemId, publicationId: `pub_${code}`, code };
  const address = `https://go.example.com/r/${code}`;
  const sent = { channel: 'mastodon', written: TARGET, target: TARGET, address } as const;
  await keepOutgoingLink(db, { ...link, ...sent });
  return link;
}

interface Opening {
  method?: string;
  /** As the proxy says it. */
  from?: string;
  headers?: Record<string, string>;
}

/** Opens a code over HTTP. `fetch` always says that it is a script's, which nobody counts. */
async function open(
  code: string,
  { method = 'GET', from, headers = BROWSER }: Opening = {},
): Promise<IncomingMessage> {
  const forwarded = from === undefined ? {} : { 'x-forwarded-for': from };
  const asked = request(`${api.url}/r/${code}`, { method, headers: { ...headers, ...forwarded } });
  asked.end();
  const [reply]: IncomingMessage[] = await once(asked, 'response');
  if (reply === undefined) throw new Error(`no reply to ${code}`);
  reply.resume();
  return reply;
}

async function leadsOn(...opening: Parameters<typeof open>): Promise<void> {
  const { statusCode, headers } = await open(...opening);
  expect([statusCode, headers.location], JSON.stringify(opening)).toEqual([302, TARGET]);
  expect(headers['set-cookie']).toBeUndefined();
}

/** Stores all that was counted. @returns the clicks on a link, as its workspace reads them. */
async function clicksOn({ workspaceId, publicationId }: Link): Promise<number | null> {
  await redirector.stop();
  return countClicks(api.database.db, { workspaceId, publicationId });
}

describe('clicks through GET /r/{code}', () => {
  it('are counted, each visitor’s, and shown to the members of the workspace', async () => {
    const link = await shortLink();
    for (const from of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) await leadsOn(link.code, { from });
    expect(await clicksOn(link)).toBe(3);
    const { json } = await api.as('editor', 'GET', `/v1/items/${link.itemId}/links`);
    expect(json.items).toMatchObject([{ code: link.code, clicks: 3 }]);
  });

  it.each(Object.entries(visitors.nobody))('lead %s on, and count nothing', async (_, agent) => {
    const link = await shortLink();
    await leadsOn(link.code, { headers: { 'user-agent': agent } });
    expect(await clicksOn(link)).toBe(0);
  });

  it.each([
    { purpose: 'prefetch' },
    { 'sec-purpose': 'prefetch;prerender' },
    { 'x-purpose': 'preview' },
    { 'x-moz': 'prefetch' },
    { 'sec-fetch-mode': 'no-cors' },
    { 'sec-fetch-mode': 'cors' },
  ])('of a browser that loads by itself (%j) are none', async (headers) => {
    const link = await shortLink();
    await leadsOn(link.code, { headers: { ...BROWSER, ...headers } });
    expect(await clicksOn(link)).toBe(0);
    // Whoever then really clicks does not find the visit taken.
    await leadsOn(link.code);
    expect(await clicksOn(link)).toBe(1);
  });

  it('are none where only the head is asked for', async () => {
    const link = await shortLink();
    await leadsOn(link.code, { method: 'HEAD' });
    expect(await clicksOn(link)).toBe(0);
  });

  it('of one address and browser count once, until some seconds are over', async () => {
    const link = await shortLink();
    for (let times = 0; times < 20; times += 1) await leadsOn(link.code, { from: '192.0.2.1' });
    expect(await clicksOn(link)).toBe(1);
    await leadsOn(link.code, {
      from: '192.0.2.1',
      headers: { 'user-agent': visitors.somebody.Chrome },
    });
    expect(await clicksOn(link)).toBe(2);
    vi.setSystemTime(Date.now() + 10_001);
    await leadsOn(link.code, { from: '192.0.2.1' });
    expect(await clicksOn(link)).toBe(3);
  });

  it('are of the link that was opened, and of the workspace that it is of', async () => {
    const [own, other] = [await shortLink(), await shortLink(await makeWorkspace(api.database.db))];
    await leadsOn(other.code);
    expect(await clicksOn(own)).toBe(0);
    expect(await clicksOn(other)).toBe(1);
    const asked = { publicationId: other.publicationId, workspaceId: own.workspaceId };
    expect(await countClicks(api.database.db, asked)).toBeNull();
    const { rows } = await api.database.pool.query(
      'select workspace_id, clicks::int from link_clicks where link_id = $1',
      [other.code],
    );
    expect(rows).toEqual([{ workspace_id: other.workspaceId, clicks: 1 }]);
  });

  it('of a code that nobody made leave nothing', async () => {
    const before = await api.database.pool.query('select * from link_clicks');
    const reply = await open('nobodymadeit');
    expect([reply.statusCode, reply.headers.location]).toEqual([404, undefined]);
    expect(reply.headers['set-cookie']).toBeUndefined();
    await redirector.stop();
    const after = await api.database.pool.query('select * from link_clicks');
    expect(after.rows).toEqual(before.rows);
  });

  it('leave no address and no browser in a table or a log', async () => {
    const link = await shortLink();
    const agent = `${visitors.somebody.Firefox} canary-of-a-browser`;
    const from = '203.0.113.77';
    await leadsOn(link.code, { from, headers: { 'user-agent': agent } });
    await open('nobodymadeit', { from, headers: { 'user-agent': agent } });
    expect(await clicksOn(link)).toBe(1);
    const kept = `${await databaseText(api.database.db)}\n${JSON.stringify(api.logged)}`;
    expect(kept).toContain(link.code);
    expect(kept).not.toContain(from);
    expect(kept).not.toContain('canary-of-a-browser');
  });
});
