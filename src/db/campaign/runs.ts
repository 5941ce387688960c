import { type SQL, sql } from 'drizzle-orm';
import type { CampaignKey } from '../../domain/campaign/campaign-run.ts';
import type { Db } from '../client.ts';
import { campaignRuns } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

const NOW = sql`clock_timestamp()`;
/** After the look that is under way, however small the step of the clock. */
const CALLED = sql`greatest(${NOW}, campaign_runs.looked_at + interval '1 millisecond')`;

/** Has the run of a campaign look soon: part of the transaction of what it should see. */
export async function wantLook(tx: Db, { workspaceId, campaignId }: CampaignKey): Promise<void> {
  await tx.execute(sql`
    insert into ${campaignRuns} (campaign_id, workspace_id, called_at, next_look_at)
    values (${campaignId}, ${workspaceId}, ${NOW}, ${NOW})
    on conflict (campaign_id) do update set called_at = ${CALLED}, next_look_at = ${NOW},
      ended_at = null, swept_at = null, busy_since = null`);
}

/** What a look knows of those before it. */
export interface BegunLook {
  /** How long ago something happened that the run should see, milliseconds. */
  quietMs: number;
  /** How long all has been said that items do not show, milliseconds; null: not all was, or there is nothing. */
  saidMs: number | null;
  /** How long ago the look before it began, milliseconds; null: there was none. */
  sinceMs: number | null;
}

/**
 * Says that a look begins: whatever happens from now on calls anew. Asked before anything else is read.
 * @returns null for an unknown campaign.
 */
export async function beginCampaignLook(
  db: Db,
  { workspaceId, campaignId }: CampaignKey,
): Promise<BegunLook | null> {
  const msSince = (column: SQL) => sql`extract(epoch from ${NOW} - ${column})::float8 * 1000`;
  const { rows } = await db.execute<{
    quiet_ms: number;
    said_ms: number | null;
    since_ms: number | null;
  }>(sql`
    with before as (select looked_at from campaign_runs
      where campaign_id = ${campaignId} and workspace_id = ${workspaceId})
    insert into campaign_runs (campaign_id, workspace_id, called_at, looked_at)
    select id, workspace_id, ${NOW}, ${NOW} from campaigns
    where id = ${campaignId} and workspace_id = ${workspaceId}
    on conflict (campaign_id) do update set looked_at = greatest(${NOW}, campaign_runs.called_at)
    returning ${msSince(sql`called_at`)} as quiet_ms, ${msSince(sql`busy_since`)} as said_ms,
      ${msSince(sql`(select before.looked_at from before)`)} as since_ms`);
  const [row] = rows;
  if (row === undefined) return null;
  return { quietMs: row.quiet_ms, saidMs: row.said_ms, sinceMs: row.since_ms };
}

/** What a look that ended says of the next one. */
export interface EndedLook {
  /** Null: never, unless somebody calls. */
  waitMs: number | null;
  /** All was said that items do not show yet. */
  isSaid: boolean;
}

/**
 * Says when the next look is due: at once where somebody called meanwhile.
 * @returns whether the run has ended for good, and whether somebody called.
 */
export async function endCampaignLook(
  db: Db,
  { workspaceId, campaignId, waitMs, isSaid }: CampaignKey & EndedLook,
): Promise<{ isOver: boolean; isCalled: boolean }> {
  const isCalled = sql`called_at > looked_at`;
  const { rows } = await db.execute<{ ended: boolean; called: boolean }>(sql`
    update campaign_runs set
      next_look_at = case when ${isCalled} then ${NOW}
        else ${NOW} + ${waitMs ?? 0}::float8 * interval '1 millisecond' end,
      busy_since = case when ${isSaid} and not ${isCalled} then coalesce(busy_since, ${NOW}) end,
      ended_at = case when ${waitMs === null} and not ${isCalled} then ${NOW} end
    where campaign_id = ${campaignId} and workspace_id = ${workspaceId}
    returning ended_at is not null as ended, ${isCalled} as called`);
  const [row] = rows;
  return { isOver: row?.ended ?? true, isCalled: row?.called ?? false };
}

/**
 * The campaigns that events are news for, each once until it has looked: a thousand items cost one
 * call. Part of the transaction in which the events are taken, so a call that is lost is made up for.
 * @param campaignIds campaigns that the events name, besides those that the items are in.
 */
export async function callCampaignsOf(
  tx: Db,
  {
    workspaceId,
    itemIds,
    campaignIds = [],
  }: { workspaceId: string; itemIds: readonly string[]; campaignIds?: readonly string[] },
): Promise<CampaignKey[]> {
  const { rows } = await tx.execute<{ campaign_id: string }>(sql`
    update campaign_runs set called_at = ${CALLED}, next_look_at = least(next_look_at, ${NOW}),
      ended_at = null
    where workspace_id = ${workspaceId} and called_at <= looked_at and campaign_id in (
      select campaign_id from items
      where workspace_id = ${workspaceId} and campaign_id is not null
        and id in (select jsonb_array_elements_text(${JSON.stringify(itemIds)}::jsonb))
      union all select jsonb_array_elements_text(${JSON.stringify(campaignIds)}::jsonb))
    returning campaign_id`);
  return rows.map(({ campaign_id: campaignId }) => ({ workspaceId, campaignId }));
}

/** How late a look may be before its run is called, and how often after that. */
export interface SweepPace {
  graceMs: number;
  /** A look takes no longer: until then one that has begun is waited for. */
  lookMs: number;
  /** Between two calls of one run: the later it is, the longer. */
  pauseMs: { least: number; most: number };
}

/** The run should have looked by now, nobody is looking, and it was not called just now. */
function isUnattended({ graceMs, lookMs, pauseMs: { least, most } }: SweepPace) {
  const ms = (count: number) => sql`${count}::float8 * interval '1 millisecond'`;
  return sql`ended_at is null and next_look_at <= ${NOW} - ${ms(graceMs)}
    and (looked_at is null or looked_at < next_look_at or looked_at <= ${NOW} - ${ms(lookMs)})
    and (swept_at is null or swept_at < next_look_at or swept_at <= ${NOW}
      - greatest(${ms(least)}, least(${ms(most)}, (swept_at - next_look_at) / 4)))`;
}

/**
 * Campaigns of every workspace whose run should have looked by now: those first that are due, or were
 * called, the longest ago.
 */
export async function listUnattendedCampaigns(
  db: Db,
  { limit, ...pace }: SweepPace & { limit: number },
): Promise<CampaignKey[]> {
  const { rows } = await acrossWorkspaces('due_campaigns', async () => {
    return await db.execute<{ workspace_id: string; campaign_id: string }>(sql`
      select workspace_id, campaign_id from campaign_runs where ${isUnattended(pace)}
      order by greatest(next_look_at, swept_at), campaign_id limit ${limit}`);
  });
  return rows.map((row) => ({ workspaceId: row.workspace_id, campaignId: row.campaign_id }));
}

/**
 * Takes the calls of unattended campaigns of one workspace upon oneself.
 * @returns those that nobody else has taken meanwhile.
 */
export async function takeCalls(
  db: Db,
  {
    workspaceId,
    campaignIds,
    ...pace
  }: SweepPace & { workspaceId: string; campaignIds: readonly string[] },
): Promise<CampaignKey[]> {
  const { rows } = await db.execute<{ campaign_id: string }>(sql`
    update campaign_runs set swept_at = ${NOW}
    where workspace_id = ${workspaceId} and ${isUnattended(pace)}
      and campaign_id in (select jsonb_array_elements_text(${JSON.stringify(campaignIds)}::jsonb))
    returning campaign_id`);
  return rows.map(({ campaign_id: campaignId }) => ({ workspaceId, campaignId }));
}
