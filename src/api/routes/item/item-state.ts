import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { COMMAND_RESPONSES, commandOf } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { EXTEND_EXAMPLE, REASON_EXAMPLE, REASSIGN_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { body, ItemParams, idempotent } from '../../route-parts.ts';

const common = {
  ...idempotent('post', 'Pause, people and deadlines'),
  responses: COMMAND_RESPONSES,
};

const holdRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/hold',
  operationId: 'holdItem',
  middleware: gives('hold'),
  summary: 'Pause the item: its clock stands still, its slots and checkpoints do not move',
  request: { params: ItemParams, body: body(COMMAND_BODIES.hold, REASON_EXAMPLE) },
});

const resumeRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/resume',
  operationId: 'resumeItem',
  middleware: gives('resume'),
  summary: 'Go on where the item was held',
  request: { params: ItemParams, body: body(COMMAND_BODIES.resume, REASON_EXAMPLE) },
});

const cancelRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/cancel',
  operationId: 'cancelItem',
  middleware: gives('cancel'),
  summary: 'End the item for good; what is published stays published',
  request: { params: ItemParams, body: body(COMMAND_BODIES.cancel, REASON_EXAMPLE) },
});

const reassignRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/reassign',
  operationId: 'reassignItem',
  middleware: gives('reassign'),
  summary: 'Give a role of the item to another member, or add a co-author',
  request: { params: ItemParams, body: body(COMMAND_BODIES.reassign, REASSIGN_EXAMPLE) },
});

const extendRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/extend',
  operationId: 'extendStage',
  middleware: gives('extend'),
  summary: 'Give the stage more time',
  request: { params: ItemParams, body: body(COMMAND_BODIES.extend, EXTEND_EXAMPLE) },
});

const campaignRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/campaign',
  operationId: 'setItemCampaign',
  middleware: gives('set_campaign'),
  summary: 'Have the item join a campaign, or leave its own',
  description:
    'Of a campaign whose gate is closed it waits for that gate. Planned or out already, it joins no such campaign.',
  request: {
    params: ItemParams,
    body: body(COMMAND_BODIES.set_campaign, { campaignId: 'cmp_01KAMJ5SQ0' }),
  },
});

export function itemStateRoutes(deps: Pick<ApiDeps, 'sender'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(holdRoute, commandOf(deps, 'hold'))
    .openapi(resumeRoute, commandOf(deps, 'resume'))
    .openapi(cancelRoute, commandOf(deps, 'cancel'))
    .openapi(reassignRoute, commandOf(deps, 'reassign'))
    .openapi(extendRoute, commandOf(deps, 'extend'))
    .openapi(campaignRoute, commandOf(deps, 'set_campaign'));
}
