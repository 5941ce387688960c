import { and, asc, eq, gte, lt, notInArray, sql } from 'drizzle-orm';
import type { PublicationState } from '../domain/item-context.ts';
import type { Stage } from '../domain/stages.ts';
import type { Db } from './client.ts';
import { ifGiven } from './conditions.ts';
import { decodeInstantCursor, type Page, type PageRequest, pageLimit, toPage } from './paging.ts';
import type { PublicationRow } from './publications.ts';
import { channelAccounts, items, publications } from './schema/index.ts';

/** States of what will not be, or is not, on the channel. */
export const CANCELLED_STATES: PublicationState[] = ['skipped', 'rejected', 'not_live'];

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
  const limit = pageLimit(filter);
  const rows = await selectCalendar(db, filter, {
    cursor: filter.cursor,
    limit: limit + 1,
  });
  return toPage(rows, limit, ({ publication }) => [publication.at, publication.id]);
}

/** The whole of a range in one answer, cut off after `limit`: what a feed shows. */
export async function readCalendar(
  db: Db,
  { limit, ...filter }: CalendarFilter & { limit: number },
): Promise<CalendarRow[]> {
  return selectCalendar(db, filter, { cursor: undefined, limit });
}

async function selectCalendar(
  db: Db,
  filter: CalendarFilter,
  { cursor, limit }: { cursor: string | undefined; limit: number },
): Promise<CalendarRow[]> {
  return db
    .select({
      publication: publications,
      title: items.title,
      campaignId: items.campaignId,
      stage: items.stage,
      clockOffsetMs: items.clockOffsetMs,
      accountName: channelAccounts.name,
    })
    .from(publications)
    .innerJoin(items, eq(items.id, publications.itemId))
    .leftJoin(
      channelAccounts,
      and(
        eq(channelAccounts.id, publications.channelAccountId),
        eq(channelAccounts.workspaceId, publications.workspaceId),
      ),
    )
    .where(
      and(
        eq(publications.workspaceId, filter.workspaceId),
        gte(publications.at, filter.from),
        lt(publications.at, filter.to),
        ...ifGiven(filter.channelAccountId, (id) => eq(publications.channelAccountId, id)),
        ...ifGiven(filter.campaignId, (id) => eq(items.campaignId, id)),
        filter.cancelled === true ? undefined : notInArray(publications.state, CANCELLED_STATES),
        ...ifGiven(cursor, (text) => {
          const { at, id } = decodeInstantCursor(text);
          return sql`(${publications.at}, ${publications.id}) > (${at}::timestamptz, ${id})`;
        }),
      ),
    )
    .orderBy(asc(publications.at), asc(publications.id))
    .limit(limit);
}
