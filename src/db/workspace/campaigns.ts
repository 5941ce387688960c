import { and, desc, eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { decodeInstantCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { campaigns } from '../schema/index.ts';

export type CampaignRow = typeof campaigns.$inferSelect;

export type NewCampaign = Pick<CampaignRow, 'workspaceId' | 'name' | 'goal' | 'createdBy'> &
  Partial<Pick<CampaignRow, 'startsAt' | 'endsAt' | 'kpiTargets' | 'releasedAt'>>;

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
  const limit = pageLimit(request);
  const rows = await db
    .select()
    .from(campaigns)
    .where(
      and(
        eq(campaigns.workspaceId, request.workspaceId),
        ...ifGiven(request.cursor, (cursor) => {
          const { at, id } = decodeInstantCursor(cursor);
          return sql`(${campaigns.createdAt}, ${campaigns.id}) < (${at}::timestamptz, ${id})`;
        }),
      ),
    )
    .orderBy(desc(campaigns.createdAt), desc(campaigns.id))
    .limit(limit + 1);
  return toPage(rows, limit, (row) => [row.createdAt, row.id]);
}
