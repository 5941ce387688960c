import { sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { WaitingOn } from '../../domain/item/responsible.ts';
import type { Stage } from '../../domain/item/stages.ts';
import type { Db } from '../client.ts';

/** An item that a campaign waits for. */
export interface WaitingItem {
  id: string;
  title: string;
  stage: Stage;
  since: string;
  waitingOn: WaitingOn[];
}

export interface StageCounts {
  stage: Stage;
  items: number;
  /** Past an alarm that nobody has answered. */
  blocked: number;
}

export interface CampaignProgress {
  stages: StageCounts[];
  oldest: WaitingItem[];
  blocked: WaitingItem[];
}

/**
 * Where the items of a campaign stand, in one query over its part of an index: how many in each stage,
 * the open ones that moved last the longest ago, and those past an alarm, worst first.
 */
export async function readProgress(
  db: Db,
  { workspaceId, campaignId, limit }: CampaignKey & { limit: number },
): Promise<CampaignProgress> {
  const shown = sql`jsonb_build_object('id', s.id, 'title', s.title, 'stage', s.stage,
    'since', to_char(s.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'waitingOn', s.waiting_on)`;
  const { rows } = await db.execute<{
    stages: StageCounts[] | null;
    oldest: WaitingItem[] | null;
    blocked: WaitingItem[] | null;
  }>(sql`
    with own as materialized (
      select i.id, i.title, i.stage, i.waiting_on, i.stage_entered_at, i.next_alarm_at,
        i.closed_at is null as open,
        i.closed_at is null and i.next_alarm_at
          <= now() + i.clock_offset_ms * interval '1 millisecond' as blocked
      from items i where i.workspace_id = ${workspaceId} and i.campaign_id = ${campaignId}
    )
    select
      (select jsonb_agg(jsonb_build_object('stage', c.stage, 'items', c.items, 'blocked', c.blocked)
          order by c.stage)
        from (select stage, count(*)::integer as items,
          count(*) filter (where blocked)::integer as blocked from own group by stage) c) as stages,
      (select jsonb_agg(${shown} order by s.since, s.id) from (
        select *, stage_entered_at as since from own where open
        order by stage_entered_at, id limit ${limit}) s) as oldest,
      (select jsonb_agg(${shown} order by s.since, s.id) from (
        select *, next_alarm_at as since from own where blocked
        order by next_alarm_at, id limit ${limit}) s) as blocked`);
  const [row] = rows;
  return { stages: row?.stages ?? [], oldest: row?.oldest ?? [], blocked: row?.blocked ?? [] };
}
