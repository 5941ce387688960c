import { and, eq, sql } from 'drizzle-orm';
import type { WriteLimit } from '../../domain/channel/channels.ts';
import type { Db } from '../client.ts';
import { channelBudgets } from '../schema/index.ts';
import { fromNow, msUntil } from './intent-changes.ts';

interface AccountKey {
  workspaceId: string;
  channelAccountId: string;
}

export type WriteToken =
  | { taken: true }
  | { taken: false; reason: 'banned' | 'no_budget'; waitMs: number };

/** A ban ends after this, whatever the channel says: a broken clock must not silence an account for years. */
const LONGEST_BAN_MS = 24 * 3_600_000;

/**
 * One write of an account's budget, or how long until there is one. The row stays locked until the
 * caller's transaction ends, so take it last.
 * @param limit null where the channel states none: then only a ban holds.
 */
export async function takeWriteToken(
  db: Db,
  { workspaceId, channelAccountId, limit }: AccountKey & { limit: WriteLimit | null },
): Promise<WriteToken> {
  const { max, perMs } = limit ?? { max: 1, perMs: 1 };
  const cost = limit === null ? 0 : 1;
  const elapsedMs = sql`greatest(0, extract(epoch from clock_timestamp() - b.refilled_at) * 1000)`;
  const filled = sql`least(${max}::double precision,
    b.tokens + ${elapsedMs} * ${max}::double precision / ${perMs}::double precision)`;
  const { rows } = await db.execute<{ taken: boolean }>(sql`
insert into channel_budgets as b (workspace_id, channel_account_id, tokens, refilled_at)
values (${workspaceId}, ${channelAccountId}, ${max - cost}, clock_timestamp())
on conflict (workspace_id, channel_account_id) do update
  set tokens = ${filled} - ${cost}, refilled_at = clock_timestamp()
  where ${filled} >= ${cost} and (b.banned_until is null or b.banned_until <= clock_timestamp())
returning true as taken`);
  if (rows.length > 0) return { taken: true };
  const bannedMs = await readBanMs(db, { workspaceId, channelAccountId });
  if (bannedMs > 0) return { taken: false, reason: 'banned', waitMs: bannedMs };
  const { rows: buckets } = await db.execute<{ tokens: number }>(sql`
select (${filled})::double precision as tokens from channel_budgets b
where b.workspace_id = ${workspaceId} and b.channel_account_id = ${channelAccountId}`);
  const lacking = Math.max(0, cost - (buckets[0]?.tokens ?? 0));
  return { taken: false, reason: 'no_budget', waitMs: Math.ceil((lacking * perMs) / max) };
}

/** How long the account's channel still wants no request, milliseconds; 0 when it is not banned. */
export async function readBanMs(
  db: Db,
  { workspaceId, channelAccountId }: AccountKey,
): Promise<number> {
  const [row] = await db
    .select({ remainingMs: msUntil(channelBudgets.bannedUntil) })
    .from(channelBudgets)
    .where(
      and(
        eq(channelBudgets.workspaceId, workspaceId),
        eq(channelBudgets.channelAccountId, channelAccountId),
      ),
    );
  return Math.max(0, Math.ceil(row?.remainingMs ?? 0));
}

/** Notes that the channel asked for silence. A running ban is never shortened. */
export async function banAccount(
  db: Db,
  { workspaceId, channelAccountId, forMs }: AccountKey & { forMs: number },
): Promise<void> {
  const until = fromNow(Math.min(Math.max(0, forMs), LONGEST_BAN_MS));
  await db
    .insert(channelBudgets)
    .values({
      workspaceId,
      channelAccountId,
      tokens: 0,
      refilledAt: sql`clock_timestamp()`,
      bannedUntil: until,
    })
    .onConflictDoUpdate({
      target: [channelBudgets.workspaceId, channelBudgets.channelAccountId],
      set: { bannedUntil: sql`greatest(${channelBudgets.bannedUntil}, ${until})` },
    });
}
