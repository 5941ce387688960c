import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type BlackoutRow,
  insertBlackout,
  listBlackouts,
  removeBlackout,
} from '../../../db/calendar/blackouts.ts';
import { getChannelAccount } from '../../../db/workspace/channel-accounts.ts';
import { ChannelId } from '../../../domain/channel/channels.ts';
import { Instant, QueryInstant } from '../../../domain/instant.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { additionAnswers, pageAnswers, pageView, removalAnswers } from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';
import { FREEZE_ROLES } from './freeze.ts';

const Blackout = z
  .object({
    id: z.string(),
    channel: z.string().nullable(),
    channelAccountId: z.string().nullable(),
    from: InstantText,
    until: InstantText.describe('the window ends before it'),
    reason: z.string(),
    createdBy: z.string(),
    createdAt: InstantText,
  })
  .meta({ id: 'Blackout' });

const NewBlackout = z
  .strictObject({
    channel: ChannelId.optional().describe('every account of a channel'),
    channelAccountId: z.string().min(1).max(64).optional().describe('one account'),
    from: Instant,
    until: Instant,
    reason: z.string().trim().min(1).max(2_000),
  })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), {
    message: 'is not after `from`',
    path: ['until'],
  })
  .refine(
    ({ channel, channelAccountId }) => channel === undefined || channelAccountId === undefined,
    {
      message: 'give a channel or an account; neither is the whole workspace',
      path: ['channelAccountId'],
    },
  )
  .meta({ id: 'NewBlackout' });

const listRoute = createRoute({
  ...withKey('get', 'Calendar'),
  path: '/v1/blackouts',
  operationId: 'listBlackouts',
  summary: 'Windows in which nothing goes out, by their start',
  request: {
    query: z.strictObject({
      from: QueryInstant.optional().meta({ description: 'windows that end after it' }),
      to: QueryInstant.optional().meta({ description: 'windows that start before it' }),
      ...paging,
    }),
  },
  responses: pageAnswers(Blackout, 'A page of windows'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Calendar'),
  middleware: forRoles(FREEZE_ROLES),
  path: '/v1/blackouts',
  operationId: 'addBlackout',
  summary: 'Let nothing go out in a window (admin, social media manager or leadership)',
  description:
    'Plans into it are refused (`not_blacked_out`). What is planned there already is not sent: it waits for the end of the window within its grace, then it is missed and a person decides.',
  request: {
    body: body(NewBlackout, {
      from: '2030-12-24T12:00:00Z',
      until: '2030-12-27T06:00:00Z',
      reason: 'The company is closed',
    }),
  },
  responses: additionAnswers(Blackout, 'Added', 'forbidden'),
});

const removeRoute = createRoute({
  ...withKey('delete', 'Calendar'),
  middleware: forRoles(FREEZE_ROLES),
  path: '/v1/blackouts/{id}',
  operationId: 'removeBlackout',
  summary: 'Take a window back; its row stays, with who took it back',
  request: { params: idParams('id of the window', 'blk_01KAMJ5SQ0') },
  responses: removalAnswers('Taken back', 'forbidden'),
});

export function blackoutRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listBlackouts(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, blackoutView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId: createdBy } = c.get('caller');
      const { channel, channelAccountId, from, until, reason } = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        if (
          channelAccountId !== undefined &&
          (await getChannelAccount(tx, { workspaceId, channelAccountId })) === null
        ) {
          const message = 'is not a channel account of this workspace';
          throw invalidRequest([{ path: 'channelAccountId', message }]);
        }
        const row = await insertBlackout(tx, {
          workspaceId,
          createdBy,
          reason,
          startsAt: from,
          endsAt: until,
          channel: channel ?? null,
          channelAccountId: channelAccountId ?? null,
        });
        return blackoutView(row);
      });
      return c.json(answer, 201);
    })
    .openapi(removeRoute, async (c) => {
      const { workspaceId, memberId: removedBy } = c.get('caller');
      const { id } = c.req.valid('param');
      const row = await removeBlackout(db, { workspaceId, id, removedBy });
      if (row === null) throw notFound('blackout', id);
      return c.body(null, 204);
    });
}

function blackoutView(row: BlackoutRow): z.infer<typeof Blackout> {
  const { id, channel, channelAccountId, startsAt, endsAt, reason, createdBy, createdAt } = row;
  return {
    id,
    channel,
    channelAccountId,
    from: startsAt,
    until: endsAt,
    reason,
    createdBy,
    createdAt,
  };
}
