import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { channelAccounts, credentialRefusals } from '../schema/index.ts';

interface AccountKey {
  workspaceId: string;
  channelAccountId: string;
}

const LONGEST_WHY = 300;

/**
 * Notes that the network refused these credentials. Nothing is noted when the account has others by now: a late
 * answer says nothing of them. The share lock waits for a replacement that is under way.
 * @param sealed the credentials as they were stored when they were used.
 */
export async function noteCredentialRefusal(
  db: Db,
  { workspaceId, channelAccountId, sealed, why }: AccountKey & { sealed: string; why: string },
): Promise<void> {
  await db.execute(sql`
    insert into ${credentialRefusals} (channel_account_id, workspace_id, why)
    select a.id, a.workspace_id, ${why.slice(0, LONGEST_WHY)} from ${channelAccounts} a
    where a.id = ${channelAccountId} and a.workspace_id = ${workspaceId} and a.credentials = ${sealed}
    for share
    on conflict (channel_account_id) do nothing`);
}

/** The credentials are others now, or the network took them. */
export async function deleteCredentialRefusal(
  db: Db,
  { workspaceId, channelAccountId }: AccountKey,
): Promise<void> {
  await db
    .delete(credentialRefusals)
    .where(
      and(
        eq(credentialRefusals.channelAccountId, channelAccountId),
        eq(credentialRefusals.workspaceId, workspaceId),
      ),
    );
}
