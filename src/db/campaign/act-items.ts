import { type SQL, sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import { IN_FLIGHT_STATES } from '../../domain/item/publication-states.ts';
import type { Db } from '../client.ts';
import type { CampaignActRow } from './acts.ts';

/** What an act has still to ask of an item. */
export interface ActAsk {
  itemId: string;
  act: Pick<CampaignActRow, 'id' | 'actor'>;
  /** Of the command among those that the act gives the item; the last one again while it has no verdict. */
  number: number;
  /** Not now: the item has not begun, or its post is on its way. */
  isWaiting: boolean;
}

/** A post is on its way. */
const IS_SENDING = sql`jsonb_path_exists(i.snapshot, ${`$.context.publications[*].state ? (${IN_FLIGHT_STATES.map((state) => `@ == "${state}"`).join(' || ')})`}::jsonpath)`;

/** The commands `c` that an act has given to the item `i`; see actCommandId. */
export function commandsOf(actId: SQL): SQL {
  return sql`c.workspace_id = i.workspace_id and c.item_id = i.id and c.source = 'campaign'
    and starts_with(c.id, 'campaign:' || ${actId} || ':')`;
}

/** The command of an act that counts: the last one. */
export const LAST_FIRST = sql`c.created_at desc, length(c.id) desc, c.id desc`;

/** What an act asked of the item `i` last, as `last`, and how often it has asked. */
function lastCommand(actId: SQL): SQL {
  return sql`left join lateral (
    select c.type, c.state, c.applied_seq, c.refused_at_seq, c.unmet,
      count(*) over ()::integer as given
    from commands c where ${commandsOf(actId)} order by ${LAST_FIRST} limit 1) last on true`;
}

/**
 * The pause of a campaign since whose very command the item `i` is on hold: whoever was held otherwise
 * stays so.
 */
export function heldBy({ campaignId }: Pick<CampaignKey, 'campaignId'>): SQL {
  return sql`select a.id as act_id, a.actor, e.seq from commands p
    join campaign_acts a on a.workspace_id = p.workspace_id and a.kind = 'pause'
      and a.id = split_part(p.id, ':', 2)
    join item_events e on e.workspace_id = p.workspace_id and e.item_id = p.item_id
      and e.seq = p.applied_seq
    where p.workspace_id = i.workspace_id and p.item_id = i.id and p.source = 'campaign'
      and p.type = 'hold' and p.state = 'applied' and a.campaign_id = ${campaignId}
      and i.stage = 'on_hold' and e.at = (i.snapshot #>> '{context,held,at}')::timestamptz
    order by e.seq desc limit 1`;
}

/**
 * The last command is no answer to what is asked now. A refusal holds for as long as its item stays
 * where it was; while a post is on its way it is none.
 * @param again an answer that was given, and does not count any more.
 */
function isUnanswered(again: SQL): SQL {
  return sql`(last.state is null or last.state in ('pending', 'expired')
    or (last.state = 'refused' and (i.seq > last.refused_at_seq or ${REFUSED_WHILE_SENDING}))
    or (last.state = 'applied' and ${again}))`;
}

const REFUSED_WHILE_SENDING = sql`last.unmet @> '[{"code":"nothing_sending"}]'`;

const IS_PENDING = sql`coalesce(last.state = 'pending', false)`;
const IS_WAITING = sql`(${IS_SENDING} or i.seq = 0 or coalesce(last.state = 'refused'
  and last.refused_at_seq >= i.seq and ${REFUSED_WHILE_SENDING}, false))`;

/**
 * Open items that a pause or its end has still to reach: first those that were not asked yet, in no
 * order, so that those that do not answer are no barrier.
 */
export async function listActItems(
  db: Db,
  { workspaceId, campaignId, id, actor, kind }: CampaignActRow,
  { limit }: { limit: number },
): Promise<ActAsk[]> {
  const isMember = sql`i.workspace_id = ${workspaceId} and i.campaign_id = ${campaignId}
    and i.closed_at is null`;
  // Whom a person resumed stays so, until it leaves the campaign and comes back.
  const hasComeBack = sql`(last.type = 'resume' or exists (select from item_events e
    where e.workspace_id = i.workspace_id and e.item_id = i.id and e.seq > last.applied_seq
      and e.type = 'item.campaign_changed'))`;
  const asked =
    kind === 'pause'
      ? sql`from items i ${lastCommand(sql`${id}::text`)}
          where ${isMember} and i.stage <> 'on_hold'
            and (${isUnanswered(hasComeBack)} or (last.type = 'resume' and last.state = 'refused'))`
      : sql`from items i cross join lateral (${heldBy({ campaignId })}) held
          ${lastCommand(sql`${id}::text`)}
          where ${isMember} and ${isUnanswered(sql`held.seq > last.applied_seq`)}`;
  const { rows } = await db.execute<AskRow>(sql`
    select i.id, ${id}::text as act_id, ${actor}::text as actor, ${ASK_COLUMNS} ${asked} ${ASK_ORDER}
    limit ${limit}`);
  return rows.map(askOf);
}

/** Items that a pause holds although they have left its campaign. */
export async function listLeftItems(
  db: Db,
  { workspaceId, campaignId, limit }: CampaignKey & { limit: number },
): Promise<ActAsk[]> {
  const { rows } = await db.execute<AskRow>(sql`
    select i.id, held.act_id, held.actor, ${ASK_COLUMNS}
    from (
      select distinct p.item_id from commands p
      join campaign_acts a on a.workspace_id = p.workspace_id and a.kind = 'pause'
        and a.id = split_part(p.id, ':', 2)
      where p.workspace_id = ${workspaceId} and p.source = 'campaign' and p.type = 'hold'
        and p.state = 'applied' and a.campaign_id = ${campaignId}
    ) paused
    join items i on i.workspace_id = ${workspaceId} and i.id = paused.item_id
    cross join lateral (${heldBy({ campaignId })}) held
    ${lastCommand(sql`held.act_id`)}
    where i.closed_at is null and i.campaign_id is distinct from ${campaignId}
      and (last.type = 'hold' or ${isUnanswered(sql`held.seq > last.applied_seq`)})
    ${ASK_ORDER} limit ${limit}`);
  return rows.map(askOf);
}

interface AskRow extends Record<string, unknown> {
  id: string;
  act_id: string;
  actor: string;
  number: number;
  waiting: boolean;
}

const ASK_COLUMNS = sql`coalesce(last.given, 0) + (not ${IS_PENDING})::integer as number,
  ${IS_WAITING} as waiting`;
const ASK_ORDER = sql`order by waiting, ${IS_PENDING}, random()`;

function askOf({ id: itemId, act_id: id, actor, number, waiting: isWaiting }: AskRow): ActAsk {
  return { itemId, act: { id, actor }, number, isWaiting };
}

/** Whether a command of any act of the campaign is still without its verdict. */
export async function hasPendingAsk(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<boolean> {
  const { rows } = await db.execute(sql`
    select from commands p join campaign_acts a on a.workspace_id = p.workspace_id
      and a.id = split_part(p.id, ':', 2)
    where p.workspace_id = ${workspaceId} and p.source = 'campaign' and p.state = 'pending'
      and a.campaign_id = ${campaignId} limit 1`);
  return rows.length > 0;
}
