import { and, asc, desc, eq, inArray, lte, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { members, noticeSends, notices } from '../schema/index.ts';
import type { SendState, SentChannel } from '../schema/telling/notices.ts';
import { inTransaction } from '../transaction.ts';
import type { MemberRow } from '../workspace/members.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';
import type { NoticeRow } from './notices.ts';

export type NoticeSendRow = typeof noticeSends.$inferSelect;
export type NewNoticeSend = Pick<
  NoticeSendRow,
  'workspaceId' | 'noticeId' | 'memberId' | 'channel' | 'batch' | 'dueAt'
>;

export async function insertNoticeSends(db: Db, rows: readonly NewNoticeSend[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insert(noticeSends)
    .values(rows.map((row) => ({ id: newId('noticeSend'), ...row })))
    .onConflictDoNothing();
}

export interface DueBatch {
  workspaceId: string;
  batch: string;
}

/** Messages of every workspace that are due on a channel, those that wait longest first. */
export async function listDueBatches(
  db: Db,
  { channel, limit }: { channel: SentChannel; limit: number },
): Promise<DueBatch[]> {
  return acrossWorkspaces('unsent_notices', () =>
    db
      .select({ workspaceId: noticeSends.workspaceId, batch: noticeSends.batch })
      .from(noticeSends)
      .where(and(eq(noticeSends.channel, channel), isDue()))
      .groupBy(noticeSends.workspaceId, noticeSends.batch)
      .orderBy(asc(sql`min(${noticeSends.dueAt})`), asc(noticeSends.batch))
      .limit(limit)
      .execute(),
  );
}

/** One notice on its way. */
export interface ClaimedSend {
  send: NoticeSendRow;
  notice: NoticeRow;
  member: MemberRow;
}

/**
 * Takes a message for `leaseMs`: nobody else sends it meanwhile.
 * @returns its notices, oldest first; none when somebody else has it.
 */
export function claimBatch(
  db: Db,
  { workspaceId, batch, channel, leaseMs }: DueBatch & { channel: SentChannel; leaseMs: number },
): Promise<ClaimedSend[]> {
  const isOfBatch = and(
    eq(noticeSends.workspaceId, workspaceId),
    eq(noticeSends.batch, batch),
    eq(noticeSends.channel, channel),
    isDue(),
  );
  return inTransaction(db, async (tx) => {
    // One message is never shared by two senders.
    const lock = sql`select pg_try_advisory_xact_lock(hashtextextended(${`notices:${batch}`}, 0)) as got`;
    const { rows } = await tx.execute<{ got: boolean }>(lock);
    if (rows[0]?.got !== true) return [];
    const due = await tx
      .select({ id: noticeSends.id })
      .from(noticeSends)
      .where(isOfBatch)
      .orderBy(asc(noticeSends.id))
      .limit(MAX_BATCH)
      .for('update', { skipLocked: true });
    if (due.length === 0) return [];
    const ids = due.map(({ id }) => id);
    await tx
      .update(noticeSends)
      .set({
        attempts: sql`${noticeSends.attempts} + 1`,
        dueAt: sql`now() + ${leaseMs} * interval '1 millisecond'`,
      })
      .where(and(eq(noticeSends.workspaceId, workspaceId), inArray(noticeSends.id, ids)));
    return tx
      .select({ send: noticeSends, notice: notices, member: members })
      .from(noticeSends)
      .innerJoin(notices, eq(notices.id, noticeSends.noticeId))
      .innerJoin(members, eq(members.id, noticeSends.memberId))
      .where(and(eq(noticeSends.workspaceId, workspaceId), inArray(noticeSends.id, ids)))
      .orderBy(asc(noticeSends.id));
  });
}

/** More notices than this in one message are read by nobody; the rest is the next message. */
const MAX_BATCH = 100;

/** What became of sends: `pending` ones are due again later. */
export async function settleSends(
  db: Db,
  {
    workspaceId,
    ids,
    ...outcome
  }: {
    workspaceId: string;
    ids: readonly string[];
    state: SendState;
    dueAt?: string;
    lastError: string | null;
    /** False: nothing was tried. */
    counts?: boolean;
  },
): Promise<void> {
  if (ids.length === 0) return;
  const { state, dueAt, lastError, counts = true } = outcome;
  await db
    .update(noticeSends)
    .set({
      state,
      lastError,
      ...(dueAt !== undefined && { dueAt }),
      ...(!counts && { attempts: sql`greatest(${noticeSends.attempts} - 1, 0)` }),
      ...(state !== 'pending' && { settledAt: new Date().toISOString() }),
    })
    .where(and(eq(noticeSends.workspaceId, workspaceId), inArray(noticeSends.id, [...ids])));
}

/** Sends of a workspace, newest first. */
export async function listNoticeSends(
  db: Db,
  request: PageRequest & { workspaceId: string; state?: SendState | undefined },
): Promise<Page<NoticeSendRow>> {
  const page = pageBy(noticeSends, 'createdAt', request, desc);
  const rows = await db
    .select()
    .from(noticeSends)
    .where(
      and(
        eq(noticeSends.workspaceId, request.workspaceId),
        ...ifGiven(request.state, (state) => eq(noticeSends.state, state)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

function isDue() {
  return and(eq(noticeSends.state, 'pending'), lte(noticeSends.dueAt, sql`now()`));
}
