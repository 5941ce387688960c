import pg from 'pg';
import type { Db } from './client.ts';

/** Locks for work that takes longer than a transaction may be idle. */
export interface SessionLocks {
  /** @returns how to give it back; null when somebody has it, in this process or in another one. */
  take(name: string): Promise<(() => Promise<void>) | null>;
}

/**
 * Advisory locks of the database. All of a process are held over one connection, which is the pool's again
 * once there are none. They end with it: a process that dies keeps nobody out.
 */
export function createSessionLocks({ $client: pool }: Pick<Db, '$client'>): SessionLocks {
  if (!(pool instanceof pg.Pool)) throw new TypeError('these locks are of no transaction');
  const held = new Set<string>();
  let session: Promise<pg.PoolClient> | null = null;

  function leave(name: string): void {
    held.delete(name);
    if (held.size > 0 || session === null) return;
    const last = session;
    session = null;
    void last.then((client) => client.release());
  }

  /** Whoever holds a lock over it has lost it. */
  function drop(lost: Promise<pg.PoolClient>, why: unknown): void {
    if (session !== lost) return;
    session = null;
    const failure = why instanceof Error ? why : new Error(String(why));
    void lost.then((client) => client.release(failure)).catch(() => {});
  }

  async function ask(over: Promise<pg.PoolClient>, sql: string, name: string): Promise<boolean> {
    try {
      const client = await over;
      const { rows } = await client.query(`select ${sql}(hashtextextended($1, 0)) as done`, [name]);
      return rows[0]?.done === true;
    } catch (error) {
      drop(over, error);
      throw error;
    }
  }

  return {
    async take(name) {
      // A session may have its own lock twice.
      if (held.has(name)) return null;
      held.add(name);
      session ??= pool.connect();
      const over = session;
      let isMine = false;
      try {
        isMine = await ask(over, 'pg_try_advisory_lock', name);
      } finally {
        if (!isMine) leave(name);
      }
      if (!isMine) return null;
      return async () => {
        try {
          if (session === over) await ask(over, 'pg_advisory_unlock', name);
        } finally {
          leave(name);
        }
      };
    },
  };
}
