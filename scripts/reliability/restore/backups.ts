import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { TemporaryStack } from '../../local/temporary-stack.ts';

export type Store = 'postgres' | 'temporal';

/** Puts the backup in the place of the store, which must not run. */
export type PutBack = () => void;

/** Every page at once: a copy in steps begins anew whenever the engine writes. */
const ALL_PAGES = 1_000_000_000;

/** Backs a store up while it works. */
export function backUp(stack: TemporaryStack, store: Store): Promise<PutBack> {
  return store === 'postgres' ? backUpPostgres(stack) : backUpTemporal(stack);
}

/** A base backup by hand: the programs that make one are not part of the embedded server. */
async function backUpPostgres({ postgres, directory }: TemporaryStack): Promise<PutBack> {
  const copy = join(directory, 'postgres-backup');
  rmSync(copy, { recursive: true, force: true });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    const data = rows[0]?.data_directory ?? '';
    await client.query("select pg_backup_start('R24', true)");
    copyTree(data, copy);
    const label = await client.query<{ labelfile: string }>(
      'select labelfile from pg_backup_stop(false)',
    );
    // What was written meanwhile is in the log only.
    rmSync(join(copy, 'pg_wal'), { recursive: true, force: true });
    copyTree(join(data, 'pg_wal'), join(copy, 'pg_wal'));
    rmSync(join(copy, 'postmaster.pid'), { force: true });
    const labelFile = join(copy, 'backup_label');
    writeFileSync(labelFile, label.rows[0]?.labelfile ?? '');
    const { uid, gid } = statSync(data);
    chownSync(labelFile, uid, gid);
    chmodSync(labelFile, 0o600);
    return () => {
      rmSync(data, { recursive: true, force: true });
      copyTree(copy, data);
    };
  } finally {
    await client.end();
  }
}

async function backUpTemporal({ servers, directory }: TemporaryStack): Promise<PutBack> {
  const file = join(servers.temporal.directory, 'temporal.db');
  const copy = join(directory, 'temporal-backup.db');
  rmSync(copy, { force: true });
  const database = new DatabaseSync(file);
  try {
    await backup(database, copy, { rate: ALL_PAGES });
  } finally {
    database.close();
  }
  return () => {
    for (const rest of ['', '-wal', '-shm']) rmSync(`${file}${rest}`, { force: true });
    cpSync(copy, file);
  };
}

/** With owners and modes: PostgreSQL does not start on files of somebody else. */
function copyTree(from: string, to: string): void {
  const { stderr, status } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  // A file that goes while it is copied is made again from the log.
  const problems = stderr.split('\n').filter((line) => line !== '' && !line.includes('No such'));
  if (status !== 0 && problems.length > 0) throw new Error(problems.join('\n'));
}
