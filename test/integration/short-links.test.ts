import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContents } from '../../src/activities/publishing/post-content.ts';
import { type AssetStore, openAssetStore } from '../../src/assets/asset-store.ts';
import { createDb } from '../../src/db/client.ts';
import { saveBrief, saveDraft } from '../../src/db/item/versions.ts';
import { countClicks } from '../../src/db/publishing/outgoing-links.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { contentHashOf, hashOf } from '../../src/domain/canonical.ts';
import type { ChannelId } from '../../src/domain/channel/channels.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { createRedirector, type Redirector } from '../../src/links/redirector.ts';
import { makeBrief, makeDraft } from '../support/content.ts';
import { makeItem, makeWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import visitors from '../vectors/link-visitors.json' with { type: 'json' };

const GO = 'https://go.example.com';
const WRITTEN = 'https://shop.example/bread?size=2#price';
const BROWSER = { 'user-agent': visitors.somebody.Firefox };
const LOG = { warn: () => {} };

let api: IdleApi;
let assets: AssetStore;
let directory: string;
/** Of the program: what it asks is held by row security. */
let redirector: Redirector;
let campaignId: string;

beforeAll(async () => {
  api = await openIdleApi();
  directory = mkdtempSync(join(tmpdir(), 'baton-links-'));
  assets = await openAssetStore({ directory, now: Date.now() });
  redirector = createRedirector({ db: api.database.program, log: LOG, flushMs: 20 });
  const { workspaceId } = api.workspace;
  const { db } = api.database;
  for (const [version, links] of [
    [2, { utm: true, shortLinks: GO }],
    [3, { utm: true }],
  ] as const) {
    await insertPlaybook(db, { workspaceId, playbook: { ...STANDARD_PLAYBOOK, version, links } });
  }
  const createdBy = api.workspace.memberOf('strategist');
  const goal = 'attract' as const;
  campaignId = (await insertCampaign(db, { workspaceId, name: 'Été 27', goal, createdBy })).id;
});
afterAll(async () => {
  await redirector?.stop();
  await api?.close();
  rmSync(directory, { recursive: true });
});

interface Wish {
  playbookVersion?: number;
  channel?: ChannelId;
  publicationId?: string;
  text?: string;
  channelAccountId?: string;
}

/** An approved item with one variant, and the order to publish it. */
async function orderOf({ playbookVersion = 2, channel = 'mastodon', ...wish }: Wish = {}) {
  const { db } = api.database;
  const { workspaceId } = api.workspace;
  const { id: itemId } = await makeItem(db, api.workspace, { playbookVersion, campaignId });
  const variant = { channel, text: wish.text ?? `Fresh: ${WRITTEN}`, link: WRITTEN };
  const draft = makeDraft({ title: 'Bread', variants: [variant] });
  const brief = makeBrief();
  const key = { workspaceId, itemId, authorId: api.workspace.memberOf('creator') };
  const hashes = { briefHash: hashOf(brief), draftHash: hashOf(draft) };
  await saveBrief(db, { ...key, hash: hashes.briefHash, body: brief });
  await saveDraft(db, { ...key, hash: hashes.draftHash, body: draft });
  return {
    workspaceId,
    itemId,
    ...hashes,
    contentHash: contentHashOf(hashes),
    channel,
    channelAccountId: wish.channelAccountId ?? 'cha_1',
    slotNumber: 1,
    publicationId: wish.publicationId ?? `pub_${itemId.replace('itm_', '')}_1`,
    dueAt: '2030-01-01T12:00:00Z',
    sendUntil: '2030-01-01T13:00:00Z',
  };
}

type Order = Awaited<ReturnType<typeof orderOf>>;

/** What the worker sends. */
async function sent(order: Order) {
  const work = () => readContents({ db: api.database.program, assets }, order);
  const contents = await inWorkspace(order, work);
  if ('outcome' in contents) throw new Error(contents.evidence);
  return contents;
}

/** A link that went out. @returns its code. */
async function shortLink(order?: Order): Promise<string> {
  const [first] = await sent(order ?? (await orderOf()));
  return first?.link?.split('/r/')[1] ?? '';
}

const open = (code: string, method = 'GET', headers: Record<string, string> = BROWSER) =>
  fetch(`${api.url}/r/${code}`, { method, headers, redirect: 'manual' });

const clicksOf = ({ workspaceId, publicationId }: Order) =>
  inWorkspace({ workspaceId }, () =>
    countClicks(api.database.program, { workspaceId, publicationId }),
  );

const counted = (order: Order, clicks: number) =>
  eventually(async () => ((await clicksOf(order)) === clicks ? true : null), {
    what: `${clicks} clicks`,
  });

/** Opens a code in the redirector of this file, as if from an address. */
const visit = (code: string, address: string, headers: Record<string, string> = BROWSER) =>
  redirector.open(code, { method: 'GET', address, header: (name) => headers[name] });

const TAGS = (publicationId: string, channel = 'mastodon') =>
  `utm_source=${channel}&utm_medium=organic-social&utm_campaign=ete-27&utm_content=${publicationId}`;

/** The item as it is once its draft counts and its slot is planned. */
async function planned({ itemId, draftHash: hash, publicationId, channel }: Order): Promise<void> {
  const draft = {
    hash,
    version: 1,
    assetKinds: [],
    variants: {},
    violations: [],
    failedChecks: [],
  };
  const slot = { channelAccountId: 'cha_1', slotNumber: 1, at: '2030-01-01T12:00:00.000Z' };
  const when = { local: '2030-01-01T12:00', zone: 'UTC', state: 'planned' };
  await api.database.pool.query(
    `update items set snapshot = jsonb_set(jsonb_set(snapshot, '{context,draft}', $2),
       '{context,publications}', $3) where id = $1`,
    [itemId, draft, JSON.stringify([{ id: publicationId, channel, ...slot, ...when }])],
  );
}

describe('a link that goes out', () => {
  it('is the one that was shown before', async () => {
    const order = await orderOf();
    const path = `/v1/items/${order.itemId}/draft/links`;
    expect((await api.as('editor', 'GET', path)).status).toBe(404);
    await planned(order);
    const { json } = await api.as('editor', 'GET', path);
    const [first] = await sent(order);
    expect(json.items).toEqual([
      {
        channel: 'mastodon',
        publicationId: order.publicationId,
        written: WRITTEN,
        address: first?.link,
        target: `https://shop.example/bread?size=2&${TAGS(order.publicationId)}#price`,
      },
    ]);
    const [stranger] = (await makeWorkspace(api.database.db)).members;
    expect((await api.call(stranger?.key ?? null, 'GET', path)).status).toBe(404);
    expect((await api.call(null, 'GET', path)).status).toBe(401);
  });

  it('is the short one in text and field, leads to the tagged one, and stays as it was', async () => {
    const order = await orderOf();
    const [first] = await sent(order);
    const code = first?.link?.split('/r/')[1] ?? '';
    expect(first).toMatchObject({
      text: `Fresh: ${GO}/r/${code}`,
      link: `${GO}/r/${code}`,
      written: { text: `Fresh: ${WRITTEN}`, link: WRITTEN },
    });
    const reply = await open(code);
    expect(reply.status).toBe(302);
    const target = `https://shop.example/bread?size=2&${TAGS(order.publicationId)}#price`;
    expect(reply.headers.get('location')).toBe(target);
    await api.database.pool.query(`update campaigns set name = 'Autumn' where id = $1`, [
      campaignId,
    ]);
    try {
      expect(await sent(order)).toEqual([first]);
      expect((await open(code)).headers.get('location')).toBe(target);
    } finally {
      await api.database.pool.query(`update campaigns set name = 'Été 27' where id = $1`, [
        campaignId,
      ]);
    }
  });

  it('is only tagged, or as it is written, where the playbook says so', async () => {
    const tagged = await orderOf({ playbookVersion: 3 });
    expect((await sent(tagged))[0]?.link).toContain(TAGS(tagged.publicationId));
    expect(await clicksOf(tagged)).toBeNull();
    const plain = await orderOf({ playbookVersion: 1 });
    expect((await sent(plain))[0]).toMatchObject({ text: `Fresh: ${WRITTEN}`, link: WRITTEN });
  });

  it('is not touched inside the site that it is published on', async () => {
    const { db } = api.database;
    const { workspaceId } = api.workspace;
    const account = await insertChannelAccount(db, {
      workspaceId,
      channel: 'webhook',
      name: 'Our shop',
      zone: 'UTC',
      settings: { url: 'https://shop.example/hooks/baton' },
    });
    const order = await orderOf({ channel: 'webhook', channelAccountId: account.id });
    expect((await sent(order))[0]?.link).toBe(WRITTEN);
  });

  it('is made once by two senders at once, and never takes the code of another link', async () => {
    const order = await orderOf();
    const both = await Promise.all([sent(order), sent(order)]);
    expect(both[0]).toEqual(both[1]);
    const taken = await orderOf();
    await sent(taken);
    await api.database.pool.query(
      `update outgoing_links set written = 'https://else.example/' where publication_id = $1`,
      [taken.publicationId],
    );
    await expect(sent(taken)).rejects.toThrow('is of another link');
  });
});

describe('GET /r/{code}', () => {
  it('leads on without a cookie, a referrer of its own or a place in a cache', async () => {
    const { headers, status } = await open(await shortLink());
    expect(status).toBe(302);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('x-robots-tag')).toContain('noindex');
  });

  it.each([
    'AAAAAAAAAAAA',
    'short',
    'a'.repeat(300),
    'https://evil.example',
    '//evil.example/',
    "' or true --",
    'AAAAAAAAAAA\r\nLocation: https://evil.example',
  ])('knows no %s, and leads nowhere', async (code) => {
    const reply = await open(encodeURIComponent(code));
    expect(reply.status).toBe(404);
    expect(reply.headers.get('location')).toBeNull();
    expect(await reply.text()).not.toContain('evil');
  });

  it('does not answer for a link that is no short one', async () => {
    const order = await orderOf({ playbookVersion: 3 });
    await sent(order);
    const { rows } = await api.database.pool.query<{ id: string }>(
      'select id from outgoing_links where publication_id = $1',
      [order.publicationId],
    );
    expect((await open(rows[0]?.id ?? '')).status).toBe(404);
  });

  it('takes 10,000 visitors at once: one look-up, one row', async () => {
    const order = await orderOf();
    const code = await shortLink(order);
    const asked = Array.from({ length: 10_000 }, (_, index) => visit(code, `visitor ${index}`));
    expect(new Set((await Promise.all(asked)).map((one) => JSON.stringify(one))).size).toBe(1);
    await counted(order, 10_000);
    const { rows } = await api.database.pool.query('select 1 from link_clicks where link_id = $1', [
      code,
    ]);
    expect(rows).toHaveLength(1);
  });

  it('leads on while the database is away if it knows the link, and else says 503', async () => {
    const [known, unknown] = [await shortLink(), await shortLink()];
    const database = createDb(api.database.programUrl, { max: 2, scopedOnly: true });
    const warnings: string[] = [];
    const alone = createRedirector({
      db: database.db,
      log: { warn: (_, message) => void warnings.push(message) },
      flushMs: 3_600_000,
    });
    const ask = (code: string) =>
      alone.open(code, { method: 'GET', address: 'a', header: (name) => BROWSER[name as never] });
    expect(await ask(known)).toHaveProperty('target');
    await database.close();
    expect(await ask(known)).toHaveProperty('target');
    expect(await ask(unknown)).toBe('unavailable');
    await alone.stop();
    expect(warnings).toEqual(['clicks wait for the database']);
    const away = { ...redirector, open: async () => 'unavailable' as const };
    const other = await openIdleApi({ redirector: away });
    try {
      const reply = await fetch(`${other.url}/r/${unknown}`, { redirect: 'manual' });
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '5']);
    } finally {
      await other.close();
    }
  });
});

describe('who reads the counts', () => {
  it('sees those of the own workspace, and nobody else', async () => {
    const order = await orderOf();
    const code = await shortLink(order);
    await visit(code, '192.0.2.9');
    await counted(order, 1);
    const { status, json } = await api.as('editor', 'GET', `/v1/items/${order.itemId}/links`);
    expect(status).toBe(200);
    expect(json.items).toMatchObject([
      { publicationId: order.publicationId, written: WRITTEN, code, clicks: 1 },
    ]);
    const other = await makeWorkspace(api.database.db);
    const [stranger] = other.members;
    const foreign = await api.call(stranger?.key ?? null, 'GET', `/v1/items/${order.itemId}/links`);
    expect(foreign.status).toBe(404);
    expect((await api.call(null, 'GET', `/v1/items/${order.itemId}/links`)).status).toBe(401);
    const { workspaceId } = other;
    const { publicationId } = order;
    const asked = { workspaceId: order.workspaceId, publicationId };
    expect(
      await inWorkspace({ workspaceId }, () => countClicks(api.database.program, asked)),
    ).toBeNull();
  });
});
