import { and, desc, eq, gt, inArray, isNull, lte } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { notices } from '../schema/index.ts';

export type NoticeRow = typeof notices.$inferSelect;
export type NewNotice = Omit<NoticeRow, 'id' | 'at' | 'readAt'>;

/** Stores notices. @returns those whose cause their member had not been told of. */
export async function insertNotices(db: Db, rows: readonly NewNotice[]): Promise<NoticeRow[]> {
  if (rows.length === 0) return [];
  return db
    .insert(notices)
    .values(rows.map((row) => ({ id: newId('notice'), ...row })))
    .onConflictDoNothing()
    .returning();
}

interface Reader {
  workspaceId: string;
  memberId: string;
}

/** What a member is told in Baton itself, newest first. */
export async function listNotices(
  db: Db,
  request: PageRequest & Reader & { unread?: boolean | undefined },
): Promise<Page<NoticeRow>> {
  const page = pageBy(notices, 'at', request, desc);
  const rows = await db
    .select()
    .from(notices)
    .where(
      and(
        isSeenBy(request),
        ...ifGiven(request.unread, (unread) => (unread ? isNull(notices.readAt) : undefined)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Again keeps the first instant. @returns null when the member sees no such notice in Baton. */
export async function markRead(
  db: Db,
  { id, ...reader }: Reader & { id: string },
): Promise<NoticeRow | null> {
  const ofMember = and(isSeenBy(reader), eq(notices.id, id));
  await db
    .update(notices)
    .set(readNow())
    .where(and(ofMember, isNull(notices.readAt)));
  const [row] = await db.select().from(notices).where(ofMember);
  return row ?? null;
}

/** Marks all up to an instant. @returns how many were unread. */
export async function markAllRead(
  db: Db,
  { until, ...reader }: Reader & { until: string },
): Promise<number> {
  const { rowCount } = await db
    .update(notices)
    .set(readNow())
    .where(and(isSeenBy(reader), isNull(notices.readAt), lte(notices.at, until)));
  return rowCount ?? 0;
}

/** Members who were reminded of an item after an instant, other than by these notices. */
export async function findReminded(
  db: Db,
  {
    workspaceId,
    itemIds,
    memberIds,
    after,
  }: {
    workspaceId: string;
    itemIds: readonly string[];
    memberIds: readonly string[];
    after: string;
  },
): Promise<{ id: string; memberId: string; itemId: string | null }[]> {
  if (itemIds.length === 0 || memberIds.length === 0) return [];
  return db
    .select({ id: notices.id, memberId: notices.memberId, itemId: notices.itemId })
    .from(notices)
    .where(
      and(
        eq(notices.workspaceId, workspaceId),
        eq(notices.kind, 'reminder'),
        inArray(notices.itemId, [...itemIds]),
        inArray(notices.memberId, [...memberIds]),
        gt(notices.at, after),
      ),
    );
}

function readNow() {
  return { readAt: new Date().toISOString() };
}

/** One that only leaves by mail or Slack is never read here: that would cancel it. */
function isSeenBy({ workspaceId, memberId }: Reader) {
  return and(
    eq(notices.workspaceId, workspaceId),
    eq(notices.memberId, memberId),
    eq(notices.inApp, true),
  );
}
