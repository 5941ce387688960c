import { createDb, type Database } from '../../src/db/client.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import type { StormAccount } from './storm-variants.ts';

/** A connection of the driver's own: what it writes need not be on the disk before it goes on. */
export function openDriverDatabase(databaseUrl: string, max: number): Database {
  const url = new URL(databaseUrl);
  url.searchParams.set('options', '-c synchronous_commit=off');
  return createDb(url.href, { max, applicationName: 'bench' });
}

/** Accounts on the sandbox network, made for the benchmark. */
export async function addAccounts(
  { db }: Database,
  workspaceId: string,
  count: number,
): Promise<StormAccount[]> {
  const accounts: StormAccount[] = [];
  for (let number = 1; number <= count; number += 1) {
    const account = {
      workspaceId,
      channel: 'sandbox',
      name: `Bench ${number}`,
      zone: 'UTC',
    } as const;
    accounts.push(await insertChannelAccount(db, account));
  }
  return accounts;
}
