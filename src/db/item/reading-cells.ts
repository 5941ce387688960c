import { type SQL, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { readingAdditions, readingCells } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';

/** Which items' readings are asked for. What is left out is not asked. */
export interface CellFilter {
  workspaceId: string;
  campaignIds?: readonly string[] | undefined;
  itemIds?: readonly string[] | undefined;
  /** Items with a post on this account, and of them nothing but this account. */
  channelAccountId?: string | undefined;
  /** Items whose first post went out from `from` on, and before `to`. */
  from?: string | undefined;
  to?: string | undefined;
}

const RENEWED_AT_ONCE = 200;

/**
 * Brings the cells of the items up to their readings, where some came since. Items by the hundred, so
 * that no transaction is long; one at a time in a workspace, so that none writes over a later one.
 * @param until epoch milliseconds: what is not renewed by then keeps its notes.
 * @returns how many notes of readings are in the cells now.
 */
export async function renewCells(
  db: Db,
  filter: CellFilter,
  { until = Number.POSITIVE_INFINITY }: { until?: number } = {},
): Promise<number> {
  let count = 0;
  while (Date.now() < until) {
    const { rows } = await db.execute(sql`select from reading_additions
      where workspace_id = ${filter.workspaceId} and ${isAsked(filter, sql`item_id`)} limit 1`);
    if (rows.length === 0) break;
    count += await inTransaction(db, (tx) => renewSome(tx, filter));
  }
  return count;
}

/** How many notes `renewCells` would take. */
export async function countReadingNotes(
  db: Db,
  { workspaceId, limit }: { workspaceId: string; limit: number },
): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(sql`
    select count(*)::integer as count from (
      select from reading_additions where workspace_id = ${workspaceId} limit ${limit}) notes`);
  return rows[0]?.count ?? 0;
}

async function renewSome(tx: Db, filter: CellFilter): Promise<number> {
  const { workspaceId } = filter;
  const lock = `reading_cells ${workspaceId}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`);
  const { rows } = await tx.execute<{ item_id: string }>(sql`
    select distinct item_id from reading_additions
    where workspace_id = ${workspaceId} and ${isAsked(filter, sql`item_id`)}
    limit ${RENEWED_AT_ONCE}`);
  if (rows.length === 0) return 0;
  const itemIds = rows.map(({ item_id }) => item_id);
  // One statement sees one moment: what is added after it has a note that stays.
  const { rows: taken } = await tx.execute<{ count: number }>(sql`
    with notes as (delete from ${readingAdditions}
      where workspace_id = ${workspaceId} and item_id in ${itemIds} returning id
    ), renewed as (insert into ${readingCells}
    select workspace_id, item_id, publication_id, channel_account_id,
      array_agg(series order by series), array_agg(value order by series),
      array_agg(as_of order by series), array_agg(id order by series),
      md5(string_agg(series, chr(10) order by series))
    from (
      select distinct on (item_id, publication_id, channel_account_id, measure, age)
        workspace_id, item_id, coalesce(publication_id, '') as publication_id,
        coalesce(channel_account_id, '') as channel_account_id, value, as_of,
        -- Of followers one reading is chosen; of all else the sum is, and nobody asks which readings.
        case when measure = 'followers' then id else '' end as id,
        concat(checkpoint, ' ', measure, case when created_by is null then ' measured' else ' stated' end,
          case when provisional then ' provisional' else ' settled' end, ' ' || definition) as series
      from (select *, ${AGE} as age from readings
            where workspace_id = ${workspaceId} and item_id in ${itemIds}) aged
      order by item_id, publication_id, channel_account_id, measure, age, as_of desc,
        aged.id collate "C" desc
    ) counting
    group by workspace_id, item_id, publication_id, channel_account_id
    on conflict (workspace_id, item_id, publication_id, channel_account_id) do update set
      series = excluded.series, amounts = excluded.amounts, as_of = excluded.as_of,
      reading_ids = excluded.reading_ids, shape = excluded.shape)
    select count(*)::integer as count from notes`);
  return taken[0]?.count ?? 0;
}

/** As `checkpointAgeHours` of the domain: `+1d` and `+24h` are one checkpoint. */
const AGE = sql`case when checkpoint = 'baseline' then 0
  when checkpoint ~ '^[+][0-9]{1,4}[hd]$' then
    substring(checkpoint, 2, length(checkpoint) - 2)::integer
      * case right(checkpoint, 1) when 'd' then 24 else 1 end
  end`;

/** True for the items that a filter can name before their posts are looked at. */
export function isAsked({ workspaceId, campaignIds, itemIds }: CellFilter, id: SQL): SQL {
  const ofCampaigns = (ids: readonly string[]) => sql`${id} in (select id from items
    where workspace_id = ${workspaceId} and campaign_id in ${[...ids, '']})`;
  return sql`${campaignIds === undefined ? sql`true` : ofCampaigns(campaignIds)}
    and ${itemIds === undefined ? sql`true` : sql`${id} in ${[...itemIds, '']}`}`;
}
