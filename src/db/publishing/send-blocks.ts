import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

/** What keeps a post from going out now. */
export interface SendBlock {
  evidence: string;
  /** When it ends by itself, in milliseconds from now; null for a freeze, which a person lifts. */
  endsInMs: number | null;
}

/**
 * Makes a freeze or a blackout wait for the leases that are being taken, and those that come after
 * see it. Ends with the transaction.
 */
export async function lockSends(tx: Db, { workspaceId }: { workspaceId: string }): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`sends:${workspaceId}`}, 0))`,
  );
}

/**
 * Whether a freeze or a blackout stands against a post, by the item's own clock (time travel moves it
 * on the local stack). Call it in the transaction that takes the send lease.
 */
export async function findSendBlock(
  tx: Db,
  order: {
    workspaceId: string;
    itemId: string;
    channelAccountId: string;
    channel: string;
    dueAt: string;
  },
): Promise<SendBlock | null> {
  const { workspaceId, itemId, channelAccountId, channel, dueAt } = order;
  // A statement of its own: the next one has to see what was committed while this one waited.
  await tx.execute(
    sql`select pg_advisory_xact_lock_shared(hashtextextended(${`sends:${workspaceId}`}, 0))`,
  );
  const { rows } = await tx.execute<{ evidence: string; endsInMs: number | null }>(sql`
    with clock as (
      -- A journey notes its distance when it is over; the item's clock has reached the slot before.
      select greatest(clock_timestamp() + clock_offset_ms * interval '1 millisecond',
                      ${dueAt}::timestamptz) as now
      from items where id = ${itemId} and workspace_id = ${workspaceId}
    )
    select 'sends are frozen: ' || reason as evidence, null::float8 as "endsInMs"
    from freezes where workspace_id = ${workspaceId} and lifted_at is null
    union all
    select 'blackout until ' || to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
             || ': ' || reason,
           extract(epoch from ends_at - now)::float8 * 1000
    from blackouts, clock
    where workspace_id = ${workspaceId} and removed_at is null
      and starts_at <= now and now < ends_at
      and (channel is null or channel = ${channel})
      and (channel_account_id is null or channel_account_id = ${channelAccountId})
    order by "endsInMs" desc nulls first
    limit 1`);
  return rows[0] ?? null;
}
