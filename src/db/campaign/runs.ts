import { sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { Db } from '../client.ts';
import { campaignRuns } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

/** Has the run of a campaign look: part of the transaction of what it should see. */
export async function wantLook(tx: Db, { workspaceId, campaignId }: CampaignKey): Promise<void> {
  await tx.execute(sql`
    insert into ${campaignRuns} (campaign_id, workspace_id) values (${campaignId}, ${workspaceId})
    on conflict (campaign_id) do update
      set called_at = clock_timestamp(), next_look_at = clock_timestamp(), ended_at = null`);
}

/** Says that a look begins and how long it may take: whatever happens from now on calls anew. */
export async function beginCampaignLook(
  db: Db,
  { workspaceId, campaignId, withinMs }: CampaignKey & { withinMs: number },
): Promise<void> {
  const until = sql`clock_timestamp() + ${withinMs}::float8 * interval '1 millisecond'`;
  await db.execute(sql`
    insert into campaign_runs (campaign_id, workspace_id, looked_at, next_look_at)
    values (${campaignId}, ${workspaceId}, clock_timestamp(), ${until})
    on conflict (campaign_id) do update set looked_at = clock_timestamp(), next_look_at = ${until}`);
}

/**
 * Says when the next look is due. What called during the look keeps its own time.
 * @param waitMs null: never, unless somebody calls.
 * @returns whether the run has ended for good.
 */
export async function endCampaignLook(
  db: Db,
  { workspaceId, campaignId, waitMs }: CampaignKey & { waitMs: number | null },
): Promise<boolean> {
  const { rows } = await db.execute<{ ended: boolean }>(sql`
    update campaign_runs set
      next_look_at = clock_timestamp() + ${waitMs ?? 0}::float8 * interval '1 millisecond',
      ended_at = case when ${waitMs === null} and called_at <= looked_at then clock_timestamp() end
    where campaign_id = ${campaignId} and workspace_id = ${workspaceId}
    returning ended_at is not null as ended`);
  return rows[0]?.ended ?? true;
}

/**
 * The campaigns that events of items are news for, each once until it has looked: a thousand items
 * cost one call.
 */
export async function callCampaignsOf(
  db: Db,
  { workspaceId, itemIds }: { workspaceId: string; itemIds: readonly string[] },
): Promise<CampaignKey[]> {
  const { rows } = await db.execute<{ campaign_id: string }>(sql`
    update campaign_runs r set called_at = clock_timestamp(), ended_at = null
    from (select distinct campaign_id from items
      where workspace_id = ${workspaceId} and campaign_id is not null
        and id in (select jsonb_array_elements_text(${JSON.stringify(itemIds)}::jsonb))) i
    where r.campaign_id = i.campaign_id and r.workspace_id = ${workspaceId}
      and r.called_at <= r.looked_at
    returning r.campaign_id`);
  return rows.map(({ campaign_id: campaignId }) => ({ workspaceId, campaignId }));
}

/** Campaigns of every workspace whose run should have looked by now. */
export async function listUnattendedCampaigns(
  db: Db,
  { graceMs, limit }: { graceMs: number; limit: number },
): Promise<CampaignKey[]> {
  const { rows } = await acrossWorkspaces('due_campaigns', async () => {
    return await db.execute<{ workspace_id: string; campaign_id: string }>(sql`
      select workspace_id, campaign_id from campaign_runs
      where ended_at is null
        and next_look_at <= clock_timestamp() - ${graceMs}::float8 * interval '1 millisecond'
      order by next_look_at limit ${limit}`);
  });
  return rows.map((row) => ({ workspaceId: row.workspace_id, campaignId: row.campaign_id }));
}
