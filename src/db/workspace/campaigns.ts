import { and, desc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { campaigns } from '../schema/index.ts';

export type CampaignRow = typeof campaigns.$inferSelect;

export type NewCampaign = Pick<CampaignRow, 'workspaceId' | 'name' | 'goal' | 'createdBy'> &
  Partial<
    Pick<
      CampaignRow,
      | 'startsAt'
      | 'endsAt'
      | 'kpiTargets'
      | 'release'
      | 'releasedAt'
      | 'budgetNote'
      | 'stakeholders'
    >
  >;

export async function insertCampaign(db: Db, campaign: NewCampaign): Promise<CampaignRow> {
  const [row] = await db
    .insert(campaigns)
    .values({ id: newId('campaign'), ...campaign })
    .returning();
  if (row === undefined) throw new Error('insert of a campaign returned no row');
  return row;
}

export async function getCampaign(
  db: Db,
  { workspaceId, campaignId }: { workspaceId: string; campaignId: string },
): Promise<CampaignRow | null> {
  const [row] = await db
    .select()
    .from(campaigns)
    .where(and(eq(campaigns.id, campaignId), eq(campaigns.workspaceId, workspaceId)));
  return row ?? null;
}

/** Campaigns, newest first. */
export async function listCampaigns(
  db: Db,
  request: PageRequest & { workspaceId: string },
): Promise<Page<CampaignRow>> {
  const page = pageBy(campaigns, 'createdAt', request, desc);
  const rows = await db
    .select()
    .from(campaigns)
    .where(and(eq(campaigns.workspaceId, request.workspaceId), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}
