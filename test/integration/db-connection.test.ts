import { sql } from 'drizzle-orm';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createDb } from '../../src/db/client.ts';
import {
  describeDatabaseError,
  isDatabaseAway,
  isReferenceViolation,
  isTransactionConflict,
  isUniqueViolation,
  isUnstorableText,
} from '../../src/db/errors.ts';
import { workspaces } from '../../src/db/schema/index.ts';
import { inSnapshot, inTransaction } from '../../src/db/transaction.ts';
import { insertMember } from '../../src/db/workspace/members.ts';
import { makeWorkspace, openTestDb } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database.close());

const CALENDAR = { zone: 'UTC', workdays: [1], from: '09:00', to: '17:00', holidaysCountry: null };

/** The error a promise rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not reject');
    },
    (error: unknown) => error,
  );
}

/** Ends every session with this application name, as a crash of the server would. */
async function killSessions(applicationName: string): Promise<void> {
  await database.db.execute(
    sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = ${applicationName} and datname = current_database()`,
  );
}

function openVictim(applicationName: string, max = 2) {
  const lost: Error[] = [];
  const victim = createDb(database.url, {
    applicationName,
    max,
    onConnectionLost: (error) => lost.push(error),
  });
  onTestFinished(() => victim.close());
  return { ...victim, lost };
}

describe('a killed session', () => {
  it('rejects the transaction that held it, is reported, and the pool goes on', async () => {
    const { db, pool, lost } = openVictim('victim-held');
    const error = await errorOf(
      inTransaction(db, async (tx) => {
        await tx.execute(sql`select 1`);
        await killSessions('victim-held');
        await expect.poll(() => lost.length).toBeGreaterThan(0);
        await tx.execute(sql`select 1`);
      }),
    );
    expect(isDatabaseAway(error)).toBe(true);
    for (let round = 0; round < 5; round += 1) {
      const { rows } = await db.execute(sql`select 1 as one`);
      expect(rows).toEqual([{ one: 1 }]);
    }
    expect(pool.totalCount).toBeLessThanOrEqual(2);
  });

  it('leaks no connection, even when it dies before BEGIN', async () => {
    const { db, pool } = openVictim('victim-leak');
    for (let round = 0; round < 6; round += 1) {
      await db.execute(sql`select 1`);
      await killSessions('victim-leak');
      await inTransaction(db, (tx) => tx.execute(sql`select 1`)).catch(() => {});
    }
    await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0);
    const { rows } = await inTransaction(db, (tx) => tx.execute(sql`select 1 as one`));
    expect(rows).toEqual([{ one: 1 }]);
  });
});

describe('a snapshot', () => {
  it('sees one moment, whatever is written meanwhile, and frees its connection', async () => {
    const { db, pool } = openVictim('victim-snapshot', 1);
    const { workspaceId } = await makeWorkspace(database.db);
    const names = (tx: typeof db) =>
      tx.execute<{ name: string }>(
        sql`select name from members where workspace_id = ${workspaceId} order by name`,
      );
    const [before, after] = await inSnapshot(db, async (tx) => {
      const first = await names(tx);
      await insertMember(database.db, { workspaceId, name: 'Late', roles: [] });
      return [first.rows, (await names(tx)).rows];
    });
    expect(after).toEqual(before);
    expect((await names(db)).rows).toContainEqual({ name: 'Late' });
    await expect.poll(() => pool.idleCount).toBe(1);
  });

  it('refuses to write, and the pool goes on', async () => {
    const { db } = openVictim('victim-writing', 1);
    const { workspaceId } = await makeWorkspace(database.db);
    const writing = inSnapshot(db, (tx) =>
      Promise.all([
        tx.execute(sql`select 1`),
        insertMember(tx, { workspaceId, name: 'Never', roles: [] }),
      ]),
    );
    expect(await errorOf(writing)).toMatchObject({ cause: { code: '25006' } });
    const { rows } = await db.execute(sql`select from members where name = 'Never'`);
    expect(rows).toEqual([]);
  });

  it('answers nothing of a transaction that did not begin', async () => {
    const { db, pool } = openVictim('victim-unbegun', 1);
    await db.execute(sql`select 1`);
    for (let round = 0; round < 6; round += 1) {
      await killSessions('victim-unbegun');
      const answer = inSnapshot(db, (tx) => tx.execute(sql`select 1`).catch(() => 'nothing'));
      expect(await answer.catch(() => 'refused')).not.toBe('nothing');
      await inSnapshot(db, (tx) => tx.execute(sql`select 1`)).catch(() => {});
    }
    await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0);
  });
});

describe('isDatabaseAway', () => {
  it('is true for a server that refuses, ends, is full or takes too long', async () => {
    const refusing = createDb('postgres://nobody@127.0.0.1:1/none', { connectionTimeoutMs: 500 });
    onTestFinished(() => refusing.close());
    expect(isDatabaseAway(await errorOf(refusing.db.execute(sql`select 1`)))).toBe(true);

    const slow = createDb(database.url, { max: 1, statementTimeoutMs: 50 });
    onTestFinished(() => slow.close());
    expect(isDatabaseAway(await errorOf(slow.db.execute(sql`select pg_sleep(5)`)))).toBe(true);

    const busy = createDb(database.url, { max: 1, connectionTimeoutMs: 300 });
    onTestFinished(() => busy.close());
    // The server may need longer for the one connection than the pool waits.
    const starved = await eventually(() =>
      inTransaction(busy.db, () => errorOf(busy.db.execute(sql`select 1`))).catch(() => null),
    );
    expect(isDatabaseAway(starved)).toBe(true);

    const killed = errorOf(database.db.execute(sql`select pg_terminate_backend(pg_backend_pid())`));
    expect(isDatabaseAway(await killed)).toBe(true);

    const ended = createDb(database.url, { max: 1 });
    await ended.close();
    await ended.close();
    expect(isDatabaseAway(await errorOf(ended.db.execute(sql`select 1`)))).toBe(true);
    for (const code of ['57P01', '57P03', '08006', '53300', '25006']) {
      expect(isDatabaseAway(new Error('wrapped', { cause: { code } })), code).toBe(true);
    }
  });

  it('is false for an error of the query or of anything else', async () => {
    for (const query of [sql`select 1 / 0`, sql`select * from no_such_table`]) {
      expect(isDatabaseAway(await errorOf(database.db.execute(query)))).toBe(false);
    }
    for (const error of [new Error('x'), null, undefined, 'text', { code: 'ENOENT' }]) {
      expect(isDatabaseAway(error)).toBe(false);
    }
  });
});

describe('errors of the store', () => {
  it('are told apart without a parameter in their description', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const again = db
      .insert(workspaces)
      .values({ id: workspace.workspaceId, name: 'secret-canary', calendar: CALENDAR });
    const unique = await errorOf(Promise.resolve(again));
    expect(isUniqueViolation(unique)).toBe(true);
    expect(isUniqueViolation(unique, 'workspaces_pkey')).toBe(true);
    expect(isUniqueViolation(unique, 'another')).toBe(false);
    expect(String(unique)).toContain('secret-canary');
    expect(describeDatabaseError(unique)).toContain('23505');
    expect(describeDatabaseError(unique)).not.toContain('secret-canary');
    const orphan = insertMember(db, { workspaceId: 'wsp_none', name: 'x', roles: [] });
    expect(isReferenceViolation(await errorOf(orphan))).toBe(true);
  });

  it('name text that PostgreSQL cannot hold, and the process and the pool live on', async () => {
    const { db } = database;
    const { workspaceId } = await makeWorkspace(db);
    const nul = insertMember(db, { workspaceId, name: 'a\0b', roles: [] });
    expect(isUnstorableText(await errorOf(nul))).toBe(true);
    const key = { workspaceId, name: 'x', roles: [] };
    for (const tag of ['a\0b', 'a\ud800b']) {
      const member = insertMember(db, { ...key, platformTags: { [tag]: 1 } });
      expect(isUnstorableText(await errorOf(member)), JSON.stringify(tag)).toBe(true);
    }
    await insertMember(db, key);
  });
});

describe('inTransaction', () => {
  it('rolls back when its work throws, and gives the connection back', async () => {
    const { db, pool } = database;
    const id = `wsp_${crypto.randomUUID()}`;
    const failure = inTransaction(db, async (tx) => {
      await tx.insert(workspaces).values({ id, name: id, calendar: CALENDAR });
      throw new Error('changed my mind');
    });
    await expect(failure).rejects.toThrow('changed my mind');
    const { rows } = await db.execute(sql`select id from workspaces where id = ${id}`);
    expect(rows).toEqual([]);
    expect(pool.totalCount - pool.idleCount).toBe(0);
  });

  it('does not claim to have committed what a swallowed error undid', async () => {
    const swallowing = inTransaction(database.db, async (tx) => {
      await tx.execute(sql`select 1 / 0`).catch(() => {});
      return 'done';
    });
    await expect(swallowing).rejects.toThrow(/nothing was committed/);
  });

  it('joins the transaction it is called in', async () => {
    const { db } = database;
    const id = `wsp_${crypto.randomUUID()}`;
    const outer = inTransaction(db, async (tx) => {
      await inTransaction(tx, (inner) =>
        inner.insert(workspaces).values({ id, name: id, calendar: CALENDAR }),
      );
      throw new Error('outer fails');
    });
    await expect(outer).rejects.toThrow('outer fails');
    const { rows } = await db.execute(sql`select id from workspaces where id = ${id}`);
    expect(rows).toEqual([]);
  });

  it('runs again what lost a deadlock', async () => {
    const { db } = database;
    const [one, two] = [await makeWorkspace(db), await makeWorkspace(db)];
    const conflicts: unknown[] = [];
    const bothHoldOne = Promise.withResolvers<void>();
    let holding = 0;
    const lockBoth = (first: string, second: string) =>
      inTransaction(db, async (tx) => {
        const lock = (id: string) =>
          tx.execute(sql`select from workspaces where id = ${id} for update`);
        await lock(first);
        holding += 1;
        if (holding === 2) bothHoldOne.resolve();
        await bothHoldOne.promise;
        await lock(second).catch((error: unknown) => {
          conflicts.push(error);
          throw error;
        });
      });
    await Promise.all([
      lockBoth(one.workspaceId, two.workspaceId),
      lockBoth(two.workspaceId, one.workspaceId),
    ]);
    expect(conflicts.length).toBeGreaterThan(0);
    expect(conflicts.every(isTransactionConflict)).toBe(true);
  });

  it('waits for no connection longer than it may', async () => {
    const single = createDb(database.url, { max: 1, connectionTimeoutMs: 300 });
    onTestFinished(() => single.close());
    // The server may need longer for a new connection than the pool waits.
    const holder = await eventually(() => single.pool.connect().catch(() => null));
    const error = await errorOf(inTransaction(single.db, (tx) => tx.execute(sql`select 1`)));
    expect(isDatabaseAway(error)).toBe(true);
    holder.release();
    expect(single.pool).toBeInstanceOf(pg.Pool);
  });
});
