import { and, asc, desc, eq, gte, lt, notInArray, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import { ENDED_STATES } from '../../domain/item/publication-states.ts';
import type { Stage } from '../../domain/item/stages.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { type Page, type PageRequest, pageBy, pageLimit, toPage } from '../paging.ts';
import type { PublicationRow } from '../publishing/publications.ts';
import { channelAccounts, items, publications, renames } from '../schema/index.ts';

export interface CalendarRow {
  publication: PublicationRow;
  title: string;
  campaignId: string | null;
  stage: Stage;
  clockOffsetMs: number;
  /** Null when the account is gone. */
  accountName: string | null;
}

export interface CalendarFilter extends PageRequest {
  workspaceId: string;
  from: string;
  /** Not included. */
  to: string;
  channelAccountId?: string | undefined;
  campaignId?: string | undefined;
  /** With what was cancelled. */
  cancelled?: boolean | undefined;
}

/** Publications of a range by their planned time. */
export async function listCalendar(db: Db, filter: CalendarFilter): Promise<Page<CalendarRow>> {
  const page = pageBy(publications, 'at', filter);
  const rows = await db
    .select(calendarColumns)
    .from(publications)
    .innerJoin(items, eq(items.id, publications.itemId))
    .leftJoin(channelAccounts, isAccountOfPublication())
    .where(and(isInCalendar(filter), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return toPage(rows, pageLimit(filter), ({ publication }) => [publication.at, publication.id]);
}

/** What a feed shows of a calendar, and how often the names in it have changed. */
export interface FeedRow extends CalendarRow {
  renames: number;
  /** Null when neither item nor account was ever renamed. */
  renamedAt: string | null;
}

/**
 * What a feed shows: what lies ahead of `now` by its time, soonest first, and of the rest of `limit` what
 * lies behind, latest first. However many posts there were, they leave those that come in the feed.
 * @returns in the order of time.
 */
export async function readFeed(
  db: Db,
  { now, limit, ...filter }: Omit<CalendarFilter, 'cancelled'> & { now: string; limit: number },
): Promise<FeedRow[]> {
  const shown = { ...filter, cancelled: true };
  const ahead = await selectFeed(db, { ...shown, from: now }, { order: asc, limit });
  const left = limit - ahead.length;
  const behind = await selectFeed(db, { ...shown, to: now }, { order: desc, limit: left });
  return [...behind.reverse(), ...ahead];
}

/**
 * What changes with anything that a feed of these rows shows, computed where the rows are: most who
 * ask for a feed have it already.
 */
export async function readFeedVersion(
  db: Db,
  {
    workspaceId,
    from,
    to,
    nowMs,
  }: Pick<CalendarFilter, 'workspaceId' | 'from' | 'to'> & {
    nowMs: number;
  },
): Promise<string> {
  const { rows } = await db.execute<{ version: string }>(sql`
select md5(concat(count(*), ':', sum(hash_record_extended(shown, 0)))) as version from (
  select p.id, p.at, p.zone, p.state, p.channel, p.permalink, p.changed_at, p.changed_seq,
    p.embargo_until, p.embargo_until is not null and p.embargo_until
      <= ${new Date(nowMs).toISOString()}::timestamptz + i.clock_offset_ms * interval '1 millisecond',
    i.title, i.campaign_id, i.clock_offset_ms, p.channel_account_id, a.name,
    ri.count, ri.last_at, ra.count, ra.last_at
  from publications p
  join items i on i.id = p.item_id
  left join channel_accounts a on a.id = p.channel_account_id and a.workspace_id = p.workspace_id
  left join renames ri on ri.subject_id = p.item_id
  left join renames ra on ra.subject_id = p.channel_account_id
  where p.workspace_id = ${workspaceId} and p.at >= ${from} and p.at < ${to}
) shown`);
  return rows[0]?.version ?? '';
}

async function selectFeed(
  db: Db,
  filter: CalendarFilter,
  { order, limit }: { order: typeof asc; limit: number },
): Promise<FeedRow[]> {
  const item = alias(renames, 'item_renames');
  const account = alias(renames, 'account_renames');
  const rows = await db
    .select({
      ...calendarColumns,
      itemRenames: item.count,
      accountRenames: account.count,
      renamedAt: sql<string | null>`greatest(${item.lastAt}, ${account.lastAt})`,
    })
    .from(publications)
    .innerJoin(items, eq(items.id, publications.itemId))
    .leftJoin(channelAccounts, isAccountOfPublication())
    .leftJoin(item, eq(item.subjectId, publications.itemId))
    .leftJoin(account, eq(account.subjectId, publications.channelAccountId))
    .where(isInCalendar(filter))
    .orderBy(order(publications.at), order(publications.id))
    .limit(limit);
  return rows.map(({ itemRenames, accountRenames, renamedAt, ...row }) => ({
    ...row,
    renames: (itemRenames ?? 0) + (accountRenames ?? 0),
    renamedAt: renamedAt === null ? null : new Date(renamedAt).toISOString(),
  }));
}

const calendarColumns = {
  publication: publications,
  title: items.title,
  campaignId: items.campaignId,
  stage: items.stage,
  clockOffsetMs: items.clockOffsetMs,
  accountName: channelAccounts.name,
};

function isAccountOfPublication() {
  return and(
    eq(channelAccounts.id, publications.channelAccountId),
    eq(channelAccounts.workspaceId, publications.workspaceId),
  );
}

function isInCalendar(filter: CalendarFilter) {
  return and(
    eq(publications.workspaceId, filter.workspaceId),
    gte(publications.at, filter.from),
    lt(publications.at, filter.to),
    ...ifGiven(filter.channelAccountId, (id) => eq(publications.channelAccountId, id)),
    ...ifGiven(filter.campaignId, (id) => eq(items.campaignId, id)),
    filter.cancelled === true ? undefined : notInArray(publications.state, [...ENDED_STATES]),
  );
}
