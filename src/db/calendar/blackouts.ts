import { and, asc, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { lockSends } from '../publishing/send-blocks.ts';
import { blackouts } from '../schema/index.ts';

export type BlackoutRow = typeof blackouts.$inferSelect;

export type NewBlackout = Pick<
  BlackoutRow,
  'workspaceId' | 'channel' | 'channelAccountId' | 'startsAt' | 'endsAt' | 'reason' | 'createdBy'
>;

/** From the commit on nothing goes out in the window. Call it in a transaction. */
export async function insertBlackout(tx: Db, blackout: NewBlackout): Promise<BlackoutRow> {
  await lockSends(tx, blackout);
  const [row] = await tx
    .insert(blackouts)
    .values({ id: newId('blackout'), ...blackout })
    .returning();
  if (row === undefined) throw new Error('insert of a blackout returned no row');
  return row;
}

/**
 * Its row stays, with who removed it.
 * @returns null when the workspace has no such window, or it is removed already.
 */
export async function removeBlackout(
  db: Db,
  { workspaceId, id, removedBy }: { workspaceId: string; id: string; removedBy: string },
): Promise<BlackoutRow | null> {
  const [row] = await db
    .update(blackouts)
    .set({ removedBy, removedAt: sql`now()` })
    .where(and(eq(blackouts.id, id), eq(blackouts.workspaceId, workspaceId), isStanding()))
    .returning();
  return row ?? null;
}

/** Standing windows of a workspace that touch a range, by their start. */
export async function listBlackouts(
  db: Db,
  {
    workspaceId,
    from,
    to,
    ...request
  }: PageRequest & { workspaceId: string; from?: string | undefined; to?: string | undefined },
): Promise<Page<BlackoutRow>> {
  const page = pageBy(blackouts, 'startsAt', request);
  const rows = await db
    .select()
    .from(blackouts)
    .where(
      and(
        eq(blackouts.workspaceId, workspaceId),
        isStanding(),
        ...ifGiven(from, (at) => gt(blackouts.endsAt, at)),
        ...ifGiven(to, (at) => lt(blackouts.startsAt, at)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Every window in force that touches a range: what a plan is checked against. */
export async function findBlackouts(
  db: Db,
  { workspaceId, from, to }: { workspaceId: string; from: string; to: string },
): Promise<BlackoutRow[]> {
  return db
    .select()
    .from(blackouts)
    .where(
      and(
        eq(blackouts.workspaceId, workspaceId),
        isStanding(),
        gt(blackouts.endsAt, from),
        sql`${blackouts.startsAt} <= ${to}::timestamptz`,
      ),
    )
    .orderBy(asc(blackouts.startsAt), asc(blackouts.id));
}

/** Whether the window covers what an account would post at an instant; its end is outside. */
export function isBlackedOut(
  { channel, channelAccountId, startsAt, endsAt }: BlackoutRow,
  account: { id: string; channel: string },
  at: string,
): boolean {
  const ms = Date.parse(at);
  return (
    (channel === null || channel === account.channel) &&
    (channelAccountId === null || channelAccountId === account.id) &&
    Date.parse(startsAt) <= ms &&
    ms < Date.parse(endsAt)
  );
}

function isStanding() {
  return isNull(blackouts.removedAt);
}
