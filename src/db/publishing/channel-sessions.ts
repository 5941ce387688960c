import { eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { channelAccounts, channelSessions } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';

interface SessionKey {
  channelAccountId: string;
}

/** The sealed session of an account; null where none is kept. */
export async function getChannelSession(
  db: Db,
  { channelAccountId }: SessionKey,
): Promise<string | null> {
  const [row] = await db
    .select({ sealed: channelSessions.sealed })
    .from(channelSessions)
    .where(eq(channelSessions.channelAccountId, channelAccountId));
  return row?.sealed ?? null;
}

/**
 * Replaces an account's session, one caller at a time over all workers. `renew` runs inside the transaction that
 * holds the turn, so it must end before the server gives an idle transaction up (15 s).
 */
export function renewChannelSession(
  db: Db,
  { channelAccountId }: SessionKey,
  renew: (kept: string | null) => Promise<string>,
): Promise<void> {
  return inTransaction(db, async (tx) => {
    const turn = `channel session ${channelAccountId}`;
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${turn}, 0))`);
    const sealed = await renew(await getChannelSession(tx, { channelAccountId }));
    await tx.execute(sql`
      insert into ${channelSessions} (channel_account_id, workspace_id, sealed)
      select a.id, a.workspace_id, ${sealed} from ${channelAccounts} a where a.id = ${channelAccountId}
      on conflict (channel_account_id) do update set sealed = excluded.sealed, updated_at = now()`);
  });
}

/** Forgets the session of an account: its login has changed. */
export async function deleteChannelSession(
  db: Db,
  { channelAccountId }: SessionKey,
): Promise<void> {
  await db.delete(channelSessions).where(eq(channelSessions.channelAccountId, channelAccountId));
}
