import { and, asc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { items, publications } from '../schema/index.ts';
import { type CellFilter, isAsked } from './reading-cells.ts';

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

/** Posts of an account that went out between two instants, oldest first. */
export async function listPostsOut(
  db: Db,
  request: {
    workspaceId: string;
    channelAccountId: string;
    from: string;
    to: string;
    limit: number;
  },
): Promise<{ publicationId: string; itemId: string; title: string; publishedAt: string }[]> {
  const { workspaceId, channelAccountId, from, to, limit } = request;
  const rows = await db
    .select({
      publicationId: publications.id,
      itemId: publications.itemId,
      title: items.title,
      publishedAt: publications.publishedAt,
    })
    .from(publications)
    .innerJoin(
      items,
      and(eq(items.id, publications.itemId), eq(items.workspaceId, publications.workspaceId)),
    )
    .where(
      and(
        eq(publications.workspaceId, workspaceId),
        eq(publications.channelAccountId, channelAccountId),
        eq(publications.state, 'published'),
        gte(publications.publishedAt, from),
        lt(publications.publishedAt, to),
      ),
    )
    .orderBy(asc(publications.publishedAt), asc(publications.id))
    .limit(limit);
  return rows.map((row) => ({ ...row, publishedAt: row.publishedAt ?? '' }));
}
