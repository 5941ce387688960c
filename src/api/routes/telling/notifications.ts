import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listNoticeSends, type NoticeSendRow } from '../../../db/telling/notice-sends.ts';
import { listNotices, markAllRead, markRead, type NoticeRow } from '../../../db/telling/notices.ts';
import { getMember } from '../../../db/workspace/members.ts';
import { Instant } from '../../../domain/instant.ts';
import type { Language } from '../../../domain/labels/words.ts';
import { NoticeKind } from '../../../domain/telling/kinds.ts';
import { noticeText } from '../../../domain/telling/texts.ts';
import { wallText } from '../../../time/wall-text.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { changeAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const Notification = z
  .object({
    id: z.string(),
    kind: NoticeKind,
    itemId: z.string().optional(),
    text: z.string().describe('in the language of the member'),
    at: InstantText,
    readAt: InstantText.optional(),
    about: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .describe('ids, codes and instants of what happened; of a question what an answer names'),
  })
  .meta({ id: 'Notification' });

const NotificationSend = z
  .object({
    id: z.string(),
    notificationId: z.string(),
    memberId: z.string(),
    channel: z.enum(['email', 'slack']),
    state: z
      .enum(['pending', 'sent', 'settled', 'failed'])
      .describe('`settled`: there was nothing to say any more'),
    dueAt: InstantText,
    attempts: z.int(),
    lastError: z.string().nullable(),
    createdAt: InstantText,
  })
  .meta({ id: 'NotificationSend' });

const ReadUntil = z
  .strictObject({ until: Instant.describe('marks what was told up to then') })
  .meta({ id: 'ReadUntil' });
const MarkedRead = z.object({ marked: z.int() }).meta({ id: 'MarkedRead' });

const listRoute = createRoute({
  ...withKey('get', 'Notifications'),
  path: '/v1/notifications',
  operationId: 'listNotifications',
  summary: 'What the caller is told, newest first',
  request: {
    query: z.strictObject({
      unread: z
        .enum(['true', 'false'])
        .transform((text) => text === 'true')
        .optional(),
      ...paging,
    }),
  },
  responses: pageAnswers(Notification, 'A page of notifications'),
});

const readRoute = createRoute({
  ...idempotent('post', 'Notifications'),
  path: '/v1/notifications/{id}/read',
  operationId: 'readNotification',
  summary: 'Mark a notification of the caller as read',
  request: { params: idParams('id of the notification', 'ntc_01KAMJ5SQ0') },
  responses: changeAnswers(Notification, 'Read', 'not_found'),
});

const readAllRoute = createRoute({
  ...idempotent('post', 'Notifications'),
  path: '/v1/notifications/read',
  operationId: 'readNotifications',
  summary: 'Mark all notifications of the caller up to an instant as read',
  request: { body: body(ReadUntil) },
  responses: changeAnswers(MarkedRead, 'How many were unread'),
});

const sendsRoute = createRoute({
  ...withKey('get', 'Notifications'),
  middleware: forRoles(['admin']),
  path: '/v1/notification-sends',
  operationId: 'listNotificationSends',
  summary: 'Mail and Slack messages to the people of the workspace, newest first (admin)',
  request: {
    query: z.strictObject({
      state: z.enum(['pending', 'sent', 'settled', 'failed']).optional(),
      ...paging,
    }),
  },
  responses: pageAnswers(NotificationSend, 'A page of sends', 'forbidden'),
});

export function notificationRoutes({ db }: Pick<ApiDeps, 'db'>) {
  async function readerOf(c: ApiContext) {
    const { workspaceId, memberId } = c.get('caller');
    const member = await getMember(db, { workspaceId, memberId });
    if (member === null) throw notFound('member', memberId);
    return { key: { workspaceId, memberId }, language: member.language, zone: member.zone };
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const reader = await readerOf(c);
      const page = await listNotices(db, { ...reader.key, ...c.req.valid('query') });
      return c.json(
        pageView(page, (row) => notificationView(row, reader)),
        200,
      );
    })
    .openapi(readAllRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const { until } = c.req.valid('json');
      const answer = await once(c, { db, status: 200 }, async (tx) => ({
        marked: await markAllRead(tx, { workspaceId, memberId, until }),
      }));
      return c.json(answer, 200);
    })
    .openapi(readRoute, async (c) => {
      const reader = await readerOf(c);
      const { id } = c.req.valid('param');
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const row = await markRead(tx, { ...reader.key, id });
        if (row === null) throw notFound('notification', id);
        return notificationView(row, reader);
      });
      return c.json(answer, 200);
    })
    .openapi(sendsRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listNoticeSends(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, sendView), 200);
    });
}

function notificationView(
  { id, kind, itemId, at, readAt, about, textKey }: NoticeRow,
  { language, zone }: { language: Language; zone: string },
): z.infer<typeof Notification> {
  return {
    id,
    kind,
    ...(itemId !== null && { itemId }),
    text: noticeText({ textKey, about }, language, (instant) => wallText(instant, language, zone)),
    at,
    ...(readAt !== null && { readAt }),
    about: { ...about },
  };
}

function sendView(row: NoticeSendRow): z.infer<typeof NotificationSend> {
  const { id, noticeId, memberId, channel, state, dueAt, attempts, lastError, createdAt } = row;
  return {
    id,
    notificationId: noticeId,
    memberId,
    channel,
    state,
    dueAt,
    attempts,
    lastError,
    createdAt,
  };
}
