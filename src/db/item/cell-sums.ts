import { type SQL, sql } from 'drizzle-orm';
import { checkpointAgeHours, type Scope, type SummedReading } from '../../domain/kpi/readings.ts';
import type { AlikeItems } from '../../domain/kpi/roll-up/alike-items.ts';
import { seriesOf } from '../../domain/kpi/roll-up/series.ts';
import type { Db } from '../client.ts';
import { type CellFilter, isAsked } from './reading-cells.ts';

/** Parts of one shape are named up to this number. */
const NAMES = 20;

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
      select n.*, m.ctid as cell, m.shape,
        row_number() over (partition by n.item_id, n.account, n.post = ''
          order by m.shape, n.post collate "C") as slot
      from nodes n left join reading_cells m on m.workspace_id = ${workspaceId}
        and m.item_id = n.item_id and m.publication_id = n.post
        and m.channel_account_id = case when n.post = '' then n.account else '' end
        and ${channelAccountId === undefined ? sql`true` : sql`n.account <> ''`}
    ), shapes as (
      select item_id, "group", string_agg(concat_ws(' ', account, (post <> '')::text, shape),
        chr(10) order by account collate "C", post <> '', slot) as shape
      from filled group by item_id, "group"
    ), classes as (
      select item_id, min(item_id) over same as class, row_number() over (same order by item_id) as place
      from shapes window same as (partition by "group", shape)
    ), members as materialized (
      select f.*, c.class, c.place, dense_rank() over
        (order by f."group", c.class, f.account, f.post <> '', f.slot) as part
      from filled f join classes c using (item_id)
    ), parts as (
      select part, min("group") as "group", min(class) as class, min(account) as account,
        bool_or(post <> '') as is_post, min(slot) as slot, count(*)::integer as items,
        array_agg(item_id) filter (where place <= ${NAMES}) as item_names,
        array_agg(post) filter (where place <= ${NAMES}) as posts
      from members group by part
    ), series as materialized (
      select b.part, s.name, s.at from members b cross join lateral ${CELL} m
      cross join lateral unnest(m.series) with ordinality s(name, at)
      where b.place = 1 and ${names === null ? sql`true` : sql`split_part(s.name, ' ', 1) in ${names}`}
    ), sums as (
      select part, at, sum(amount) as amount, max(amount) as largest, min(as_of) as as_of
      from (select b.part, unnest(m.amounts) as amount, unnest(m.as_of) as as_of,
              generate_subscripts(m.amounts, 1) as at
            from members b cross join lateral ${CELL} m) entries
      group by part, at
    ), ends as (
      select part, at, min(mark) as first, max(mark) as last
      from (select s.part, s.at, concat(${instantOf(sql`m.as_of[s.at]`)}, ' ', m.reading_ids[s.at], ' ',
              m.amounts[s.at]) collate "C" as mark
            from series s join members b using (part) cross join lateral ${CELL} m
            where s.name like '% followers %') marks
      group by part, at
    ), cells as (
      select part, json_agg(json_build_array(s.name, u.amount, u.largest, ${instantOf(sql`u.as_of`)},
        e.first, e.last) order by at) as cells
      from series s join sums u using (part, at) left join ends e using (part, at)
      group by part
    )
    select p.*, coalesce(cells.cells, '[]') as cells
    from parts p left join cells using (part)
    order by p.part`;
}

/** The row of `b`, fetched from where it is: a join might read the table from end to end. */
const CELL = sql`(select * from reading_cells where ctid = b.cell offset 0)`;

function instantOf(time: SQL): SQL {
  return sql`to_char(${time} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
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
