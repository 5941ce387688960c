import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDb } from '../../src/db/client.ts';
import { banAccount, readBanMs, takeWriteToken } from '../../src/db/publishing/channel-budgets.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

let made = 0;

async function makeAccount(): Promise<{ workspaceId: string; channelAccountId: string }> {
  made += 1;
  const { workspaceId } = workspace;
  const { id: channelAccountId } = await insertChannelAccount(database.db, {
    workspaceId,
    channel: 'sandbox',
    name: `budget ${made}`,
    zone: 'Europe/Paris',
  });
  return { workspaceId, channelAccountId };
}

const HOUR_MS = 3_600_000;

describe('the budget of an account', () => {
  it('is shared by every worker: not one write more than the channel allows', async () => {
    const account = await makeAccount();
    const other = createDb(database.url, { max: 4, applicationName: 'another worker' });
    try {
      const limit = { max: 5, perMs: HOUR_MS };
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          takeWriteToken(index % 2 === 0 ? database.db : other.db, { ...account, limit }),
        ),
      );
      expect(taken.filter((token) => token.taken)).toHaveLength(5);
      for (const token of taken) {
        if (!token.taken) expect(token).toMatchObject({ reason: 'no_budget' });
      }
    } finally {
      await other.close();
    }
  });

  it('is shared by its row alone: workers with rows of their own take as much each', async () => {
    const [one, other] = [await makeAccount(), await makeAccount()];
    const limit = { max: 5, perMs: HOUR_MS };
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        takeWriteToken(database.db, { ...(index % 2 === 0 ? one : other), limit }),
      ),
    );
    expect(taken.filter((token) => token.taken)).toHaveLength(10);
  });

  it('says how long until the next write, and has one then', async () => {
    const account = await makeAccount();
    const limit = { max: 2, perMs: 1_000 };
    const take = () => takeWriteToken(database.db, { ...account, limit });
    await take();
    await take();
    const refused = await take();
    if (refused.taken) throw new Error('a third write was allowed');
    expect(refused.waitMs).toBeGreaterThan(300);
    expect(refused.waitMs).toBeLessThanOrEqual(500);
    await eventually(async () => (await take()).taken, { what: 'a write after the wait' });
  });

  it('of another account is another one', async () => {
    const limit = { max: 1, perMs: HOUR_MS };
    expect(await takeWriteToken(database.db, { ...(await makeAccount()), limit })).toEqual({
      taken: true,
    });
    expect(await takeWriteToken(database.db, { ...(await makeAccount()), limit })).toEqual({
      taken: true,
    });
  });
});

describe('a ban', () => {
  it('allows no write until it is over, with or without a limit, and is never shortened', async () => {
    const account = await makeAccount();
    expect(await readBanMs(database.db, account)).toBe(0);
    await banAccount(database.db, { ...account, forMs: 60_000 });
    await banAccount(database.db, { ...account, forMs: 1_000 });
    expect(await readBanMs(database.db, account)).toBeGreaterThan(50_000);
    for (const limit of [null, { max: 100, perMs: 1_000 }]) {
      expect(await takeWriteToken(database.db, { ...account, limit })).toMatchObject({
        taken: false,
        reason: 'banned',
      });
    }
  });

  it('is over after a day, whatever the channel asks for', async () => {
    const account = await makeAccount();
    // Again and again: the column rounds, at some instants up.
    for (let times = 0; times < 200; times += 1) {
      await banAccount(database.db, { ...account, forMs: 365 * 24 * HOUR_MS });
      expect(await readBanMs(database.db, account)).toBeLessThanOrEqual(24 * HOUR_MS);
    }
  });
});
