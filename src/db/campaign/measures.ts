import { and, asc, eq, inArray, sql } from 'drizzle-orm';
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

/**
 * Everything that the review of a campaign judges: the numbers are those of its roll-up.
 * @param itemIds its items as they were; those it has now when left out.
 */
export async function readCampaignMeasures(
  db: Db,
  { workspaceId, campaignId, itemIds }: CampaignKey & { itemIds?: readonly string[] },
): Promise<CampaignMeasures> {
  const filter = itemIds === undefined ? { campaignIds: [campaignId] } : { itemIds };
  await renewCells(db, { workspaceId, ...filter });
  const isMeant =
    itemIds === undefined ? eq(items.campaignId, campaignId) : inArray(items.id, [...itemIds]);
  const ids = await db
    .select({ id: items.id })
    .from(items)
    .where(and(eq(items.workspaceId, workspaceId), isMeant))
    .orderBy(asc(items.id));
  const known = JSON.stringify(ids.map(({ id }) => id));
  const { groups } = await sumCells(db, {
    workspaceId,
    ...filter,
    group: 'all',
    maxItems: ids.length,
  });
  const { rows: planned } = await db.execute<PlannedCheckpoint & Record<string, unknown>>(sql`
    select p.id as "publicationId", p.channel_account_id as "channelAccountId", c.checkpoint, c.state
    from items i
    cross join lateral jsonb_to_recordset(i.snapshot #> '{context,checkpoints}')
      as c("publicationId" text, checkpoint text, state text)
    join publications p on p.workspace_id = i.workspace_id and p.item_id = i.id
      and p.id = c."publicationId" and p.state = 'published'
    where i.workspace_id = ${workspaceId}
      and i.id in (select jsonb_array_elements_text(${known}::jsonb)) and c.state <> 'recorded'
    order by p.id, c.checkpoint`);
  return {
    itemIds: ids.map(({ id }) => id),
    items: [...groups.values()].flat(),
    planned: [...planned],
  };
}
