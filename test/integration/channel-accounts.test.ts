import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginOf } from '../../src/channels/bluesky/account.ts';
import { openCredentials } from '../../src/credentials/account-credentials.ts';
import {
  getChannelSession,
  renewChannelSession,
} from '../../src/db/publishing/channel-sessions.ts';
import {
  getChannelAccount,
  insertChannelAccount,
} from '../../src/db/workspace/channel-accounts.ts';
import { hashOf } from '../../src/domain/canonical.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

const PATH = '/v1/channel-accounts';
const bluesky = (change: object = {}) => ({
  channel: 'bluesky',
  name: `account ${randomUUID()}`,
  zone: 'Europe/Paris',
  settings: { handle: 'baton.example.com' },
  credentials: { appPassword: `canary-${randomUUID()}` },
  ...change,
});

async function add(body: object = bluesky()): Promise<Json> {
  const reply = await api.as('social_media_manager', 'POST', PATH, { body });
  expect(reply.status, reply.text).toBe(201);
  return reply.json;
}

async function stored(id: string) {
  const { workspaceId } = api.workspace;
  const row = await getChannelAccount(api.database.db, { workspaceId, channelAccountId: id });
  if (row === null) throw new Error(`${id} has no row`);
  return row;
}

async function loginOfRow(id: string) {
  const row = await stored(id);
  return loginOf({ ...row, credentials: openCredentials(api.secrets, row) });
}

describe('an account with credentials', () => {
  it('shows its settings with their defaults, and of the credentials that they are there', async () => {
    const body = bluesky();
    const made = await add(body);
    expect(made).toMatchObject({
      settings: { service: 'https://bsky.social', handle: 'baton.example.com' },
      hasCredentials: true,
      credentialsKeyId: 'testtest',
    });
    const { text } = await api.as('creator', 'GET', PATH);
    expect(text).toContain(made.id);
    expect(JSON.stringify(made) + text).not.toContain(body.credentials.appPassword);
  });

  it('keeps them encrypted, for itself alone', async () => {
    const body = bluesky();
    const { id } = await add(body);
    const row = await stored(id);
    expect(row.credentials).not.toContain(body.credentials.appPassword);
    expect(openCredentials(api.secrets, row)).toEqual(body.credentials);
    expect(() => openCredentials(api.secrets, { ...row, id: 'cha_other' })).toThrow();
  });

  it('gives the same answer to a repeated request, and makes one account', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = bluesky();
    const [first, again] = [
      await api.as('social_media_manager', 'POST', PATH, { body, headers }),
      await api.as('social_media_manager', 'POST', PATH, { body, headers }),
    ];
    expect(again.json).toEqual(first.json);
  });

  it('takes new credentials, which have an expiry of their own', async () => {
    const made = await add(bluesky({ tokenExpiresAt: '2030-01-01T00:00:00.000Z' }));
    const reply = await api.as('strategist', 'PUT', `${PATH}/${made.id}/credentials`, {
      body: { credentials: { appPassword: 'another' } },
    });
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({ hasCredentials: true, tokenExpiresAt: null });
    expect(openCredentials(api.secrets, await stored(made.id))).toEqual({ appPassword: 'another' });
  });

  it('takes new credentials once per key, and keeps nothing to try them out by', async () => {
    const { id } = await add();
    const { db } = api.database;
    const path = `${PATH}/${id}/credentials`;
    const headers = { 'idempotency-key': randomUUID() };
    const put = (appPassword: string) =>
      api.as('strategist', 'PUT', path, { body: { credentials: { appPassword } }, headers });
    const first = await put('one');
    expect(first.status).toBe(200);
    // Somebody else's change in between is not undone by the repetition.
    await api.as('strategist', 'PUT', path, { body: { credentials: { appPassword: 'two' } } });
    await renewChannelSession(db, { channelAccountId: id }, async () => 'sealed');
    const again = await put('one');
    expect([again.status, again.json]).toEqual([200, first.json]);
    expect(openCredentials(api.secrets, await stored(id))).toEqual({ appPassword: 'two' });
    expect(await getChannelSession(db, { channelAccountId: id })).toBe('sealed');
    expect((await put('three')).json.code).toBe('idempotency_conflict');
    const { rows } = await db.$client.query(
      'select body_hash from idempotency_keys where key = $1',
      [headers['idempotency-key']],
    );
    const body = { credentials: { appPassword: 'one' } };
    expect(rows).toHaveLength(1);
    expect(rows[0].body_hash).not.toBe(hashOf({ method: 'PUT', path, body }));
  });

  it('asks for them again with other settings: they would be sent elsewhere', async () => {
    const { id } = await add();
    const settings = { service: 'https://pds.example.com' };
    const refused = await api.as('social_media_manager', 'PATCH', `${PATH}/${id}`, {
      body: { settings },
    });
    expect(refused.status).toBe(400);
    expect(refused.json.issues).toMatchObject([{ path: 'credentials' }]);
    const changed = await api.as('social_media_manager', 'PATCH', `${PATH}/${id}`, {
      body: { settings, credentials: { appPassword: 'another' } },
    });
    expect(changed.json.settings).toEqual(settings);
  });

  it('logs in as before when it is renamed', async () => {
    const made = await add(bluesky({ name: '@baton.example.com', settings: {} }));
    const before = await loginOfRow(made.id);
    const renamed = await api.as('social_media_manager', 'PATCH', `${PATH}/${made.id}`, {
      body: { name: 'news.example.com' },
    });
    expect(renamed.json.name).toBe('news.example.com');
    expect(await loginOfRow(made.id)).toEqual(before);
    // Settings replaced in the same request are those of the account as it was called until then.
    const both = await api.as('social_media_manager', 'PATCH', `${PATH}/${made.id}`, {
      body: { name: 'Third', settings: {}, credentials: { appPassword: 'another' } },
    });
    expect(both.json.settings.handle).toBe('news.example.com');
  });

  it('has nobody to log in as when neither its settings nor its first name say so', async () => {
    const { id, settings } = await add(bluesky({ name: 'Our bakery', settings: {} }));
    expect(settings).not.toHaveProperty('handle');
    await api.as('social_media_manager', 'PATCH', `${PATH}/${id}`, {
      body: { name: 'somebody.example.com' },
    });
    expect(await loginOfRow(id)).toMatch(/^settings\.handle is missing/);
  });

  it('forgets its session with its credentials', async () => {
    const { id } = await add();
    const { db } = api.database;
    const key = { channelAccountId: id };
    await renewChannelSession(db, key, async () => 'sealed');
    expect(await getChannelSession(db, key)).toBe('sealed');
    await api.as('social_media_manager', 'PATCH', `${PATH}/${id}`, { body: { name: 'Renamed' } });
    expect(await getChannelSession(db, key)).toBe('sealed');
    await api.as('social_media_manager', 'PATCH', `${PATH}/${id}`, { body: { credentials: null } });
    expect(await getChannelSession(db, key)).toBeNull();
    expect(await stored(id)).toMatchObject({ credentials: null });
  });
});

describe('an account is refused', () => {
  it.each([
    [{ settings: { service: 'https://a.example/path' } }, 'settings.service'],
    [{ settings: { service: 'https://user:pw@a.example' } }, 'settings.service'],
    [{ settings: { handle: 'not a handle' } }, 'settings.handle'],
    [{ settings: { other: 1 } }, 'settings'],
    [{ credentials: {} }, 'credentials.appPassword'],
    [{ credentials: { appPassword: 'x', token: 'secret-canary' } }, 'credentials'],
    [{ credentials: { appPassword: ['secret-canary'] } }, 'credentials.appPassword'],
    [{ channel: 'webhook', settings: {}, credentials: null }, 'settings.url'],
    [{ channel: 'sandbox', settings: {}, credentials: { token: 'x' } }, 'credentials'],
    [{ channel: 'sandbox', settings: { url: 'x' }, credentials: null }, 'settings'],
    [{ channel: 'tiktok', settings: {}, credentials: { token: 'x' } }, 'credentials'],
    [{ channel: 'tiktok', settings: { token: 'x' }, credentials: null }, 'settings'],
  ])('with %j, naming %s and no value', async (change, path) => {
    const reply = await api.as('social_media_manager', 'POST', PATH, { body: bluesky(change) });
    expect(reply.status).toBe(400);
    expect(reply.json.issues[0].path).toBe(path);
    expect(reply.text).not.toContain('secret-canary');
  });

  it('when it belongs to another workspace', async () => {
    const { db } = api.database;
    const { workspaceId } = await makeWorkspace(db);
    const theirs = await insertChannelAccount(db, {
      workspaceId,
      channel: 'bluesky',
      name: 'Theirs',
      zone: 'UTC',
    });
    const body = { credentials: { appPassword: 'x' } };
    const paths = [`${PATH}/${theirs.id}/credentials`, `${PATH}/cha_none/credentials`];
    for (const path of paths) {
      expect((await api.as('strategist', 'PUT', path, { body })).status).toBe(404);
    }
    const patch = await api.as('strategist', 'PATCH', `${PATH}/${theirs.id}`, { body });
    expect(patch.status).toBe(404);
    const row = await getChannelAccount(db, { workspaceId, channelAccountId: theirs.id });
    expect(row?.credentials).toBeNull();
  });

  it('credentials by somebody without the role', async () => {
    const { id } = await add();
    const body = { credentials: { appPassword: 'x' } };
    const reply = await api.as('creator', 'PUT', `${PATH}/${id}/credentials`, { body });
    expect(reply.status).toBe(403);
  });
});

describe('a session in the database', () => {
  it('is renewed by one caller at a time', async () => {
    const { db } = api.database;
    const { id: channelAccountId } = await add();
    let running = 0;
    let together = 0;
    await Promise.all(
      Array.from({ length: 5 }, () =>
        renewChannelSession(db, { channelAccountId }, async (kept) => {
          running += 1;
          together = Math.max(together, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          return `${kept ?? ''}x`;
        }),
      ),
    );
    expect(together).toBe(1);
    expect(await getChannelSession(db, { channelAccountId })).toBe('xxxxx');
  });

  it('stays as it was when its renewal fails', async () => {
    const { db } = api.database;
    const { id: channelAccountId } = await add();
    await renewChannelSession(db, { channelAccountId }, async () => 'first');
    const failed = renewChannelSession(db, { channelAccountId }, async () => {
      throw new Error('no network');
    });
    await expect(failed).rejects.toThrow('no network');
    expect(await getChannelSession(db, { channelAccountId })).toBe('first');
  });
});
