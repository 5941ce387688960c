import type { Db } from './client.ts';

/**
 * A query built once per pool and, through the name it is prepared under, planned once per
 * connection: for what every request asks.
 */
export function preparedOnce<Query>(build: (db: Db) => Query): (db: Db) => Query {
  const built = new WeakMap<Db, Query>();
  return (db) => {
    const query = built.get(db) ?? build(db);
    built.set(db, query);
    return query;
  };
}
