import { createHash, randomBytes } from 'node:crypto';
import { and, count, eq, getTableColumns, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { calendarFeeds, members } from '../schema/index.ts';
import { byCredential } from '../workspace-scope.ts';

/** A feed without the hash of its secret. */
export type CalendarFeed = Omit<typeof calendarFeeds.$inferSelect, 'secretHash'>;

const { secretHash: _, ...feedColumns } = getTableColumns(calendarFeeds);

/** 32 random bytes, base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Makes a feed. `secret` is its only copy. */
export async function createCalendarFeed(
  db: Db,
  feed: Pick<CalendarFeed, 'workspaceId' | 'memberId' | 'channelAccountId' | 'campaignId'>,
): Promise<{ id: string; secret: string }> {
  const id = newId('calendarFeed');
  const secret = randomBytes(32).toString('base64url');
  await db.insert(calendarFeeds).values({ id, ...feed, secretHash: hashSecret(secret) });
  return { id, secret };
}

/** The feed of a secret that was not revoked, while its member is active. The secret has 256 random bits. */
export async function findCalendarFeed(db: Db, secret: string): Promise<CalendarFeed | null> {
  if (!SECRET.test(secret)) return null;
  const secretHash = hashSecret(secret);
  const [row] = await byCredential({ of: 'calendar_feeds', secretHash }, () =>
    db
      .select(feedColumns)
      .from(calendarFeeds)
      .innerJoin(
        members,
        and(
          eq(members.id, calendarFeeds.memberId),
          eq(members.workspaceId, calendarFeeds.workspaceId),
        ),
      )
      .where(
        and(
          eq(calendarFeeds.secretHash, secretHash),
          isNull(calendarFeeds.revokedAt),
          eq(members.active, true),
        ),
      )
      .execute(),
  );
  return row ?? null;
}

/** Standing feeds of a member, oldest first. */
export async function listCalendarFeeds(
  db: Db,
  request: PageRequest & FeedHolder,
): Promise<Page<CalendarFeed>> {
  const page = pageBy(calendarFeeds, 'createdAt', request);
  const rows = await db
    .select(feedColumns)
    .from(calendarFeeds)
    .where(and(isStandingOf(request), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** How many feeds a member has that were not revoked. */
export async function countCalendarFeeds(db: Db, member: FeedHolder): Promise<number> {
  const [row] = await db.select({ feeds: count() }).from(calendarFeeds).where(isStandingOf(member));
  return row?.feeds ?? 0;
}

interface FeedHolder {
  workspaceId: string;
  memberId: string;
}

function isStandingOf({ workspaceId, memberId }: FeedHolder) {
  return and(
    eq(calendarFeeds.workspaceId, workspaceId),
    eq(calendarFeeds.memberId, memberId),
    isNull(calendarFeeds.revokedAt),
  );
}

/**
 * Ends a feed for good.
 * @param memberId whose feed it has to be; left out for any of the workspace.
 * @returns false when there is no such feed.
 */
export async function revokeCalendarFeed(
  db: Db,
  { workspaceId, id, memberId }: { workspaceId: string; id: string; memberId?: string | undefined },
): Promise<boolean> {
  const { rowCount } = await db
    .update(calendarFeeds)
    .set({ revokedAt: sql`now()` })
    .where(
      and(
        eq(calendarFeeds.id, id),
        eq(calendarFeeds.workspaceId, workspaceId),
        isNull(calendarFeeds.revokedAt),
        memberId === undefined ? undefined : eq(calendarFeeds.memberId, memberId),
      ),
    );
  return rowCount === 1;
}

function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}
