import type { Db } from '../db/client.ts';
import { insertNoticeSends, type NewNoticeSend } from '../db/telling/notice-sends.ts';
import { findReminded, insertNotices, type NoticeRow } from '../db/telling/notices.ts';
import { type Choice, NO_CHOICE, readPreferences } from '../db/telling/preferences.ts';
import type { MemberRow } from '../db/workspace/members.ts';
import { URGENT_KINDS } from '../domain/telling/kinds.ts';
import type { Notice } from '../domain/telling/notice.ts';
import { channelsFor } from '../domain/telling/preferences.ts';
import { REMINDER_PAUSE_MS } from '../domain/telling/reminders.ts';
import { afterQuietHours, nextDigest } from '../time/send-time.ts';

/** How batches for the Slack channel that all share begin. */
export const SHARED_BATCH = 'slack:all:';

type StoredNotice = Notice & { itemId: string | null };

/** Stores what is new, and how each of it leaves Baton, by the choice of its member. */
export async function storeNotices(
  tx: Db,
  {
    workspaceId,
    notices,
    members,
    hasMail,
  }: {
    workspaceId: string;
    notices: readonly StoredNotice[];
    members: readonly MemberRow[];
    hasMail: boolean;
  },
): Promise<void> {
  const memberIds = [...new Set(notices.map(({ memberId }) => memberId))];
  const choices = await readPreferences(tx, { workspaceId, memberIds });
  const choiceOf = (memberId: string): Choice => choices.get(memberId) ?? NO_CHOICE;
  const stored = await insertNotices(
    tx,
    notices.map(({ isQuiet, ...notice }) => {
      const { channels } = choiceOf(notice.memberId);
      const inApp = isQuiet || channelsFor(notice.kind, channels).includes('in_app');
      return { ...notice, workspaceId, inApp };
    }),
  );
  const quiet = new Set(notices.filter(({ isQuiet }) => isQuiet).map(keyOf));
  const loud = stored.filter((notice) => !quiet.has(keyOf(notice)));
  const isTooSoon = await reminderThrottle(tx, { workspaceId, notices: loud });
  const byId = new Map(members.map((member) => [member.id, member]));
  const sends = loud.flatMap((notice) => {
    const member = byId.get(notice.memberId);
    if (member === undefined || isTooSoon(notice)) return [];
    return sendsOf(notice, member, choiceOf(member.id), Date.now());
  });
  const isReached = new Map(members.map(({ id, email }) => [id, hasMail && email !== null]));
  await insertNoticeSends(
    tx,
    sends.filter(({ channel, memberId }) => channel !== 'email' || isReached.get(memberId)),
  );
}

function keyOf({ memberId, cause }: { memberId: string; cause: string }): string {
  return `${memberId} ${cause}`;
}

/** When a notice leaves by each channel: not in quiet hours, and with the digest unless it is urgent. */
function sendsOf(
  { id: noticeId, kind, cause, workspaceId }: NoticeRow,
  { id: memberId, zone }: MemberRow,
  { channels, digest, quietHours, sealedSlackUrl }: Choice,
  now: number,
): NewNoticeSend[] {
  const isCollected = digest !== 'off' && !URGENT_KINDS.includes(kind);
  const at = isCollected ? nextDigest(now, digest, zone) : now;
  const dueAt = new Date(afterQuietHours(at, { zone, quietHours })).toISOString();
  return channelsFor(kind, channels).flatMap((channel) => {
    if (channel === 'in_app') return [];
    // In the channel that all share, one message tells everybody of a cause.
    const isShared = channel === 'slack' && sealedSlackUrl === null;
    const alone = isShared ? `${SHARED_BATCH}${cause}` : `${channel}:${noticeId}`;
    const batch = isCollected ? `${channel}:${memberId}:${dueAt}` : alone;
    return [{ workspaceId, noticeId, memberId, channel, batch, dueAt }];
  });
}

/** Tells which reminders come too soon after another one of the same item. */
async function reminderThrottle(
  tx: Db,
  { workspaceId, notices }: { workspaceId: string; notices: readonly NoticeRow[] },
): Promise<(notice: NoticeRow) => boolean> {
  const reminders = notices.filter(({ kind }) => kind === 'reminder');
  const fresh = new Set(reminders.map(({ id }) => id));
  const earlier = await findReminded(tx, {
    workspaceId,
    itemIds: reminders.flatMap(({ itemId }) => itemId ?? []),
    memberIds: reminders.map(({ memberId }) => memberId),
    after: new Date(Date.now() - REMINDER_PAUSE_MS).toISOString(),
  });
  const reminded = new Set(
    earlier.filter(({ id }) => !fresh.has(id)).map((one) => `${one.memberId} ${one.itemId}`),
  );
  return (notice) => {
    if (notice.kind !== 'reminder') return false;
    const key = `${notice.memberId} ${notice.itemId}`;
    if (reminded.has(key)) return true;
    // The next one of the same batch comes too soon after this one.
    reminded.add(key);
    return false;
  };
}
