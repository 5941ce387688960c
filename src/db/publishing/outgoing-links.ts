import { and, asc, eq, sql } from 'drizzle-orm';
import type { LinkGround, LinkRule, OutgoingLink } from '../../domain/links/outgoing-link.ts';
import { slugOf } from '../../domain/links/utm.ts';
import type { Db } from '../client.ts';
import { type ItemKey, isOfItem } from '../item/items.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { linkClicks, outgoingLinks } from '../schema/index.ts';
import { byCredential } from '../workspace-scope.ts';

export type OutgoingLinkRow = typeof outgoingLinks.$inferSelect;

/** What links are sent with, and what of the campaign is in them: null for no name that has a slug. */
export type StoredLinkGround = LinkGround & { campaign: string | null };

/**
 * What the playbook that the item pinned says of links, and what its campaign is called: as it was when a
 * content was submitted, and as it is today where none is asked for.
 * @throws Error without the item: its links must not go out as if there were no rule.
 */
export async function readLinkGround(
  db: Db,
  {
    workspaceId,
    itemId,
    title,
    contentHash,
  }: ItemKey & { title: string; contentHash: string | null },
): Promise<StoredLinkGround> {
  const { rows } = await db.execute<{
    rule: LinkRule | null;
    name: string | null;
    isKept: boolean | null;
    kept: string | null;
  }>(sql`
    select p.data -> 'links' as rule, c.name,
      jsonb_exists(submitted.data, 'linkCampaign') as "isKept",
      submitted.data ->> 'linkCampaign' as kept
    from items i
    left join playbooks p on p.workspace_id = i.workspace_id
      and p.name = i.playbook_name and p.version = i.playbook_version
    left join campaigns c on c.id = i.campaign_id and c.workspace_id = i.workspace_id
    left join lateral (
      select e.data from item_events e
      where e.workspace_id = i.workspace_id and e.item_id = i.id and e.type = 'review.submitted'
        and e.data ->> 'contentHash' = ${contentHash}::text
      order by e.seq desc limit 1
    ) submitted on true
    where i.id = ${itemId} and i.workspace_id = ${workspaceId}`);
  const [found] = rows;
  if (found === undefined) throw new Error(`there is no item ${itemId}`);
  const { rule, name, isKept, kept } = found;
  // What was submitted before that was kept goes by the name of today.
  const campaign = isKept === true ? kept : slugOf(name ?? '') || null;
  const names = [...(campaign === null ? [] : [campaign]), title, itemId];
  return { workspaceId, itemId, rule, names, campaign };
}

/**
 * The link as the first attempt to send it had it: a campaign that is renamed since changes no post.
 * @throws Error when another link has its code.
 */
export async function keepOutgoingLink(
  db: Db,
  { code, ...link }: ItemKey & OutgoingLink,
): Promise<OutgoingLinkRow> {
  const { workspaceId, publicationId, written, address, target } = link;
  const kept = () =>
    db
      .select()
      .from(outgoingLinks)
      .where(and(eq(outgoingLinks.id, code), eq(outgoingLinks.workspaceId, workspaceId)));
  let [row] = await kept();
  if (row === undefined) {
    const isShort = address !== target;
    await db
      .insert(outgoingLinks)
      .values({ id: code, isShort, ...link })
      .onConflictDoNothing();
    [row] = await kept();
  }
  if (row?.publicationId !== publicationId || row.written !== written) {
    throw new Error(`the code ${code} is of another link`);
  }
  return row;
}

/** An item's links as they were sent, with the clicks that were counted on each; oldest first. */
export async function listOutgoingLinks(
  db: Db,
  request: ItemKey & PageRequest,
): Promise<Page<OutgoingLinkRow & { clicks: number }>> {
  const page = pageBy(outgoingLinks, 'createdAt', request, asc);
  const rows = await db
    .select()
    .from(outgoingLinks)
    .where(and(isOfItem(outgoingLinks, request), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  const { items, ...rest } = page.of(rows);
  const clicks = await clicksOf(db, { ...request, codes: items.map(({ id }) => id) });
  return { items: items.map((row) => ({ ...row, clicks: clicks.get(row.id) ?? 0 })), ...rest };
}

async function clicksOf(
  db: Db,
  { workspaceId, codes }: { workspaceId: string; codes: readonly string[] },
): Promise<Map<string, number>> {
  const rows = await db
    .select({ id: linkClicks.linkId, clicks: sql<string>`sum(${linkClicks.clicks})` })
    .from(linkClicks)
    .where(
      and(
        eq(linkClicks.workspaceId, workspaceId),
        sql`${linkClicks.linkId} = any(${sql.param(codes)}::text[])`,
      ),
    )
    .groupBy(linkClicks.linkId);
  return new Map(rows.map(({ id, clicks }) => [id, Number(clicks)]));
}

/** Where a short link leads, and whose it is. */
export interface ShortLink {
  workspaceId: string;
  target: string;
}

/** @returns null for a code of no short link. */
export async function findShortLink(db: Db, code: string): Promise<ShortLink | null> {
  const { workspaceId, target } = outgoingLinks;
  const [row] = await byCredential({ of: 'outgoing_links', id: code }, () =>
    db
      .select({ workspaceId, target })
      .from(outgoingLinks)
      .where(and(eq(outgoingLinks.id, code), outgoingLinks.isShort))
      .execute(),
  );
  return row ?? null;
}

/** Clicks of one day (UTC) on one link. */
export interface DayClicks {
  code: string;
  day: string;
  clicks: number;
}

/** Adds to what was counted, in one statement. */
export async function addClicks(
  db: Db,
  { workspaceId, counted }: { workspaceId: string; counted: readonly DayClicks[] },
): Promise<void> {
  // In one order, so that two programs that add at once do not wait for each other.
  const rows = counted.toSorted((a, b) => (a.code + a.day < b.code + b.day ? -1 : 1));
  await db.execute(sql`
    insert into link_clicks (link_id, workspace_id, day, clicks)
    select code, ${workspaceId}, day, clicks
    from unnest(${sql.param(rows.map(({ code }) => code))}::text[],
      ${sql.param(rows.map(({ day }) => day))}::date[],
      ${sql.param(rows.map(({ clicks }) => clicks))}::bigint[]) as counted (code, day, clicks)
    on conflict (link_id, day) do update set clicks = link_clicks.clicks + excluded.clicks`);
}

/** Clicks on a publication's short links; null where none was sent. */
export async function countClicks(
  db: Db,
  { workspaceId, publicationId }: { workspaceId: string; publicationId: string },
): Promise<number | null> {
  const { rows } = await db.execute<{ links: string; clicks: string }>(sql`
    select count(distinct l.id) as links, coalesce(sum(c.clicks), 0) as clicks
    from outgoing_links l
    left join link_clicks c on c.link_id = l.id and c.workspace_id = l.workspace_id
    where l.workspace_id = ${workspaceId} and l.publication_id = ${publicationId} and l.is_short`);
  const [{ links, clicks } = { links: 0, clicks: 0 }] = rows;
  return Number(links) === 0 ? null : Number(clicks);
}
