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

/**
 * Open items whose run has not heard a word of their campaign yet, by id after another one.
 */
export async function listUntold(
  db: Db,
  {
    workspaceId,
    campaignId,
    word,
    after,
    limit,
  }: CampaignKey & { word: CampaignWord['type']; after: string; limit: number },
): Promise<string[]> {
  const isUntold =
    word === 'campaign_released'
      ? sql`snapshot #>> '{context,campaign,released}' = 'false'`
      : sql`snapshot #>> '{context,cancelling}' is null`;
  const { rows } = await db.execute<{ id: string }>(sql`
    select id from items
    where workspace_id = ${workspaceId} and campaign_id = ${campaignId} and closed_at is null
      and id > ${after} and ${isUntold}
    order by id limit ${limit}`);
  return rows.map(({ id }) => id);
}
