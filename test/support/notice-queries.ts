import type { Db } from '../../src/db/client.ts';
import {
  claimBatch,
  insertNoticeSends,
  listNoticeSends,
  settleSends,
} from '../../src/db/telling/notice-sends.ts';
import {
  findReminded,
  insertNotices,
  listNotices,
  markAllRead,
  markRead,
} from '../../src/db/telling/notices.ts';
import {
  NO_CHOICE,
  readPreferences,
  readSlackChannel,
  removeSlackChannel,
  savePreferences,
  saveSlackChannel,
} from '../../src/db/telling/preferences.ts';
import { listReminded } from '../../src/db/telling/reminders.ts';
import type { FilledWorkspace } from './filled-workspace.ts';
import { attemptsOf, type Read } from './reads.ts';

const LONG_AGO = '2026-01-01T00:00:00.000Z';

function noticeOf({ own: workspaceId, ids }: FilledWorkspace, cause: string) {
  return {
    workspaceId,
    memberId: ids.memberId,
    itemId: ids.itemId,
    kind: 'reminder' as const,
    cause,
    waitKey: null,
    textKey: 'reminder.responsible' as const,
    about: { title: 't' },
    inApp: true,
  };
}

const channel = 'email' as const;

/** A notice, and the send that is under way with it. */
export interface FilledNotice {
  noticeId: string;
  sendId: string;
}

/** One notice on its way, and what its member and workspace chose. */
export async function fillNotices(db: Db, filled: FilledWorkspace): Promise<FilledNotice> {
  const { own: workspaceId, ids } = filled;
  const [notice] = await insertNotices(db, [noticeOf(filled, 'a cause')]);
  const noticeId = notice?.id ?? '';
  const { memberId } = ids;
  const send = { workspaceId, noticeId, memberId, channel, batch: 'batch', dueAt: LONG_AGO };
  await insertNoticeSends(db, [send]);
  await savePreferences(db, { workspaceId, memberId, ...NO_CHOICE, sealedSlackUrl: 'sealed' });
  await saveSlackChannel(db, { workspaceId, sealed: 'sealed' });
  const { items } = await listNoticeSends(db, { workspaceId });
  return { noticeId, sendId: items[0]?.id ?? '' };
}

/** Each query about notices, asked by a workspace. */
export function noticeReads(db: Db, { ids }: FilledWorkspace): Record<string, Read> {
  const { memberId, itemId } = ids;
  const reminded = { itemIds: [itemId], memberIds: [memberId], after: LONG_AGO };
  return {
    listNotices: (workspaceId) => listNotices(db, { workspaceId, memberId }),
    findReminded: (workspaceId) => findReminded(db, { workspaceId, ...reminded }),
    listReminded: async (workspaceId) => [
      ...(await listReminded(db, { workspaceId, itemId, withinMs: 3_600_000 })),
    ],
    listNoticeSends: (workspaceId) => listNoticeSends(db, { workspaceId }),
    readPreferences: async (workspaceId) => [
      ...(await readPreferences(db, { workspaceId, memberIds: [memberId] })),
    ],
    readSlackChannel: (workspaceId) => readSlackChannel(db, { workspaceId }),
  };
}

/** The same with what changes them, on what is the filled workspace's own. */
export function noticeAttempts(
  db: Db,
  filled: FilledWorkspace,
  { noticeId, sendId }: FilledNotice,
): Record<string, () => Promise<unknown>> {
  const { own: workspaceId, ids } = filled;
  const { memberId } = ids;
  const reader = { workspaceId, memberId };
  return {
    ...attemptsOf(noticeReads(db, filled), reader),
    insertNotices: () => insertNotices(db, [noticeOf(filled, 'stolen')]),
    markRead: () => markRead(db, { ...reader, id: noticeId }),
    markAllRead: async () =>
      (await markAllRead(db, { ...reader, until: '2100-01-01T00:00:00.000Z' })) > 0,
    insertNoticeSends: () =>
      insertNoticeSends(db, [
        { ...reader, noticeId, channel: 'slack', batch: 'stolen', dueAt: LONG_AGO },
      ]),
    claimBatch: () => claimBatch(db, { workspaceId, batch: 'batch', channel, leaseMs: 1 }),
    settleSends: () =>
      settleSends(db, { workspaceId, ids: [sendId], state: 'sent', lastError: null }),
    savePreferences: () => savePreferences(db, { ...reader, ...NO_CHOICE }),
    saveSlackChannel: () => saveSlackChannel(db, { workspaceId, sealed: 'stolen' }),
    removeSlackChannel: () => removeSlackChannel(db, { workspaceId }),
  };
}
