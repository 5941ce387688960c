import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { beginIn, currentScope } from './workspace-scope.ts';

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
  /**
   * Refuses queries outside a scope (workspace-scope.ts), for a program whose role row security
   * holds: it would see nothing there, and an empty answer looks like an answer.
   */
  scopedOnly?: boolean;
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
    // BEGIN, the query and COMMIT of a scoped query travel together.
    pipeline: true,
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
  if (options.scopedOnly === true) scopedOnly.add(pool);
  pool.query = queryInScope(pool);
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

const scopedOnly = new WeakSet<pg.Pool>();

/**
 * How a transaction over a connection of the pool begins, in the scope of whoever asks.
 * @throws Error outside any, where the pool demands one.
 */
export function beginOver(pool: pg.Pool, mode = ''): string {
  const scope = currentScope();
  if (scope !== null || !scopedOnly.has(pool)) return beginIn(scope, mode);
  throw new Error('a query outside a workspace: see src/db/workspace-scope.ts');
}

/** `pool.query` as a transaction of its own, where there is a scope. */
function queryInScope(pool: pg.Pool): pg.Pool['query'] {
  const plain = pool.query.bind(pool) as (...query: unknown[]) => Promise<unknown>;
  async function query(...query: unknown[]): Promise<unknown> {
    const begin = beginOver(pool);
    return currentScope() === null ? plain(...query) : queryOnce(pool, begin, query);
  }
  // Of the overloads only those that return a promise are used: the query library's, and our own.
  return query as pg.Pool['query'];
}

async function queryOnce(pool: pg.Pool, begin: string, query: unknown[]): Promise<unknown> {
  const client = await pool.connect();
  const run = client.query.bind(client) as (...query: unknown[]) => Promise<unknown>;
  // After a failure COMMIT rolls back, so nothing has to be waited for in between.
  const steps = inOneWrite(client, () => [run(begin), run(...query), run('commit')] as const);
  const [begun, answer, ended] = await Promise.allSettled(steps);
  // A connection that could not end its transaction is in an unknown state: drop it.
  client.release(ended.status === 'rejected');
  for (const step of [begun, answer, ended]) {
    if (step.status === 'rejected') throw step.reason;
  }
  return answer.status === 'fulfilled' ? answer.value : undefined;
}

/** Sends queries with one call of the system: each would wake the server by itself. */
function inOneWrite<T>({ connection: { stream } }: pg.PoolClient, send: () => T): T {
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}

/** Queries over one connection that a transaction holds. */
export function dbOver(client: pg.PoolClient): Db {
  return drizzle(client);
}
