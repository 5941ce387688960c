import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

/** Where a publication is seen, and the page that it leads to; null where there is none. */
export interface PublishedPage {
  permalink: string | null;
  page: string | null;
}

/** The link of the channel's variant, or else the page that the brief calls to. */
export async function readPublishedPage(
  db: Db,
  asked: { workspaceId: string; itemId: string; publicationId: string; channel: string },
): Promise<PublishedPage> {
  const { workspaceId, itemId, publicationId, channel } = asked;
  const { rows } = await db.execute<{ permalink: string | null; page: string | null }>(sql`
    select p.permalink, coalesce(v.link, b.body #>> '{callToAction,url}') as page
    from items i
    left join publications p on p.id = ${publicationId} and p.workspace_id = i.workspace_id
    left join drafts d on d.item_id = i.id and d.workspace_id = i.workspace_id
      and d.hash = i.snapshot #>> '{context,draft,hash}'
    left join briefs b on b.item_id = i.id and b.workspace_id = i.workspace_id
      and b.hash = i.snapshot #>> '{context,brief,hash}'
    left join lateral (
      select o ->> 'link' as link from jsonb_array_elements(d.body -> 'variants') o
      where o ->> 'channel' = ${channel} limit 1
    ) v on true
    where i.id = ${itemId} and i.workspace_id = ${workspaceId}
    order by d.version desc, b.version desc limit 1`);
  return rows[0] ?? { permalink: null, page: null };
}
