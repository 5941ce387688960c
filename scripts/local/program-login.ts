import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/**
 * Makes the login of the programs on a migrated database: a member of `baton_program`, which owns
 * nothing and is held by row security, as in production. It gets a new password each time.
 * @param ownerUrl connection string of a role that may make others. A secret.
 * @returns the connection string of the login. A secret.
 */
export async function makeProgramLogin(ownerUrl: string, name = 'baton_local'): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const login = escapeIdentifier(name);
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name]);
    if (rowCount === 0) await client.query(`create role ${login} login in role baton_program`);
    await client.query(`alter role ${login} password ${escapeLiteral(password)}`);
  } finally {
    await client.end();
  }
  return asLogin(ownerUrl, { name, password });
}

/** The same database for another login. */
export function asLogin(url: string, { name, password }: { name: string; password: string }) {
  const address = new URL(url);
  address.username = name;
  address.password = password;
  return address.href;
}
