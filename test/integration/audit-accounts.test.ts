import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteCredentialRefusal } from '../../src/db/publishing/credential-refusals.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { Finding } from '../../src/domain/audit/finding.ts';
import { DAY, HOUR } from '../machine/item-fixture.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

/** No worker runs here. */
let api: IdleApi;
let itemId: string;
beforeAll(async () => {
  api = await openIdleApi();
  itemId = await api.start();
});
afterAll(() => api?.close());

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
let made = 0;

/** An account with posts planned so far from now. */
async function makeAccount({
  tokenExpiresAt = null,
  posts = [],
  active = true,
}: {
  tokenExpiresAt?: string | null;
  posts?: number[];
  active?: boolean;
} = {}): Promise<string> {
  made += 1;
  const { workspaceId } = api.workspace;
  const { id } = await insertChannelAccount(api.database.db, {
    workspaceId,
    channel: 'bluesky',
    name: `token ${made}`,
    zone: 'Europe/Paris',
    tokenExpiresAt,
    credentials: `sealed ${made}`,
  });
  if (!active) await api.as('social_media_manager', 'PATCH', pathOf(id), { body: { active } });
  for (const [index, ms] of posts.entries()) await plan(id, index, inMs(ms));
  return id;
}

const pathOf = (account: string) => `/v1/channel-accounts/${account}`;

function plan(account: string, index: number, at: string) {
  return api.database.db.execute(sql`
    insert into publications (id, workspace_id, item_id, channel_account_id, channel, slot_number,
      state, at, local, zone, changed_seq)
    values (${`pub_${account}_${index}`}, ${api.workspace.workspaceId}, ${itemId}, ${account}, 'bluesky', 1,
      'planned', ${at}, '2030-01-01T09:00', 'Europe/Paris', 1)`);
}

async function tokenFindings(): Promise<Finding[]> {
  const { status, json } = await api.as(
    'social_media_manager',
    'GET',
    '/v1/audit/stuck?code=token_expiring&limit=200',
  );
  expect(status).toBe(200);
  return json.items;
}

async function findingOf(account: string): Promise<Finding | undefined> {
  return (await tokenFindings()).find(({ evidence }) => evidence['channelAccountId'] === account);
}

const refuse = (channelAccountId: string, sealed: string) =>
  noteCredentialRefusal(api.database.db, {
    workspaceId: api.workspace.workspaceId,
    channelAccountId,
    sealed,
    why: 'Bluesky answered 401',
  });

describe('credentials that expire', () => {
  it('before a planned post are found, however far off, with the posts on both sides', async () => {
    const tokenExpiresAt = inMs(30 * DAY);
    const account = await makeAccount({ tokenExpiresAt, posts: [DAY, 31 * DAY, 40 * DAY] });
    const finding = await findingOf(account);
    expect(Finding.parse(finding)).toEqual(finding);
    expect(finding).toMatchObject({
      code: 'token_expiring',
      severity: 'warning',
      repairs: ['replace_credentials'],
      evidence: {
        channelAccountId: account,
        channel: 'bluesky',
        expiresAt: tokenExpiresAt,
        expired: false,
        refusedAt: null,
        plannedBefore: 1,
        plannedAfter: 2,
      },
    });
    expect(finding?.itemId).toBeUndefined();
    expect(Date.parse(finding?.since ?? '')).toBeLessThanOrEqual(Date.now());
    expect(finding?.message).toContain('Posts planned after that: 2');
  });

  it('exactly when a post is due are found', async () => {
    const tokenExpiresAt = inMs(30 * DAY);
    const account = await makeAccount({ tokenExpiresAt });
    expect(await findingOf(account)).toBeUndefined();
    await plan(account, 0, tokenExpiresAt);
    expect((await findingOf(account))?.evidence['plannedAfter']).toBe(1);
  });

  it.each([
    ['within seven days', 7 * DAY - HOUR, false],
    ['already', -HOUR, true],
  ])('%s are found without any post', async (_, ms, expired) => {
    const tokenExpiresAt = inMs(ms);
    const finding = await findingOf(await makeAccount({ tokenExpiresAt }));
    expect(finding?.evidence).toMatchObject({ expired, plannedBefore: 0, plannedAfter: 0 });
    const since = new Date(Date.parse(tokenExpiresAt) - 7 * DAY).toISOString();
    expect(finding?.since).toBe(since);
  });

  it('after every planned post, of an inactive account or never are not', async () => {
    const accounts = [
      await makeAccount({ tokenExpiresAt: inMs(8 * DAY), posts: [DAY, 2 * DAY] }),
      await makeAccount({ tokenExpiresAt: inMs(HOUR), posts: [DAY], active: false }),
      await makeAccount({ posts: [DAY] }),
    ];
    for (const account of accounts) expect(await findingOf(account)).toBeUndefined();
  });

  it('count no post that is out', async () => {
    const account = await makeAccount({ tokenExpiresAt: inMs(20 * DAY), posts: [30 * DAY] });
    const ofAccount = sql`where channel_account_id = ${account}`;
    expect(await findingOf(account)).toBeDefined();
    await api.database.db.execute(sql`update publications set state = 'published' ${ofAccount}`);
    expect(await findingOf(account)).toBeUndefined();
  });

  it('are put right by new credentials from the finding, which no record holds', async () => {
    const account = await makeAccount({ tokenExpiresAt: inMs(DAY), posts: [2 * DAY] });
    const finding = await findingOf(account);
    const repair = (role: string, given: object, dryRun = false) =>
      api.as(role, 'POST', `/v1/audit/findings/${finding?.id}/repairs`, {
        body: { repair: 'replace_credentials', reason: 'it expires', with: given, dryRun },
      });
    const given = { credentials: { appPassword: 'new-secret' }, tokenExpiresAt: inMs(90 * DAY) };
    expect((await repair('creator', given)).status).toBe(403);
    const wrong = await repair('social_media_manager', { credentials: { password: 1 } });
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(wrong.json.issues)).toContain('with.credentials.appPassword');
    const dry = await repair('social_media_manager', given, true);
    expect(dry.json).toMatchObject({ outcome: 'would', stillFound: true });
    expect(await findingOf(account)).toBeDefined();

    const done = await repair('social_media_manager', given);
    expect(done.json).toMatchObject({ outcome: 'done', stillFound: false });
    expect(await findingOf(account)).toBeUndefined();
    const { rows } = await api.database.db.execute(
      sql`select to_jsonb(r) as repair from repairs r`,
    );
    const acts = await api.as('strategist', 'GET', '/v1/audit/administration?limit=200');
    expect(JSON.stringify([rows, acts.json, done.json])).not.toContain('new-secret');
  });

  it('are nobody else’s to see', async () => {
    const account = await makeAccount({ tokenExpiresAt: inMs(-HOUR) });
    expect(await findingOf(account)).toBeDefined();
    const other = await makeWorkspace(api.database.db);
    const path = '/v1/audit/stuck?code=token_expiring';
    const { json } = await api.call(other.members[0]?.key ?? '', 'GET', path);
    expect(json.items).toEqual([]);
  });
});

describe('credentials that were refused', () => {
  it('are found at once, and not after new ones', async () => {
    const account = await makeAccount({ posts: [DAY] });
    expect(await findingOf(account)).toBeUndefined();
    await refuse(account, `sealed ${made}`);
    const finding = await findingOf(account);
    expect(finding?.evidence).toMatchObject({ refusal: 'Bluesky answered 401', plannedAfter: 1 });
    expect(finding?.since).toBe(finding?.evidence['refusedAt']);
    expect(finding?.message).toContain('were refused at');
    const body = { credentials: { appPassword: 'new' } };
    await api.as('social_media_manager', 'PUT', `${pathOf(account)}/credentials`, { body });
    expect(await findingOf(account)).toBeUndefined();
  });

  it('and have been replaced since are not: a late answer says nothing of the new ones', async () => {
    const account = await makeAccount();
    await refuse(account, 'sealed as it was before');
    expect(await findingOf(account)).toBeUndefined();
  });
});

it('10,000 planned posts of an account are counted through their index', async () => {
  const account = await makeAccount({ tokenExpiresAt: inMs(20 * DAY) });
  const { db } = api.database;
  await db.execute(sql`
    insert into publications (id, workspace_id, item_id, channel_account_id, channel, slot_number,
      state, at, local, zone, changed_seq)
    select ${account} || n, ${api.workspace.workspaceId}, ${itemId},
      case when n <= 10000 then ${account} else 'cha_other' || n end, 'bluesky', 1,
      case when n % 2 = 0 or n > 10000 then 'published' else 'planned' end,
      now() + n * interval '5 minutes', '2030-01-01T09:00', 'Europe/Paris', 1
    from generate_series(1, 20000) n`);
  await db.execute(sql`analyze publications`);
  const startedAt = performance.now();
  const finding = await findingOf(account);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  const { plannedBefore, plannedAfter } = finding?.evidence ?? {};
  expect(Number(plannedBefore) + Number(plannedAfter)).toBe(5_000);
  const { rows } = await db.execute(sql`
    explain select at from publications where channel_account_id = ${account} and not released
      and state in ('tentative', 'planned', 'due', 'sending') and at > now() + interval '30 days'`);
  expect(JSON.stringify(rows)).toContain('publications_to_send');
});
