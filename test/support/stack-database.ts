import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

/** A database of one test file's own, with every migration applied and no rows. */
export interface TestDatabase {
  /** Connection string; the user is the superuser. */
  url: string;
  /** The same for the role that programs use: row security holds it. */
  programUrl: string;
  /** Removes the database, ending connections that are still open. */
  drop(): Promise<void>;
}

/**
 * Makes a fresh, migrated database. Call it in `beforeAll` and `drop` it in `afterAll`.
 *
 * @throws Error outside the projects `integration`, `e2e` and `replay`, which have services.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase(inject('templateDatabase'));
}

/** The same without any migration: a database as a server hands it out. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const adminUrl = inject('databaseUrl');
  if (!adminUrl) throw new Error('this test project has no services');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await runAsAdmin(adminUrl, `create database ${name} template ${template}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const programUrl = new URL(inject('programUrl'));
  programUrl.pathname = url.pathname;
  return {
    url: url.href,
    programUrl: programUrl.href,
    drop: () => runAsAdmin(adminUrl, `drop database if exists ${name} with (force)`),
  };
}

async function runAsAdmin(adminUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
