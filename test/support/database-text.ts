import { sql } from 'drizzle-orm';
import type { Db } from '../../src/db/client.ts';

/** Everything a database holds, as text. */
export async function databaseText(db: Db): Promise<string> {
  const { rows: tables } = await db.execute(
    sql`select table_name from information_schema.tables where table_schema = 'public'`,
  );
  const dumps = tables.map(async ({ table_name }) => {
    const { rows } = await db.execute(
      sql`select t::text as line from ${sql.identifier(String(table_name))} t`,
    );
    return rows.map(({ line }) => String(line)).join('\n');
  });
  return (await Promise.all(dumps)).join('\n');
}
