import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDb } from '../../src/db/client.ts';
import { createSessionLocks } from '../../src/db/session-locks.ts';
import { type OpenTestDb, openTestDb } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

let database: OpenTestDb;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database?.close());

/** Locks of a process of its own. */
function newProcess(max = 2) {
  const process = createDb(database.url, { max });
  return { ...process, locks: createSessionLocks(process.db) };
}

describe('a lock of the database', () => {
  it('is one process’s, once, until it is given back', async () => {
    const [one, other] = [newProcess(), newProcess()];
    const release = await one.locks.take('a');
    expect(release).not.toBeNull();
    expect(await one.locks.take('a')).toBeNull();
    expect(await other.locks.take('a')).toBeNull();
    const beside = await other.locks.take('b');
    expect(beside).not.toBeNull();
    await release?.();
    const after = await other.locks.take('a');
    expect(after).not.toBeNull();
    await Promise.all([beside?.(), after?.()]);
    await Promise.all([one.close(), other.close()]);
  });

  it('takes one connection for all that are held, and none afterwards', async () => {
    const { locks, pool, close } = newProcess(2);
    const releases = await Promise.all(
      Array.from({ length: 20 }, (_, index) => locks.take(`many ${index}`)),
    );
    expect(releases).not.toContain(null);
    expect(pool.totalCount).toBe(1);
    expect(pool.idleCount).toBe(0);
    await Promise.all(releases.map((release) => release?.()));
    await eventually(async () => pool.idleCount === 1, { what: 'the connection is the pool’s' });
    await close();
  });

  it('keeps nobody out once its connection is lost, and is taken anew', async () => {
    const [one, other] = [newProcess(), newProcess()];
    const release = await one.locks.take('lost');
    const ended = `select pg_terminate_backend(pid) from pg_locks
      where locktype = 'advisory' and pid <> pg_backend_pid()
        and database = (select oid from pg_database where datname = current_database())`;
    await database.db.$client.query(ended);
    const taken = await eventually(() => other.locks.take('lost'), { what: 'the lock is free' });
    await release?.().catch(() => {});
    expect(await one.locks.take('lost')).toBeNull();
    await taken();
    const again = await one.locks.take('lost');
    expect(again).not.toBeNull();
    await again?.();
    await Promise.all([one.close(), other.close()]);
  });
});
