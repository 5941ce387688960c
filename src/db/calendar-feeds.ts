import { createHash, randomBytes } from 'node:crypto';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { Db } from './client.ts';
import { newId } from './ids.ts';
import { calendarFeeds, members } from './schema/index.ts';

/** A feed without the hash of its secret. */
export type CalendarFeed = Omit<typeof calendarFeeds.$inferSelect, 'secretHash'>;

const feedColumns = {
  id: calendarFeeds.id,
  workspaceId: calendarFeeds.workspaceId,
  memberId: calendarFeeds.memberId,
  channelAccountId: calendarFeeds.channelAccountId,
  campaignId: calendarFeeds.campaignId,
  createdAt: calendarFeeds.createdAt,
  revokedAt: calendarFeeds.revokedAt,
};

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

/** The standing feed of a secret, while its member is active. The secret has 256 random bits. */
export async function findCalendarFeed(db: Db, secret: string): Promise<CalendarFeed | null> {
  if (!SECRET.test(secret)) return null;
  const [row] = await db
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
        eq(calendarFeeds.secretHash, hashSecret(secret)),
        isNull(calendarFeeds.revokedAt),
        eq(members.active, true),
      ),
    );
  return row ?? null;
}

/** Standing feeds of a member, oldest first. */
export async function listCalendarFeeds(
  db: Db,
  { workspaceId, memberId }: { workspaceId: string; memberId: string },
): Promise<CalendarFeed[]> {
  return db
    .select(feedColumns)
    .from(calendarFeeds)
    .where(
      and(
        eq(calendarFeeds.workspaceId, workspaceId),
        eq(calendarFeeds.memberId, memberId),
        isNull(calendarFeeds.revokedAt),
      ),
    )
    .orderBy(asc(calendarFeeds.createdAt), asc(calendarFeeds.id));
}

/**
 * Ends a feed for good.
 * @param memberId whose feed it has to be; left out for any of the workspace.
 * @returns false when there is no such standing feed.
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
