import { and, asc, eq, sql } from 'drizzle-orm';
import { UNDER_WAY_STAGES } from '../../domain/campaign/campaign.ts';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { Db } from '../client.ts';
import { campaignReviews, campaignSignOffs } from '../schema/index.ts';

export type CampaignReviewRow = typeof campaignReviews.$inferSelect;
export type CampaignSignOffRow = typeof campaignSignOffs.$inferSelect;

/** What of a campaign is still to come, and what there is to review. */
export async function countForReview(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<{ open: number; busy: number; measured: number }> {
  const { rows } = await db.execute<{ open: number; busy: number; measured: number }>(sql`
    select count(*) filter (where closed_at is null)::integer as open,
      count(*) filter (where place in (select jsonb_array_elements_text(${JSON.stringify(UNDER_WAY_STAGES)}::jsonb)))::integer
        as busy,
      count(*) filter (where place in ('kpi_review', 'closed'))::integer as measured
    from (
      select closed_at, case when stage = 'on_hold'
        then split_part(snapshot #>> '{context,heldFrom}', '.', 1) else stage end as place
      from items where workspace_id = ${workspaceId} and campaign_id = ${campaignId}
    ) i`);
  return rows[0] ?? { open: 0, busy: 0, measured: 0 };
}

/** Freezes the review of a campaign, unless there is one: the first freeze stays. */
export async function insertCampaignReview(
  tx: Db,
  review: Omit<CampaignReviewRow, 'openedAt'>,
): Promise<boolean> {
  const rows = await tx
    .insert(campaignReviews)
    .values(review)
    .onConflictDoNothing()
    .returning({ campaignId: campaignReviews.campaignId });
  return rows.length > 0;
}

export async function getCampaignReview(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<CampaignReviewRow | null> {
  const [row] = await db
    .select()
    .from(campaignReviews)
    .where(
      and(eq(campaignReviews.campaignId, campaignId), eq(campaignReviews.workspaceId, workspaceId)),
    );
  return row ?? null;
}

/** In the order in which they were given. */
export async function listCampaignSignOffs(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<CampaignSignOffRow[]> {
  return db
    .select()
    .from(campaignSignOffs)
    .where(
      and(
        eq(campaignSignOffs.campaignId, campaignId),
        eq(campaignSignOffs.workspaceId, workspaceId),
      ),
    )
    .orderBy(asc(campaignSignOffs.round), asc(campaignSignOffs.at), asc(campaignSignOffs.role));
}

export async function insertCampaignSignOff(
  tx: Db,
  signOff: Omit<CampaignSignOffRow, 'at'>,
): Promise<void> {
  await tx.insert(campaignSignOffs).values(signOff);
}
