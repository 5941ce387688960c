import { type SQL, sql } from 'drizzle-orm';
import type { AlikeItems } from '../../domain/kpi/alike-items.ts';
import { checkpointAgeHours, type Scope, type SummedReading } from '../../domain/kpi/readings.ts';
import { seriesOf } from '../../domain/kpi/series.ts';
import type { Db } from '../client.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
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

/** Parts of one shape are named up to this number. */
const NAMES = 20;
const RENEWED_AT_ONCE = 200;

/**
 * Brings the cells of the items up to their readings, where some came since. Items by the hundred, so
 * that no transaction is long; one at a time in a workspace, so that none writes over a later one.
 */
export async function renewCells(db: Db, filter: CellFilter): Promise<void> {
  for (;;) {
    const { rows } = await db.execute(sql`select from reading_additions
      where workspace_id = ${filter.workspaceId} and ${isAsked(filter, sql`item_id`)} limit 1`);
    if (rows.length === 0) return;
    await inTransaction(db, (tx) => renewSome(tx, filter));
  }
}

async function renewSome(tx: Db, filter: CellFilter): Promise<void> {
  const { workspaceId } = filter;
  const lock = `reading_cells ${workspaceId}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`);
  const { rows } = await tx.execute<{ item_id: string; ids: string[] }>(sql`
    select item_id, array_agg(id) as ids from reading_additions
    where workspace_id = ${workspaceId} and ${isAsked(filter, sql`item_id`)}
    group by item_id limit ${RENEWED_AT_ONCE}`);
  if (rows.length === 0) return;
  const itemIds = rows.map(({ item_id }) => item_id);
  // What is added from here on has a row that the last statement leaves.
  await tx.execute(sql`
    insert into reading_cells
    select workspace_id, item_id, publication_id, channel_account_id,
      array_agg(series order by series), array_agg(value order by series),
      array_agg(as_of order by series), array_agg(id order by series)
    from (
      select distinct on (item_id, publication_id, channel_account_id, measure, age)
        workspace_id, item_id, coalesce(publication_id, '') as publication_id,
        coalesce(channel_account_id, '') as channel_account_id, value, as_of, id,
        concat(checkpoint, ' ', measure, case when created_by is null then ' measured' else ' stated' end,
          case when provisional then ' provisional' else ' settled' end, ' ' || definition) as series
      from (select *, ${AGE} as age from readings
            where workspace_id = ${workspaceId} and item_id in ${itemIds}) aged
      order by item_id, publication_id, channel_account_id, measure, age, as_of desc,
        id collate "C" desc
    ) counting
    group by workspace_id, item_id, publication_id, channel_account_id
    on conflict (workspace_id, item_id, publication_id, channel_account_id) do update set
      series = excluded.series, amounts = excluded.amounts, as_of = excluded.as_of,
      reading_ids = excluded.reading_ids`);
  await tx.execute(sql`delete from reading_additions
    where workspace_id = ${workspaceId} and id in ${rows.flatMap(({ ids }) => ids)}`);
}

/** As `checkpointAgeHours` of the domain: `+1d` and `+24h` are one checkpoint. */
const AGE = sql`case when checkpoint = 'baseline' then 0
  when checkpoint ~ '^[+][0-9]{1,4}[hd]$' then
    substring(checkpoint, 2, length(checkpoint) - 2)::integer
      * case right(checkpoint, 1) when 'd' then 24 else 1 end
  end`;

/** True for the items that a filter can name before their posts are looked at. */
function isAsked({ workspaceId, campaignIds, itemIds }: CellFilter, id: SQL): SQL {
  const ofCampaigns = (ids: readonly string[]) => sql`${id} in (select id from items
    where workspace_id = ${workspaceId} and campaign_id in ${[...ids, '']})`;
  return sql`${campaignIds === undefined ? sql`true` : ofCampaigns(campaignIds)}
    and ${itemIds === undefined ? sql`true` : sql`${id} in ${[...itemIds, '']}`}`;
}

/** What is added up as one: everything asked for, each campaign by itself, or each item. */
export type CellGroup = 'all' | 'campaign' | 'item';

const GROUPS: Record<CellGroup, SQL> = {
  all: sql`''`,
  campaign: sql`coalesce(i.campaign_id, '')`,
  item: sql`i.id`,
};

interface NodeRow extends Record<string, unknown> {
  group: string;
  class: string;
  items: number;
  item_names: string[];
  account: string;
  is_post: boolean;
  slot: string;
  posts: string[];
  cells: [
    name: string,
    sum: number,
    largest: number,
    asOf: string,
    first: string | null,
    last: string | null,
  ][];
}

interface SumRequest extends CellFilter {
  group: CellGroup;
  /** Only what a figure at this checkpoint asks for. */
  checkpoint?: string | undefined;
  /** More are not added up. */
  maxItems: number;
}

/**
 * The cells of the items, alike items added up (see `AlikeItems`): one row per shape and part leaves the
 * database, however many items there are. The cells are as `renewCells` left them.
 */
export async function sumCells(
  db: Db,
  request: SumRequest,
): Promise<{ tooMany: boolean; groups: Map<string, AlikeItems[]> }> {
  const { rows } = await db.execute<NodeRow>(sumStatement(request));
  const items = rows.reduce((count, row) => count + (row.account === '' ? row.items : 0), 0);
  const groups = new Map<string, Map<string, NodeRow[]>>();
  for (const row of rows) {
    const classes = groups.get(row.group) ?? new Map<string, NodeRow[]>();
    classes.set(row.class, [...(classes.get(row.class) ?? []), row]);
    groups.set(row.group, classes);
  }
  return {
    tooMany: items > request.maxItems,
    groups: new Map([...groups].map(([group, of]) => [group, [...of.values()].map(alikeItems)])),
  };
}

function sumStatement(filter: SumRequest): SQL {
  const { workspaceId, channelAccountId, from, to, checkpoint, maxItems } = filter;
  const names = checkpoint === undefined ? null : namesOf(checkpoint);
  return sql`
    with chosen as materialized (
      select i.id as item_id, ${GROUPS[filter.group]} as "group" from items i
      where i.workspace_id = ${workspaceId} and ${isAsked(filter, sql`i.id`)}
      limit ${maxItems + 1}
    ), posts as materialized (
      select c.item_id, c."group", p.id as post, p.channel_account_id as account,
        min(p.published_at) over (partition by c.item_id) as first_at
      from chosen c join publications p on p.item_id = c.item_id
      where p.workspace_id = ${workspaceId} and p.state = 'published'
    ), asked as materialized (
      select * from posts p
      where ${from === undefined ? sql`true` : sql`first_at >= ${from}::timestamptz`}
        and ${to === undefined ? sql`true` : sql`first_at < ${to}::timestamptz`}
        and ${channelAccountId === undefined ? sql`true` : sql`account = ${channelAccountId}`}
    ), nodes as (
      select c.item_id, c."group", '' as account, '' as post from chosen c
      ${
        channelAccountId === undefined && from === undefined && to === undefined
          ? sql``
          : sql`where c.item_id in (select item_id from asked)`
      }
      union all select distinct item_id, "group", account, '' from asked
      union all select item_id, "group", account, post from asked
    ), filled as materialized (
      select n.*, m.series, m.amounts, m.as_of, m.reading_ids,
        row_number() over (partition by n.item_id, n.account, n.post = ''
          order by m.series, n.post collate "C") as slot
      from nodes n left join reading_cells m on m.workspace_id = ${workspaceId}
        and m.item_id = n.item_id and m.publication_id = n.post
        and m.channel_account_id = case when n.post = '' then n.account else '' end
        and ${channelAccountId === undefined ? sql`true` : sql`n.account <> ''`}
    ), shapes as (
      select item_id, "group", string_agg(concat_ws(' ', account, (post <> '')::text, series::text),
        chr(10) order by account, post <> '', slot) as shape
      from filled group by item_id, "group"
    ), classes as materialized (
      select item_id, min(item_id) over same as class, row_number() over (same order by item_id) as place
      from shapes window same as (partition by "group", shape)
    ), sums as (
      select c.class, f.account, f.post <> '' as is_post, f.slot, u.series, sum(u.amount) as amount,
        max(u.amount) as largest, min(u.as_of) as as_of,
        min(u.mark) as first, max(u.mark) as last
      from filled f join classes c using (item_id)
      cross join lateral (
        select v.series, v.amount, v.as_of,
          case when v.series like '% followers %' then concat(
            to_char(v.as_of at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), ' ', v.id, ' ',
            v.amount) collate "C" end as mark
        from unnest(f.series, f.amounts, f.as_of, f.reading_ids) v(series, amount, as_of, id)
        where ${names === null ? sql`true` : sql`split_part(v.series, ' ', 1) in ${names}`}
      ) u
      group by 1, 2, 3, 4, 5
    ), cells as (
      select class, account, is_post, slot, json_agg(json_build_array(series, amount, largest,
        to_char(as_of at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), first, last)) as cells
      from sums group by 1, 2, 3, 4
    ), parts as (
      select c.class, min(f."group") as "group", f.account, f.post <> '' as is_post, f.slot,
        count(*)::integer as items,
        array_agg(f.item_id) filter (where c.place <= ${NAMES}) as item_names,
        array_agg(f.post) filter (where c.place <= ${NAMES}) as posts
      from filled f join classes c using (item_id)
      group by c.class, f.account, f.post <> '', f.slot
    )
    select p.*, coalesce(cells.cells, '[]') as cells
    from parts p left join cells using (class, account, is_post, slot)
    order by p."group", p.class, p.account, p.is_post, p.slot`;
}

/** What readings that a figure at the checkpoint may use are labelled with. */
function namesOf(checkpoint: string): string[] {
  const hours = checkpointAgeHours(checkpoint) ?? 0;
  const days = hours % 24 === 0 ? [`+${hours / 24}d`] : [];
  return ['', 'baseline', checkpoint, `+${hours}h`, ...days];
}

function alikeItems(rows: readonly NodeRow[]): AlikeItems {
  const [first] = rows;
  if (first === undefined) throw new RangeError('a class has a row of its items');
  const posts = rows.filter(({ is_post }) => is_post);
  const manyOf = (scopes: Scope[]) =>
    first.items === 1 ? {} : { many: { count: first.items, names: scopes } };
  return {
    itemId: first.class,
    ...manyOf(first.item_names.map((id) => `item:${id}` as const)),
    publications: posts.map((row) => ({
      id: postIdOf(row),
      channelAccountId: row.account,
      state: 'published',
      ...manyOf(row.posts.map((id) => `publication:${id}` as const)),
    })),
    readings: rows.flatMap(readingsOf),
  };
}

/** A class is called by one of its posts. */
function postIdOf({ posts, slot }: NodeRow): string {
  return posts[0] ?? slot;
}

function readingsOf(row: NodeRow): SummedReading[] {
  return row.cells.map(([name, sum, largest, asOf, first, last]) => {
    const { isStated, isProvisional, ...series } = seriesOf(name);
    const place = row.is_post
      ? { publicationId: postIdOf(row) }
      : row.account === ''
        ? {}
        : { channelAccountId: row.account };
    const reading = {
      ...series,
      ...place,
      id: `${row.class} ${row.account} ${row.is_post} ${row.slot} ${name}`,
      value: sum,
      asOf,
      source: isStated ? 'manual' : 'summed',
      provisional: isProvisional,
    };
    if (first === null || last === null) {
      return row.items === 1 ? reading : { ...reading, many: { count: row.items, largest } };
    }
    const cellOf = (mark: string) => {
      const [at = '', id = '', amount] = mark.split(' ');
      const value = Number(amount);
      return { value, reading: { ...reading, id, value, asOf: at } };
    };
    return {
      ...reading,
      many: { count: row.items, largest, first: cellOf(first), last: cellOf(last) },
    };
  });
}

/** Items with a post that went out, as the filter asks, by id. */
export async function listMeasuredItems(
  db: Db,
  filter: CellFilter & PageRequest,
): Promise<Page<{ id: string; title: string }>> {
  const { workspaceId, channelAccountId, from, to, cursor } = filter;
  const limit = pageLimit(filter);
  const [after = ''] = cursor === undefined ? [] : decodeTextCursor(cursor, 1);
  const { rows } = await db.execute<{ id: string; title: string }>(sql`
    select i.id, i.title from items i
    where i.workspace_id = ${workspaceId} and ${isAsked(filter, sql`i.id`)}
      and i.id collate "C" > ${after} and exists (
        select from publications p
        where p.workspace_id = ${workspaceId} and p.item_id = i.id and p.state = 'published'
        having count(*) > 0
          and ${from === undefined ? sql`true` : sql`min(p.published_at) >= ${from}::timestamptz`}
          and ${to === undefined ? sql`true` : sql`min(p.published_at) < ${to}::timestamptz`}
          and ${channelAccountId === undefined ? sql`true` : sql`bool_or(p.channel_account_id = ${channelAccountId})`}
      )
    order by i.id collate "C" limit ${limit + 1}`);
  return toPage(rows, limit, ({ id }) => [id]);
}
