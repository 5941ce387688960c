import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { beginOver, type Db, dbOver } from './client.ts';
import { isTransactionConflict } from './errors.ts';

/**
 * Runs `work` in one transaction (read committed) and commits it. Inside another transaction it
 * joins that one. Deadlocks and serialization failures run the whole of `work` again, so it must
 * have no effect beside its queries. A connection lost while committing throws: whether it was
 * committed is then unknown, and the caller's queries have to be repeatable.
 */
export async function inTransaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  const { $client: pool } = db;
  if (!(pool instanceof pg.Pool)) return work(db);
  return retryOnConflict(() => runOnce(pool, work));
}

/**
 * Reads in one snapshot of the database: every query sees the same moment, and none may write. The first
 * queries travel with BEGIN, and nobody waits for the end: nothing is at stake there.
 */
export async function inSnapshot<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  const { $client: pool } = db;
  if (!(pool instanceof pg.Pool)) return work(db);
  const begin = beginOver(pool, ' isolation level repeatable read read only');
  const client = await pool.connect();
  const begun = client.query(begin);
  try {
    // Outside of its scope a query would see nothing: what it says counts once the transaction has begun.
    const [result] = await Promise.all([work(dbOver(client)), begun]);
    client.query('commit').then(
      () => client.release(),
      (error) => client.release(error),
    );
    return result;
  } catch (error) {
    client.release(await rollBack(client));
    throw error;
  }
}

/** Repeats what lost a deadlock or a serialization check, up to `attempts` times in all. */
export async function retryOnConflict<T>(work: () => Promise<T>, attempts = 6): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isTransactionConflict(error)) throw error;
      // Random, so that two that met do not meet again.
      await delay(Math.random() * 10 * 2 ** attempt);
    }
  }
}

async function runOnce<T>(pool: pg.Pool, work: (tx: Db) => Promise<T>): Promise<T> {
  const begin = beginOver(pool);
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query(begin);
    const result = await work(dbOver(client));
    const { command } = await client.query('commit');
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (command !== 'COMMIT') throw new Error('a failed query was ignored: nothing was committed');
    return result;
  } catch (error) {
    failure = await rollBack(client);
    throw error;
  } finally {
    // A connection that could not roll back is in an unknown state: drop it.
    client.release(failure);
  }
}

async function rollBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
