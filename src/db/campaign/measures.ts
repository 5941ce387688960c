import { and, asc, eq, sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { PlannedCheckpoint } from '../../domain/kpi/measured.ts';
import type { AlikeItems } from '../../domain/kpi/roll-up/alike-items.ts';
import type { Db } from '../client.ts';
import { sumCells } from '../item/cell-sums.ts';
import { renewCells } from '../item/reading-cells.ts';
import { items } from '../schema/index.ts';

/** What a campaign's items measured. */
export interface CampaignMeasures {
  itemIds: string[];
  /** Their readings, those of alike items added up. */
  items: AlikeItems[];
  /** Checkpoints of their posts that have no readings (yet). */
  planned: PlannedCheckpoint[];
}

/** Everything that the review of a campaign judges: the numbers are those of its roll-up. */
export async function readCampaignMeasures(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<CampaignMeasures> {
  const filter = { workspaceId, campaignIds: [campaignId] };
  await renewCells(db, filter);
  const ids = await db
    .select({ id: items.id })
    .from(items)
    .where(and(eq(items.workspaceId, workspaceId), eq(items.campaignId, campaignId)))
    .orderBy(asc(items.id));
  const { groups } = await sumCells(db, { ...filter, group: 'all', maxItems: ids.length });
  const { rows: planned } = await db.execute<PlannedCheckpoint & Record<string, unknown>>(sql`
    select p.id as "publicationId", p.channel_account_id as "channelAccountId", c.checkpoint, c.state
    from items i
    cross join lateral jsonb_to_recordset(i.snapshot #> '{context,checkpoints}')
      as c("publicationId" text, checkpoint text, state text)
    join publications p on p.workspace_id = i.workspace_id and p.item_id = i.id
      and p.id = c."publicationId" and p.state = 'published'
    where i.workspace_id = ${workspaceId} and i.campaign_id = ${campaignId}
      and c.state <> 'recorded'
    order by p.id, c.checkpoint`);
  return {
    itemIds: ids.map(({ id }) => id),
    items: [...groups.values()].flat(),
    planned: [...planned],
  };
}
