import { type SQL, sql } from 'drizzle-orm';
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as schema from '../../src/db/schema/index.ts';
import { openTestDb } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database.close());

const tables = Object.values(schema).map((table: PgTable) => getTableConfig(table));

describe('the schema as TypeScript', () => {
  it('has exactly the tables, columns, types and nullability of the migrated database', async () => {
    const { rows } = await database.db.execute<Record<string, unknown>>(sql`
      select c.relname as table, a.attname as column, a.attnotnull as "notNull",
             format_type(a.atttypid, a.atttypmod) as type
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and a.attnum > 0 and not a.attisdropped and c.relname <> 'schema_migrations'`);
    const inSchema = tables.flatMap(({ name, columns }) =>
      columns.map((column) =>
        describeColumn({
          table: name,
          column: column.name,
          notNull: column.notNull,
          type: column.getSQLType(),
        }),
      ),
    );
    expect(inSchema.sort()).toEqual(rows.map(describeColumn).sort());
  });

  it('has exactly the defaults of the migrated database', async () => {
    const { rows } = await database.db.execute<{ path: string; expression: string }>(sql`
      select c.relname || '.' || a.attname as path, pg_get_expr(d.adbin, d.adrelid) as expression
      from pg_attrdef d join pg_class c on c.oid = d.adrelid
      join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      where c.relnamespace = 'public'::regnamespace and c.relname <> 'schema_migrations'
        and a.attgenerated = ''`);
    const inDatabase = rows.map(({ path, expression }) => ({ path, value: sql.raw(expression) }));
    const inSchema = tables.flatMap(({ name, columns }) =>
      columns
        // An identity is no default.
        .filter(({ hasDefault, generatedIdentity }) => hasDefault && !generatedIdentity)
        .map((column) => ({ path: `${name}.${column.name}`, value: defaultOf(column) })),
    );
    const evaluated = await evaluate({ inSchema, inDatabase });
    expect(evaluated('inSchema')).toEqual(evaluated('inDatabase'));
  });

  it('has exactly the primary keys of the migrated database', async () => {
    const { rows } = await database.db.execute<{ table: string; columns: string[] }>(sql`
      select c.relname as table,
             array(select a.attname::text from unnest(i.indkey) with ordinality as k(attnum, at)
                   join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
                   order by k.at) as columns
      from pg_index i join pg_class c on c.oid = i.indrelid
      where i.indisprimary and c.relnamespace = 'public'::regnamespace
        and c.relname <> 'schema_migrations'`);
    const inDatabase = rows.map(({ table, columns }) => `${table}(${columns.join(', ')})`);
    const inSchema = tables.map(({ name, columns, primaryKeys }) => {
      const key = primaryKeys[0]?.columns ?? columns.filter(({ primary }) => primary);
      return `${name}(${key.map((column) => column.name).join(', ')})`;
    });
    expect(inSchema.sort()).toEqual(inDatabase.sort());
  });

  it('leaves every other constraint and index to the migrations, where alone they are stated', () => {
    for (const { name, columns, ...rest } of tables) {
      const { uniqueConstraints, indexes, foreignKeys, checks } = rest;
      const stated = [uniqueConstraints, indexes, foreignKeys, checks].flat();
      expect([...stated, ...columns.filter(({ isUnique }) => isUnique)], name).toEqual([]);
    }
  });

  it('gives every table a workspace', () => {
    for (const { name, columns } of tables) {
      // Counts of a second, by the id of a key or of a workspace; nobody reads them.
      if (name === 'rate_limits') continue;
      const owner = name === 'workspaces' ? 'id' : 'workspace_id';
      expect(columns.find((column) => column.name === owner)?.notNull, name).toBe(true);
    }
  });
});

function describeColumn({ table, column, notNull, type }: Record<string, unknown>): string {
  return `${table}.${column} ${type}${notNull ? ' not null' : ''}`;
}

/** As the query library writes it: an expression as it is, a value by way of its column. */
function defaultOf(column: PgColumn): SQL {
  const value: unknown = column.default;
  if (value === null || typeof value !== 'object' || !('getSQL' in value)) {
    return sql`${sql.param(value, column)}::${sql.raw(column.getSQLType())}`;
  }
  return sql`${value}`;
}

/**
 * Defaults are compared by value, because one value has many spellings, and are evaluated in one
 * statement, in which `now()` is one instant.
 */
async function evaluate<Place extends string>(
  places: Record<Place, { path: string; value: SQL }[]>,
): Promise<(place: Place) => string[]> {
  const values = (Object.keys(places) as Place[]).flatMap((place) =>
    places[place].map(({ path, value }) => sql`(${place}::text, ${path}::text, (${value})::text)`),
  );
  const { rows } = await database.db.execute<{ place: Place; path: string; value: string }>(
    sql`select * from (values ${sql.join(values, sql`, `)}) as one (place, path, value) order by path`,
  );
  return (place) =>
    rows.filter((row) => row.place === place).map((row) => `${row.path} ${row.value}`);
}
