import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';

/**
 * What every query function takes first: queries over the pool, or over the one connection of a
 * transaction. It has no `transaction` method on purpose: `inTransaction` is the only way to open
 * one, because the query library leaks the connection when BEGIN fails.
 */
export type Db = Pick<
  NodePgDatabase,
  'select' | 'selectDistinct' | 'selectDistinctOn' | 'insert' | 'update' | 'delete' | 'execute'
> & { readonly $client: pg.Pool | pg.PoolClient };

export interface Database {
  db: Db;
  pool: pg.Pool;
  /** Waits for running queries and closes every connection. Safe to call twice. */
  close(): Promise<void>;
}

export interface DbOptions {
  /** Connections of this process at most. */
  max?: number;
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  /** How long to wait for a free or a new connection, milliseconds. */
  connectionTimeoutMs?: number;
  /** The server ends a statement after this, milliseconds. */
  statementTimeoutMs?: number;
  /** Told when a connection is lost, so that it can be logged. */
  onConnectionLost?: (error: Error) => void;
}

/** Opens a pool. Nothing is connected until the first query. */
export function createDb(databaseUrl: string, options: DbOptions = {}): Database {
  const statementTimeout = options.statementTimeoutMs ?? 10_000;
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.max ?? 8,
    application_name: options.applicationName ?? 'baton',
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 3_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: statementTimeout,
    // The server's own timeout comes first; this one is for a server that no longer answers at all.
    query_timeout: statementTimeout + 2_000,
    idle_in_transaction_session_timeout: 15_000,
  });
  const lost = options.onConnectionLost ?? (() => {});
  // Idle connections report to the pool, checked-out ones only to themselves: without a listener on
  // both, a killed database ends the process.
  pool.on('error', lost);
  pool.on('connect', (client) => {
    client.on('error', lost);
  });
  let closed: Promise<void> | null = null;
  return {
    db: drizzle(pool),
    pool,
    close() {
      closed ??= pool.end();
      return closed;
    },
  };
}

/** Queries over one connection that a transaction holds. */
export function dbOver(client: pg.PoolClient): Db {
  return drizzle(client);
}
