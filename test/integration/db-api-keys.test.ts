import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authenticateForCommand, readCommandContext } from '../../src/db/item/command-context.ts';
import {
  type Authenticated,
  authenticateApiKey,
  createApiKey,
  listApiKeys,
  revokeApiKey,
} from '../../src/db/workspace/api-keys.ts';
import { updateMember } from '../../src/db/workspace/members.ts';
import {
  makeCommand,
  makeItem,
  makeWorkspace,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

function makeKey(expiresAt: string | null = null) {
  const memberId = workspace.memberOf('creator');
  const { workspaceId } = workspace;
  return createApiKey(database.db, { workspaceId, memberId, name: 'a key', expiresAt });
}

/** Asks both ways in, which must agree on every key. */
async function holderOf(key: string): Promise<Authenticated | null> {
  const alone = await authenticateApiKey(database.db, key);
  const about = { itemId: 'itm_none', commandIdOf: () => null };
  const withContext = await authenticateForCommand(database.db, key, about);
  expect(withContext?.authenticated ?? null).toEqual(alone);
  return alone;
}

describe('an API key', () => {
  it('stands for its member and workspace, and its secret is nowhere in the database', async () => {
    const { id, key } = await makeKey();
    expect(await holderOf(key)).toMatchObject({
      apiKeyId: id,
      workspaceId: workspace.workspaceId,
      member: { id: workspace.memberOf('creator'), roles: ['creator'] },
    });
    const [, secret = ''] = key.split('.');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const { rows } = await database.db.execute(
      sql`select k::text as row from api_keys k where id = ${id}`,
    );
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(secret).toString('hex'));
  });

  it('is refused with any other secret, id or form', async () => {
    const [{ key }, { key: other }] = [await makeKey(), await makeKey()];
    const [id, secret = ''] = key.split('.');
    const [otherId] = other.split('.');
    const flipped = `${secret.startsWith('A') ? 'B' : 'A'}${secret.slice(1)}`;
    const wrong = [
      `${id}.${flipped}`,
      `${otherId}.${secret}`,
      `bk_${'0'.repeat(26)}.${secret}`,
      `${id}.`,
      `${key} `,
      `${key}\0`,
      key.toLowerCase(),
      secret,
      '',
      'bk_',
      `bk_${"' or '1'='1".padEnd(26, '0')}.${secret}`,
    ];
    for (const text of wrong) expect(await holderOf(text), text).toBeNull();
  });

  it('ends when it expires, when it is revoked and when its member leaves', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const [lasting, expired, revoked] = [
      await makeKey(soon),
      await makeKey(new Date(Date.now() - 1).toISOString()),
      await makeKey(),
    ];
    expect(await holderOf(lasting.key)).not.toBeNull();
    expect(await holderOf(expired.key)).toBeNull();
    const { workspaceId } = workspace;
    const foreign = { workspaceId: 'wsp_other', apiKeyId: revoked.id };
    expect(await revokeApiKey(database.db, foreign)).toBe(false);
    expect(await holderOf(revoked.key)).not.toBeNull();
    expect(await revokeApiKey(database.db, { workspaceId, apiKeyId: revoked.id })).toBe(true);
    expect(await holderOf(revoked.key)).toBeNull();

    const memberId = workspace.memberOf('creator');
    await updateMember(database.db, { workspaceId, memberId, change: { active: false } });
    expect(await holderOf(lasting.key)).toBeNull();
    await updateMember(database.db, { workspaceId, memberId, change: { active: true } });
    expect(await holderOf(lasting.key)).not.toBeNull();
  });

  it('notes its use, but not on every call', async () => {
    const { id, key } = await makeKey();
    const { workspaceId } = workspace;
    const lastUsed = async () =>
      (await listApiKeys(database.db, { workspaceId, limit: 200 })).items.find(
        (info) => info.id === id,
      )?.lastUsedAt;
    expect(await lastUsed()).toBeNull();
    await authenticateApiKey(database.db, key);
    const first = await lastUsed();
    expect(first).toMatch(/Z$/);
    await authenticateApiKey(database.db, key);
    expect(await lastUsed()).toBe(first);
    await database.db.execute(
      sql`update api_keys set last_used_at = now() - interval '2 minutes' where id = ${id}`,
    );
    await authenticateApiKey(database.db, key);
    expect(Date.parse((await lastUsed()) ?? '')).toBeGreaterThanOrEqual(Date.parse(first ?? ''));
  });

  it('is listed without its hash', async () => {
    await makeKey();
    const { workspaceId } = workspace;
    const memberId = workspace.memberOf('creator');
    const { items: listed } = await listApiKeys(database.db, { workspaceId, memberId });
    expect(listed.length).toBeGreaterThan(0);
    for (const info of listed) expect(Object.keys(info)).not.toContain('secretHash');
  });
});

describe('a key that comes with a command', () => {
  it('brings what the command is judged with, of its own workspace only', async () => {
    const { db } = database;
    const { workspaceId } = workspace;
    const memberId = workspace.memberOf('creator');
    const { id: apiKeyId, key } = await makeKey();
    const { id: itemId } = await makeItem(db, workspace);
    const { id: commandId } = await makeCommand(db, workspace, itemId);
    const asked: string[] = [];
    const found = await authenticateForCommand(db, key, {
      itemId,
      commandIdOf: (id) => {
        asked.push(id);
        return commandId;
      },
    });
    expect(asked).toEqual([apiKeyId]);
    expect(found?.context.item?.id).toBe(itemId);
    expect(found?.context.command?.id).toBe(commandId);
    expect(found?.context).toEqual(
      await readCommandContext(db, { workspaceId, memberId, itemId, commandId }),
    );

    const other = await makeWorkspace(db);
    const stranger = await createApiKey(db, {
      workspaceId: other.workspaceId,
      memberId: other.memberOf('creator'),
      name: 'k',
    });
    const about = { itemId, commandIdOf: () => commandId };
    const theirs = await authenticateForCommand(db, stranger.key, about);
    expect(theirs?.context).toMatchObject({ item: null, command: null });
  });
});
