import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sourcesOf } from '../../src/activities/measuring-sources.ts';
import { openCredentials, sealCredentials } from '../../src/credentials/account-credentials.ts';
import { newId } from '../../src/db/ids.ts';
import {
  getChannelAccount,
  insertChannelAccount,
} from '../../src/db/workspace/channel-accounts.ts';
import { getSourceHealth, takeSourceRequest } from '../../src/db/workspace/metric-source-health.ts';
import { getMetricSource } from '../../src/db/workspace/metric-sources.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { createSourceRegistry, metricSourceKinds } from '../../src/metrics/registry.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import {
  questionFor,
  type SourceServer,
  startSourceServer,
  valuesOf,
} from '../support/source-server.ts';

const PATH = '/v1/metric-sources';
const TOKEN = 'goat-canary-token';
const HITS = [{ path: '/guide', event: false, at: '2026-03-02T09:30:00Z', source: 'utm:mastodon' }];
const STATUS = { favourites_count: 3, replies_count: 0, reblogs_count: 2 };

let goat: SourceServer;
let mastodon: SourceServer;
let api: IdleApi;
beforeAll(async () => {
  [goat, mastodon] = await Promise.all([
    startSourceServer('goatcounter'),
    startSourceServer('mastodon'),
  ]);
  api = await openIdleApi({
    metricSources: metricSourceKinds({ http: httpOf(), sandboxUrl: null }),
  });
});
afterAll(async () => {
  await api?.close();
  await Promise.all([goat?.stop(), mastodon?.stop()]);
});
beforeEach(async () => {
  await goat.hold({ token: TOKEN, hits: HITS });
  const account = { id: '1', acct: 'studio', followers_count: 40 };
  await mastodon.hold({ token: TOKEN, account, statuses: { 'remote-1': STATUS } });
});

const httpOf = () => createHttpClient({ allowedOrigins: [goat.url, mastodon.url] });
const goatcounter = (change: object = {}) => ({
  kind: 'goatcounter',
  name: `site ${randomUUID()}`,
  config: { server: goat.url },
  credentials: { token: TOKEN },
  ...change,
});
const call = (method: string, path: string, body?: object, headers = {}) =>
  api.as('social_media_manager', method, path, { ...(body && { body }), headers });

async function add(change: object = {}): Promise<Json> {
  const { status, text, json } = await call('POST', PATH, goatcounter(change));
  expect(status, text).toBe(201);
  return json;
}
const issuesOf = ({ json }: { json: Json }) => json.issues.map(({ path }: Json) => path);

describe('a connection', () => {
  it('shows what is not secret, to whoever reads', async () => {
    const made = await add({ sites: ['WWW.Example.org'], zone: 'Europe/Paris' });
    expect(made).toMatchObject({
      config: { server: goat.url },
      sites: ['www.example.org'],
      zone: 'Europe/Paris',
      state: 'active',
      hasCredentials: true,
      lastCheck: null,
      health: { failures: 0, lastSuccessAt: null },
    });
    const one = await api.as('creator', 'GET', `${PATH}/${made.id}`);
    const list = await api.as('creator', 'GET', `${PATH}?kind=goatcounter&limit=200`);
    expect(one.json).toEqual(made);
    expect(list.text).toContain(made.id);
    expect(one.text + list.text).not.toContain(TOKEN);
  });

  it('keeps its credentials encrypted, for itself alone', async () => {
    const { id } = await add();
    const { workspaceId } = api.workspace;
    const row = await getMetricSource(api.database.db, { workspaceId, metricSourceId: id });
    if (row === null) throw new Error('no row');
    expect(row.credentials).not.toContain(TOKEN);
    expect(openCredentials(api.secrets, row)).toEqual({ token: TOKEN });
    expect(() => openCredentials(api.secrets, { ...row, id: 'msr_other' })).toThrow();
  });

  it('is made once however often it is asked for', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = goatcounter();
    const [first, again] = [
      await call('POST', PATH, body, headers),
      await call('POST', PATH, body, headers),
    ];
    expect(again.json).toEqual(first.json);
  });

  it.each([
    [{ kind: 'sandbox' }, ['kind']],
    [{ kind: 'mastodon' }, ['kind']],
    [{ kind: 'nobody' }, ['kind']],
    [{ config: { server: 'https://example.org/path' } }, ['config.server']],
    [{ config: { server: 'file:///etc/passwd' } }, ['config.server']],
    [{ credentials: {} }, ['credentials.token']],
    [{ credentials: { token: 'with space' } }, ['credentials.token']],
    [{ zone: 'Mars/Base' }, ['zone']],
    [{ sites: ['https://example.org'] }, ['sites.0']],
    [{ channelAccountIds: ['cha_nobody'] }, ['channelAccountIds.0']],
  ])('is refused with %j, naming %j', async (change, paths) => {
    const reply = await call('POST', PATH, goatcounter(change));
    expect(reply.status).toBe(400);
    expect(issuesOf(reply)).toEqual(paths);
    expect(reply.text).not.toContain(TOKEN);
  });

  it('asks for the credentials again with another config: they would be sent elsewhere', async () => {
    const { id } = await add();
    const config = { server: 'https://elsewhere.example' };
    const refused = await call('PATCH', `${PATH}/${id}`, { config });
    expect(refused.status).toBe(400);
    expect(issuesOf(refused)).toEqual(['credentials']);
    const changed = await call('PATCH', `${PATH}/${id}`, { config, credentials: { token: 'new' } });
    expect(changed.json.config).toEqual(config);
  });

  it('is paused, resumed and removed', async () => {
    const { id } = await add();
    const paused = await call('PATCH', `${PATH}/${id}`, { active: false });
    expect(paused.json.state).toBe('paused');
    const resumed = await call('PATCH', `${PATH}/${id}`, { active: true });
    expect(resumed.json.state).toBe('active');
    expect((await call('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect((await call('DELETE', `${PATH}/${id}`)).status).toBe(404);
    expect((await call('GET', `${PATH}/${id}`)).status).toBe(404);
  });

  it('of another workspace is not there', async () => {
    const { id } = await add();
    const theirs = await makeWorkspace(api.database.db);
    const key = theirs.members.find(({ role }) => role === 'social_media_manager')?.key ?? '';
    for (const [method, path, body] of [
      ['GET', `${PATH}/${id}`],
      ['PATCH', `${PATH}/${id}`, { active: false }],
      ['DELETE', `${PATH}/${id}`],
      ['POST', `${PATH}/${id}/check`],
    ] as const) {
      const { status } = await api.call(key, method, path, { ...(body && { body }) });
      expect([method, status]).toEqual([method, 404]);
    }
    expect((await api.call(key, 'GET', PATH)).json.items).toEqual([]);
  });

  it('is administered by two roles only, whatever is sent', async () => {
    const { id } = await add();
    for (const [method, path] of [
      ['POST', PATH],
      ['PATCH', `${PATH}/${id}`],
      ['DELETE', `${PATH}/${id}`],
      ['POST', `${PATH}/${id}/check`],
    ] as const) {
      const body = method === 'DELETE' ? undefined : { junk: true };
      const { status, json } = await api.as('editor', method, path, { ...(body && { body }) });
      expect([method, status, json.unmet?.[0]?.code]).toEqual([method, 403, 'holds_role']);
    }
  });
});

describe('a check', () => {
  it('says that it is good, and the health with it', async () => {
    const { id } = await add();
    const { json } = await call('POST', `${PATH}/${id}/check`);
    expect(json).toMatchObject({ ok: true, credentialsRefused: false });
    const { json: now } = await call('GET', `${PATH}/${id}`);
    expect(now.lastCheck.detail).toBe(json.detail);
    expect(now.health).toMatchObject({ failures: 0, lastSuccessAt: expect.any(String) });
  });

  it('of refused credentials pauses it until there are others', async () => {
    const { id } = await add({ credentials: { token: 'stale-canary' } });
    const refused = await call('POST', `${PATH}/${id}/check`);
    expect(refused.json).toMatchObject({ ok: false, credentialsRefused: true });
    expect(refused.text).not.toContain('stale-canary');
    const { json } = await call('GET', `${PATH}/${id}`);
    expect(json.state).toBe('credentials_refused');
    const changed = await call('PATCH', `${PATH}/${id}`, { credentials: { token: TOKEN } });
    expect(changed.json).toMatchObject({ state: 'active', health: { failures: 0 } });
    expect((await call('POST', `${PATH}/${id}/check`)).json.ok).toBe(true);
  });

  it('never reaches an address inside', async () => {
    const { id } = await add({ config: { server: 'https://127.0.0.1' } });
    const { json } = await call('POST', `${PATH}/${id}/check`);
    expect(json).toMatchObject({ ok: false, credentialsRefused: false });
  });
});

describe('what a post is asked of', () => {
  const question = {
    ...questionFor('mastodon'),
    page: 'https://www.example.org/guide',
  };

  /** A Mastodon account of the workspace, with a token. */
  async function makeAccount(accessToken = TOKEN) {
    const id = newId('channelAccount');
    const { workspaceId } = api.workspace;
    await insertChannelAccount(api.database.db, {
      id,
      workspaceId,
      channel: 'mastodon',
      name: `studio ${id}`,
      zone: 'UTC',
      settings: { server: mastodon.url },
      credentials: sealCredentials(api.secrets, { id, credentials: { accessToken } }),
    });
    return id;
  }

  /** Asks the sources of a post, all or one. */
  async function askAll(channelAccountId: string, only?: string, page = question.page) {
    const { workspaceId } = api.workspace;
    const { db } = api.database;
    const account = await getChannelAccount(db, { workspaceId, channelAccountId });
    if (account === null) throw new Error('no account');
    const sources = createSourceRegistry({ http: httpOf(), sandboxUrl: null });
    const deps = { db, sources, secrets: api.secrets };
    const replies = new Map();
    for (const source of await sourcesOf(deps, { account, page })) {
      if (only === undefined || source.id === only) {
        replies.set(source.id, await source.collect(question));
      }
    }
    return replies;
  }
  const healthOf = (sourceId: string) =>
    getSourceHealth(api.database.db, { workspaceId: api.workspace.workspaceId, sourceId });

  it('is its own account and the connections that serve it, the closest of each kind', async () => {
    const account = await makeAccount();
    const others = await add({ channelAccountIds: [await makeAccount()] });
    await add({ sites: ['elsewhere.example'] });
    const ours = await add({ channelAccountIds: [account], sites: ['www.example.org'] });
    const replies = await askAll(account);
    expect([...replies.keys()]).toEqual(['mastodon', 'goatcounter']);
    expect(valuesOf(replies.get('mastodon'))).toMatchObject({ reactions: 3, followers: 40 });
    expect(valuesOf(replies.get('goatcounter'))).toMatchObject({ sessions: 1 });
    expect(await healthOf(ours.id)).toMatchObject({ failures: 0 });
    expect(await healthOf(others.id)).toBeNull();
    expect(await healthOf(`mastodon:${account}`)).toMatchObject({ channelAccountId: account });
  });

  it('is one of two systems that count the same: the closest, or the one that counts more', async () => {
    const account = await makeAccount();
    const umami = {
      kind: 'umami',
      config: { server: goat.url, websiteId: randomUUID() },
      credentials: { username: 'u', password: 'p' },
    };
    await add({ channelAccountIds: [account] });
    await add({ ...umami, sites: ['two.example'] });
    const page = 'https://two.example/guide';
    expect([...(await askAll(account, undefined, page)).keys()]).toEqual([
      'mastodon',
      'goatcounter',
    ]);
    // Umami counts visitors, too.
    await add({ ...umami, channelAccountIds: [account] });
    expect([...(await askAll(account, undefined, page)).keys()]).toEqual(['mastodon', 'umami']);
  });

  it('is not asked again once it refused the credentials, until there are others', async () => {
    const account = await makeAccount('stale-canary');
    expect((await askAll(account, 'mastodon')).get('mastodon')).toMatchObject({
      credentialsRefused: true,
    });
    const asked = (await mastodon.asked()).length;
    expect((await askAll(account, 'mastodon')).get('mastodon')).toMatchObject({
      credentialsRefused: true,
    });
    expect(await mastodon.asked()).toHaveLength(asked);
    const body = { credentials: { accessToken: TOKEN } };
    const path = `/v1/channel-accounts/${account}/credentials`;
    expect((await call('PUT', path, body)).status).toBe(200);
    expect(valuesOf((await askAll(account, 'mastodon')).get('mastodon'))).toMatchObject({
      reactions: 3,
    });
  });

  it('counts failures in a row, and one answer ends them', async () => {
    const account = await makeAccount();
    for (let failures = 1; failures <= 2; failures += 1) {
      await mastodon.fail({ status: 503, body: {} });
      await askAll(account, 'mastodon');
      expect(await healthOf(`mastodon:${account}`)).toMatchObject({ failures });
    }
    await askAll(account, 'mastodon');
    expect(await healthOf(`mastodon:${account}`)).toMatchObject({
      failures: 0,
      failingSince: null,
      lastFailure: 'Mastodon: it answered 503',
    });
  });

  it('is left alone for as long as it asked', async () => {
    const account = await makeAccount();
    await mastodon.fail({ status: 429, headers: { 'retry-after': '600' }, body: {} });
    expect((await askAll(account, 'mastodon')).get('mastodon')).toMatchObject({
      retryAfterMs: 600_000,
    });
    const asked = (await mastodon.asked()).length;
    const reply = (await askAll(account, 'mastodon')).get('mastodon');
    expect(reply).toMatchObject({ heldBack: true, retry: true });
    expect(reply.retryAfterMs).toBeGreaterThan(500_000);
    expect(await mastodon.asked()).toHaveLength(asked);
    // Held back by Baton itself: that is no failure of the source.
    expect(await healthOf(`mastodon:${account}`)).toMatchObject({ failures: 1 });
  });

  const findings = async (code: string) =>
    (await api.as('creator', 'GET', `/v1/audit/stuck?code=${code}&limit=200`)).json.items;
  const repair = (finding: Json, repair: string, given: object = {}, role?: string) =>
    api.as(role ?? 'social_media_manager', 'POST', `/v1/audit/findings/${finding.id}/repairs`, {
      body: { repair, reason: 'numbers are missing', with: given },
    });

  it('metric_source_failing: found after three failures, and gone once a check succeeds', async () => {
    const account = await makeAccount();
    const ofAccount = async () =>
      (await findings('metric_source_failing')).find(
        ({ evidence }: Json) => evidence.channelAccountId === account,
      );
    for (let failures = 1; failures <= 3; failures += 1) {
      expect(await ofAccount()).toBeUndefined();
      await mastodon.fail({ status: 503, body: {} });
      await askAll(account, 'mastodon');
    }
    const finding = await ofAccount();
    expect(finding).toMatchObject({
      evidence: { kind: 'mastodon', failures: 3, metricSourceId: null },
      repairs: ['check_source'],
      message: expect.stringContaining('did not answer 3 times in a row'),
    });
    expect((await repair(finding, 'check_source', {}, 'creator')).status).toBe(403);
    const done = await repair(finding, 'check_source');
    expect(done.json).toMatchObject({
      outcome: 'done',
      stillFound: false,
      result: { check: { ok: true, detail: 'Mastodon: signed in as studio' } },
    });
    expect(await ofAccount()).toBeUndefined();
  });

  it('metric_source_refused: found at once, and gone with new credentials from the finding', async () => {
    const { id } = await add({ credentials: { token: 'stale-canary' } });
    const ofIt = async () =>
      (await findings('metric_source_refused')).find(
        ({ evidence }: Json) => evidence.metricSourceId === id,
      );
    expect(await ofIt()).toBeUndefined();
    await call('POST', `${PATH}/${id}/check`);
    const finding = await ofIt();
    expect(finding.message).toContain('refused the credentials');
    expect(JSON.stringify(finding)).not.toContain('stale-canary');
    const wrong = await repair(finding, 'replace_credentials', { credentials: { key: 1 } });
    expect(wrong.status).toBe(400);
    expect(JSON.stringify(wrong.json.issues)).toContain('with.credentials.token');
    const given = { credentials: { token: TOKEN } };
    const done = await repair(finding, 'replace_credentials', given);
    expect(done.json).toMatchObject({ outcome: 'done', stillFound: false });
    expect(done.text).not.toContain(TOKEN);
    expect(await ofIt()).toBeUndefined();
  });

  it('is found by nobody of another workspace, nor while it is paused', async () => {
    const { id } = await add({ credentials: { token: 'stale-canary' } });
    await call('POST', `${PATH}/${id}/check`);
    const path = '/v1/audit/stuck?code=metric_source_refused&limit=200';
    const theirs = await makeWorkspace(api.database.db);
    const { json } = await api.call(theirs.members[0]?.key ?? '', 'GET', path);
    expect(json.items).toEqual([]);
    await call('PATCH', `${PATH}/${id}`, { active: false });
    expect(JSON.stringify(await findings('metric_source_refused'))).not.toContain(id);
  });

  it('never exceeds a limit, however many ask at once', async () => {
    const { workspaceId } = api.workspace;
    const subject = {
      workspaceId,
      sourceId: `storm ${randomUUID()}`,
      kind: 'mastodon',
      channelAccountId: null,
      limit: { requests: 20, perMs: 3_600_000 },
    };
    const waits = await Promise.all(
      Array.from({ length: 60 }, () => takeSourceRequest(api.database.db, subject)),
    );
    expect(waits.filter((ms) => ms === 0)).toHaveLength(10);
    // Each of the others gets a turn of its own, one every six minutes.
    const turns = waits.filter((ms) => ms > 0).sort((a, b) => a - b);
    for (const [index, ms] of turns.entries()) {
      expect(ms).toBeLessThanOrEqual((index + 1) * 360_000);
      expect(ms - (turns[index - 1] ?? 0)).toBeGreaterThan(300_000);
    }
  });
});
