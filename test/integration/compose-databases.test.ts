import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';

const root = dirname(dirname(import.meta.dirname));
const script = readFileSync(join(root, 'docker/create-databases.sh'), 'utf8');

/** Names of this test beside those of the shared server. */
const suffix = `_${process.pid}`;
const DATABASES = ['baton', 'temporal', 'temporal_visibility'];
const LOGINS = ['baton', 'baton_app', 'temporal'];
const PASSWORD = 'of-the-test';

let admin: Client;

/** The script's own statements, for databases and logins of the test. */
function statements(): string[] {
  const sql = script.match(/<<'SQL'\n([\s\S]*?)\nSQL/)?.[1] ?? '';
  return sql
    .replaceAll(/:'\w+_password'/g, `'${PASSWORD}'`)
    .replaceAll(/\b(baton_app|baton|temporal_visibility|temporal)\b/g, `$1${suffix}`)
    .replaceAll('on database postgres, template1,', 'on database')
    .split('\n')
    .filter((line) => !line.startsWith('create role baton_program '));
}

function urlOf(login: string, database: string): string {
  const url = new URL(inject('databaseUrl'));
  url.username = `${login}${suffix}`;
  url.password = PASSWORD;
  url.pathname = `/${database}${suffix}`;
  return url.href;
}

async function mayEnter(login: string, database: string): Promise<boolean> {
  const client = new Client({ connectionString: urlOf(login, database) });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: '42501' });
    return false;
  }
}

beforeAll(async () => {
  admin = new Client({ connectionString: inject('databaseUrl') });
  await admin.connect();
  for (const statement of statements()) await admin.query(statement);
});
afterAll(async () => {
  for (const name of DATABASES) {
    await admin.query(`drop database if exists ${name}${suffix} with (force)`);
  }
  for (const name of LOGINS) await admin.query(`drop role if exists ${name}${suffix}`);
  await admin.end();
});

it('Baton and its engine have databases of their own that the other one cannot open', async () => {
  await migrate(urlOf('baton', 'baton'));
  const entered = await Promise.all(
    LOGINS.map(async (login) => {
      const doors = await Promise.all(DATABASES.map((database) => mayEnter(login, database)));
      return [login, DATABASES.filter((_, at) => doors[at])];
    }),
  );
  expect(Object.fromEntries(entered)).toEqual({
    baton: ['baton'],
    baton_app: ['baton'],
    temporal: ['temporal', 'temporal_visibility'],
  });
});
