import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOOPBACK } from '../local/ports.ts';
import { findPostgresOwner, preparePostgresDirectory } from '../local/postgres-files.ts';

/** Line of postmaster.pid that holds the port, from 0. */
const PORT_LINE = 3;

/**
 * Connection string of the database of the local stack that runs on a state directory, from what its
 * PostgreSQL wrote there. A secret.
 * @returns null when none runs there
 */
export function findLocalDatabase(stateDir: string): string | null {
  const directory = join(stateDir, 'postgres');
  const password = join(directory, 'password');
  if (!existsSync(password)) return null;
  const lock = join(preparePostgresDirectory(directory, findPostgresOwner()), 'postmaster.pid');
  if (!existsSync(lock)) return null;
  const port = Number(readFileSync(lock, 'utf8').split('\n')[PORT_LINE]);
  if (!Number.isInteger(port)) return null;
  const secret = encodeURIComponent(readFileSync(password, 'utf8').trim());
  return `postgresql://postgres:${secret}@${LOOPBACK}:${port}/baton`;
}
