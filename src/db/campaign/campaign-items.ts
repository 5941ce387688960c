import { sql } from 'drizzle-orm';
import type { CampaignKey, CampaignWord } from '../../domain/campaign/campaign-run.ts';
import type { Db } from '../client.ts';

/** How many open items of a campaign stand before and behind the gate of approval. */
export async function countApproved(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<{ approved: number; waiting: number }> {
  const { rows } = await db.execute<{ approved: number; waiting: number }>(sql`
    select count(*) filter (where not is_before and place <> 'cancelled')::integer as approved,
      count(*) filter (where is_before)::integer as waiting
    from (select place, place in ('briefing', 'creation', 'review') as is_before from (
      select case when stage = 'on_hold'
        then split_part(snapshot #>> '{context,heldFrom}', '.', 1) else stage end as place
      from items where workspace_id = ${workspaceId} and campaign_id = ${campaignId}
    ) i) j`);
  return rows[0] ?? { approved: 0, waiting: 0 };
}

/** An open item whose run has not heard a word of its campaign yet. */
export interface UntoldItem {
  itemId: string;
  /** Its run has begun, as far as its row knows. */
  hasBegun: boolean;
}

/** Open items that have not heard a word, in no order: those that do not hear it are no barrier. */
export async function listUntold(
  db: Db,
  {
    workspaceId,
    campaignId,
    word,
    limit,
  }: CampaignKey & { word: CampaignWord['type']; limit: number },
): Promise<UntoldItem[]> {
  const isUntold =
    word === 'campaign_released'
      ? sql`snapshot #>> '{context,campaign,released}' = 'false'`
      : sql`snapshot #>> '{context,cancelling}' is null`;
  const { rows } = await db.execute<{ id: string; has_begun: boolean }>(sql`
    select id, seq > 0 as has_begun from items
    where workspace_id = ${workspaceId} and campaign_id = ${campaignId} and closed_at is null
      and ${isUntold}
    order by random() limit ${limit}`);
  return rows.map((row) => ({ itemId: row.id, hasBegun: row.has_begun }));
}
