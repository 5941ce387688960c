import { type SQL, sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import { IN_FLIGHT_STATES } from '../../domain/item/publication-states.ts';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { ItemSnapshot } from '../../domain/item/run.ts';
import type { Stage } from '../../domain/item/stages.ts';
import { readSnapshot } from '../../domain/item/versions/migrate.ts';
import type { Db } from '../client.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import type { CampaignActRow } from './acts.ts';

/** A post is on its way. */
const IS_SENDING = sql`jsonb_path_exists(i.snapshot, ${`$.context.publications[*].state ? (${IN_FLIGHT_STATES.map((state) => `@ == "${state}"`).join(' || ')})`}::jsonpath)`;

/** The command that an act sends to the item of `i`; see actCommandId. */
function commandOf(alias: SQL, actId: SQL): SQL {
  return sql`${alias}.workspace_id = i.workspace_id and ${alias}.id = 'campaign:' || ${actId} || ':' || i.id`;
}

/** On hold since the very command by which a pause held it: whoever was held otherwise stays so. */
export function heldByPause(pauseId: SQL): SQL {
  return sql`exists (select from commands p join item_events e
    on e.workspace_id = p.workspace_id and e.item_id = i.id and e.seq = p.applied_seq
    where ${commandOf(sql`p`, pauseId)} and p.state = 'applied'
      and e.at = (i.snapshot #>> '{context,held,at}')::timestamptz)`;
}

/**
 * Open items that an act has still to be said to, those last whose post is on its way: they are held
 * once its outcome is known.
 */
export async function listActItems(
  db: Db,
  { workspaceId, campaignId, id, kind, endsAct }: CampaignActRow,
  { limit }: { limit: number },
): Promise<{ itemId: string; isSending: boolean }[]> {
  const isMeant =
    kind === 'pause'
      ? sql`i.stage <> 'on_hold'`
      : sql`i.stage = 'on_hold' and ${heldByPause(sql`${endsAct}::text`)}`;
  const { rows } = await db.execute<{ id: string; sending: boolean }>(sql`
    select i.id, ${IS_SENDING} as sending from items i
    left join commands c on ${commandOf(sql`c`, sql`${id}::text`)}
    where i.workspace_id = ${workspaceId} and i.campaign_id = ${campaignId}
      and i.closed_at is null and ${isMeant} and (c.id is null or c.state = 'pending')
    order by sending, i.id limit ${limit}`);
  return rows.map((row) => ({ itemId: row.id, isSending: row.sending }));
}

/** What became of an act so far. */
export interface ActCount {
  done: number;
  /** The first of those that refused. */
  refused: { itemId: string; unmet: Unmet[] }[];
  refusedCount: number;
}

/** The commands of an act by their verdict, of the items that the campaign has now. */
export async function countAct(
  db: Db,
  { workspaceId, campaignId, id }: Pick<CampaignActRow, 'workspaceId' | 'campaignId' | 'id'>,
  { limit }: { limit: number },
): Promise<ActCount> {
  const { rows } = await db.execute<{
    done: number;
    refused_count: number;
    refused: ActCount['refused'] | null;
  }>(sql`
    with given as (
      select i.id, c.state, c.unmet from items i
      join commands c on ${commandOf(sql`c`, sql`${id}::text`)}
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
  /** On hold since the pause that is asked for. */
  isHeldByCampaign: boolean;
}

/** Open items of a campaign by id. */
export async function pageActItems(
  db: Db,
  {
    workspaceId,
    campaignId,
    pauseId,
    ...request
  }: PageRequest & CampaignKey & { pauseId: string | null },
): Promise<Page<ActItem>> {
  const limit = pageLimit(request);
  const [after = ''] = request.cursor === undefined ? [] : decodeTextCursor(request.cursor, 1);
  const { rows } = await db.execute<Record<string, unknown> & { snapshot: object }>(sql`
    select i.id, i.title, i.stage, i.substage, i.snapshot,
      i.stage = 'on_hold' and ${heldByPause(sql`${pauseId}::text`)} as held
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
