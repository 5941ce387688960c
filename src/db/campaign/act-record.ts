import { sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { ItemSnapshot } from '../../domain/item/run.ts';
import type { Stage } from '../../domain/item/stages.ts';
import { readSnapshot } from '../../domain/item/versions/migrate.ts';
import type { Db } from '../client.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { commandsOf, heldBy, LAST_FIRST } from './act-items.ts';
import type { CampaignActRow } from './acts.ts';

/** What became of an act so far. */
export interface ActCount {
  done: number;
  /** The first of those that refused. */
  refused: { itemId: string; unmet: Unmet[] }[];
  refusedCount: number;
}

/** The last command of an act to each item that the campaign has now, by its verdict. */
export async function countAct(
  db: Db,
  {
    workspaceId,
    campaignId,
    id,
    kind,
  }: Pick<CampaignActRow, 'workspaceId' | 'campaignId' | 'id' | 'kind'>,
  { limit }: { limit: number },
): Promise<ActCount> {
  const { rows } = await db.execute<{
    done: number;
    refused_count: number;
    refused: ActCount['refused'] | null;
  }>(sql`
    with given as (
      select i.id, last.state, last.unmet from items i cross join lateral (
        select c.state, c.unmet from commands c
        where ${commandsOf(sql`${id}::text`)} and c.type = ${kind === 'pause' ? 'hold' : 'resume'}
        order by ${LAST_FIRST} limit 1) last
      where i.workspace_id = ${workspaceId} and i.campaign_id = ${campaignId}
    )
    select count(*) filter (where state = 'applied')::integer as done,
      count(*) filter (where state in ('refused', 'expired'))::integer as refused_count,
      (select jsonb_agg(jsonb_build_object('itemId', r.id, 'unmet', coalesce(r.unmet, '[]')))
        from (select id, unmet from given where state in ('refused', 'expired')
          order by id limit ${limit}) r) as refused
    from given`);
  const [row] = rows;
  return {
    done: row?.done ?? 0,
    refusedCount: row?.refused_count ?? 0,
    refused: row?.refused ?? [],
  };
}

/** An open item of a campaign, as a preview of an act needs it. */
export interface ActItem {
  id: string;
  title: string;
  stage: Stage;
  substage: string | null;
  snapshot: ItemSnapshot;
  /** On hold since a pause of the campaign. */
  isHeldByCampaign: boolean;
}

/** Open items of a campaign by id. */
export async function pageActItems(
  db: Db,
  { workspaceId, campaignId, ...request }: PageRequest & CampaignKey,
): Promise<Page<ActItem>> {
  const limit = pageLimit(request);
  const [after = ''] = request.cursor === undefined ? [] : decodeTextCursor(request.cursor, 1);
  const { rows } = await db.execute<Record<string, unknown> & { snapshot: object }>(sql`
    select i.id, i.title, i.stage, i.substage, i.snapshot,
      exists (${heldBy({ campaignId })}) as held
    from items i
    where i.workspace_id = ${workspaceId} and i.campaign_id = ${campaignId}
      and i.closed_at is null and i.id > ${after}
    order by i.id limit ${limit + 1}`);
  const items = rows.map((row) => ({
    id: String(row['id']),
    title: String(row['title']),
    stage: row['stage'] as Stage,
    substage: row['substage'] as string | null,
    snapshot: readSnapshot(row.snapshot as ItemSnapshot),
    isHeldByCampaign: row['held'] === true,
  }));
  return toPage(items, limit, ({ id }) => [id]);
}
