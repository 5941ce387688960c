import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { itemTime } from '../../../commands/command-facts.ts';
import { getItem } from '../../../db/item/items.ts';
import { listIntents } from '../../../db/publishing/publish-intents.ts';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { proposeSlots } from '../../../slots/slot-proposals.ts';
import {
  appliedView,
  COMMAND_RESPONSES,
  CommandApplied,
  commandOf,
  pendingReply,
  sendCommand,
} from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { etagOf, ifMatchOf, scheduleTag } from '../../etag.ts';
import { REASON_EXAMPLE, SCHEDULE_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound, problems } from '../../gates/errors.ts';
import { Publication } from '../../item-schema.ts';
import { publicationView } from '../../item-view.ts';
import { versionAnswers } from '../../route-answers.ts';
import { body, CONDITIONAL, ItemParams, idempotent, withKey } from '../../route-parts.ts';

const Schedule = z
  .object({ hash: z.string().describe('also the ETag'), publications: z.array(Publication) })
  .meta({ id: 'Schedule' });

const readRoute = createRoute({
  ...withKey('get', 'Schedule'),
  path: '/v1/items/{id}/schedule',
  operationId: 'getSchedule',
  summary: 'The plan: every publication with its state',
  request: { params: ItemParams },
  responses: {
    200: versionAnswers(Schedule, 'The plan'),
    ...problems('unauthenticated', 'not_found'),
  },
});

const planRoute = createRoute({
  ...withKey('put', 'Schedule'),
  path: '/v1/items/{id}/schedule',
  operationId: 'planSchedule',
  middleware: gives('plan_schedule'),
  summary: 'Plan or move publications',
  description:
    'Moves the living run; a publication keeps its id. A post that its network refused is planned again with a new slot number, in every open stage. Before the approvals it holds tentative slots. A wall time that does not exist, or exists twice, is refused with both instants as `choices`. `slot: "next"` takes the account\'s next free weekly slot, `slot: "now"` the next seconds; both pass every guard.',
  parameters: CONDITIONAL,
  request: { params: ItemParams, body: body(COMMAND_BODIES.plan_schedule, SCHEDULE_EXAMPLE) },
  responses: {
    ...COMMAND_RESPONSES,
    200: versionAnswers(CommandApplied, 'Planned'),
    ...problems('version_conflict'),
  },
});

const unscheduleRoute = createRoute({
  ...idempotent('delete', 'Schedule'),
  path: '/v1/items/{id}/schedule',
  operationId: 'unschedule',
  middleware: gives('unschedule'),
  summary: 'Take every planned publication back',
  request: { params: ItemParams, body: body(COMMAND_BODIES.unschedule, REASON_EXAMPLE) },
  responses: COMMAND_RESPONSES,
});

export function scheduleRoutes(deps: Pick<ApiDeps, 'db' | 'sender' | 'log'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(readRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const key = { workspaceId: c.get('caller').workspaceId, itemId };
      const [item, intents] = await Promise.all([getItem(deps.db, key), listIntents(deps.db, key)]);
      if (item === null) throw notFound('item', itemId);
      const { context } = item.snapshot;
      const hash = scheduleTag(context.publications);
      c.header('ETag', etagOf(hash));
      const proposals = await proposeSlots(deps.db, { context, now: itemTime(item) }, deps.log);
      const publications = context.publications.map((record) =>
        publicationView(record, context, { intents, proposals }),
      );
      return c.json({ hash, publications }, 200);
    })
    .openapi(planRoute, async (c) => {
      const outcome = await sendCommand(c, deps, {
        type: 'plan_schedule',
        itemId: c.req.valid('param').id,
        body: c.req.valid('json'),
        ifMatch: ifMatchOf(c.req.header('if-match')),
      });
      if (outcome.outcome === 'pending') return pendingReply(c, outcome.commandId);
      const planned = appliedView(outcome);
      const hash = scheduleTag(planned.publications ?? []);
      c.header('ETag', etagOf(hash));
      return c.json({ ...planned, hash }, 200);
    })
    .openapi(unscheduleRoute, commandOf(deps, 'unschedule'));
}
