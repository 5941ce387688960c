import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { StoreError } from './errors.ts';

/** Any fixed number will do, as long as every version of Baton uses the same. */
const MIGRATION_LOCK = 7_206_518_331;
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;

interface Migration {
  version: number;
  name: string;
  checksum: string;
  sql: string;
}

export interface MigrateOptions {
  /** Folder of `NNNN_name.sql` files, numbered from 1 without gaps. */
  directory?: string;
}

/**
 * Brings a database to the newest version, forward only. Two processes may call it at once: the
 * second waits. Each migration is one transaction.
 * @returns the names applied by this call, in order.
 * @throws StoreError `migration_invalid` when an applied file was edited or removed, when files
 * are misnumbered, or when the database is newer than this build.
 */
export async function migrate(
  databaseUrl: string,
  options: MigrateOptions = {},
): Promise<string[]> {
  const migrations = await readMigrations(
    options.directory ?? join(import.meta.dirname, 'migrations'),
  );
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'baton-migrate',
    connectionTimeoutMillis: 10_000,
  });
  // A lost connection also rejects the query that waits; without a listener it ends the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const pending = await findPending(client, migrations);
    for (const migration of pending) await apply(client, migration);
    return pending.map(({ name }) => name);
  } finally {
    // Ending the session releases the lock.
    await client.end();
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const version = Number(FILE_NAME.exec(file)?.[1]);
      if (version !== index + 1) {
        throw invalid(`${file} should be number ${index + 1}, named NNNN_name.sql`);
      }
      // A checkout that converts line ends is no edit.
      const sql = (await readFile(join(directory, file), 'utf8')).replaceAll('\r\n', '\n');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return { version, name: file.replace(/\.sql$/, ''), checksum, sql };
    }),
  );
}

async function findPending(client: pg.Client, migrations: Migration[]): Promise<Migration[]> {
  await client.query(`create table if not exists schema_migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamp(3) with time zone not null default now()
  )`);
  const { rows } = await client.query<{ version: number; name: string; checksum: string }>(
    'select version, name, checksum from schema_migrations order by version',
  );
  for (const applied of rows) {
    const known = migrations[applied.version - 1];
    if (known === undefined) {
      throw invalid(`the database has ${applied.name}, which this build does not know`);
    }
    if (known.name !== applied.name || known.checksum !== applied.checksum) {
      throw invalid(`${applied.name} was edited after it was applied; add a new migration instead`);
    }
  }
  return migrations.slice(rows.length);
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query(
      'insert into schema_migrations (version, name, checksum) values ($1, $2, $3)',
      [migration.version, migration.name, migration.checksum],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw new Error(`migration ${migration.name} failed`, { cause: error });
  }
}

function invalid(message: string): StoreError {
  return new StoreError('migration_invalid', `migrations: ${message}`);
}
