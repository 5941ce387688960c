import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  listChannelSchedules,
  NO_SCHEDULE,
  saveChannelSchedule,
} from '../../../db/calendar/channel-schedules.ts';
import type { Db } from '../../../db/client.ts';
import { getChannelAccount } from '../../../db/workspace/channel-accounts.ts';
import { ChannelSchedule, PostingRules, WeeklySlot } from '../../../domain/channel/weekly-slots.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { changeAnswers, recordAnswers } from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, withKey } from '../../route-parts.ts';

const AccountSlots = z
  .object({
    channelAccountId: z.string(),
    zone: z.string().describe('IANA zone of the account: a change of it keeps the wall times'),
    slots: z.array(WeeklySlot),
    rules: PostingRules,
    updatedAt: InstantText.nullable(),
    updatedBy: z.string().nullable(),
  })
  .meta({ id: 'AccountSlots' });

const params = idParams('id of the account', 'cha_01KAMJ5SQ0');

const readRoute = createRoute({
  ...withKey('get', 'Calendar'),
  path: '/v1/channel-accounts/{id}/slots',
  operationId: 'getAccountSlots',
  summary: 'Weekly slots of an account, and the rules that plans are warned of',
  request: { params },
  responses: recordAnswers(AccountSlots, 'The slots'),
});

const saveRoute = createRoute({
  ...idempotent('put', 'Calendar'),
  middleware: forRoles(['admin', 'social_media_manager']),
  path: '/v1/channel-accounts/{id}/slots',
  operationId: 'saveAccountSlots',
  summary: 'Set the weekly slots of an account (admin or social media manager)',
  description:
    'Replaces all of them. Wall times are those of the account’s zone. What is planned already stays where it is.',
  request: {
    params,
    body: body(ChannelSchedule, {
      slots: [
        { weekday: 1, time: '09:30' },
        { weekday: 4, time: '17:00' },
      ],
      rules: { maxPerDay: 2, minGapMinutes: 120, quietHours: { from: '22:00', until: '07:00' } },
    }),
  },
  responses: changeAnswers(AccountSlots, 'Saved', 'forbidden', 'not_found'),
});

export function channelSlotRoutes({ db }: Pick<ApiDeps, 'db'>) {
  async function accountOf(tx: Db, key: { workspaceId: string; channelAccountId: string }) {
    const account = await getChannelAccount(tx, key);
    if (account === null) throw notFound('channel account', key.channelAccountId);
    return account;
  }

  return new OpenAPIHono<ApiEnv>()
    .openapi(readRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: channelAccountId } = c.req.valid('param');
      const { zone } = await accountOf(db, { workspaceId, channelAccountId });
      const stored = await listChannelSchedules(db, {
        workspaceId,
        channelAccountIds: [channelAccountId],
      });
      const none = { ...NO_SCHEDULE, updatedAt: null, updatedBy: null };
      const { slots, rules, updatedAt, updatedBy } = stored.get(channelAccountId) ?? none;
      return c.json({ channelAccountId, zone, slots, rules, updatedAt, updatedBy }, 200);
    })
    .openapi(saveRoute, async (c) => {
      const { workspaceId, memberId: updatedBy } = c.get('caller');
      const { id: channelAccountId } = c.req.valid('param');
      const schedule = c.req.valid('json');
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const { zone } = await accountOf(tx, { workspaceId, channelAccountId });
        const key = { workspaceId, channelAccountId, updatedBy };
        const { slots, rules, updatedAt } = await saveChannelSchedule(tx, { ...key, schedule });
        const saved = { channelAccountId, zone, slots, rules, updatedAt, updatedBy };
        return saved;
      });
      return c.json(answer, 200);
    });
}
