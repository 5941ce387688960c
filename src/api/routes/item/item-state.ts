import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { COMMAND_RESPONSES, runCommand } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { EXTEND_EXAMPLE, REASON_EXAMPLE, REASSIGN_EXAMPLE } from '../../examples.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { body, IDEMPOTENT, ItemParams, WITH_KEY } from '../../route-parts.ts';

const common = {
  method: 'post' as const,
  tags: ['Pause, people and deadlines'],
  security: WITH_KEY,
  parameters: IDEMPOTENT,
  responses: COMMAND_RESPONSES,
};

const holdRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/hold',
  operationId: 'holdItem',
  summary: 'Pause the item: its clock stands still, its slots and checkpoints do not move',
  request: { params: ItemParams, body: body(COMMAND_BODIES.hold, REASON_EXAMPLE) },
});

const resumeRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/resume',
  operationId: 'resumeItem',
  summary: 'Go on where the item was held',
  request: { params: ItemParams, body: body(COMMAND_BODIES.resume, REASON_EXAMPLE) },
});

const cancelRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/cancel',
  operationId: 'cancelItem',
  summary: 'End the item for good; what is published stays published',
  request: { params: ItemParams, body: body(COMMAND_BODIES.cancel, REASON_EXAMPLE) },
});

const reassignRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/reassign',
  operationId: 'reassignItem',
  summary: 'Give a role of the item to another member, or add a co-author',
  request: { params: ItemParams, body: body(COMMAND_BODIES.reassign, REASSIGN_EXAMPLE) },
});

const extendRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/extend',
  operationId: 'extendStage',
  summary: 'Give the stage more time',
  request: { params: ItemParams, body: body(COMMAND_BODIES.extend, EXTEND_EXAMPLE) },
});

export function itemStateRoutes(deps: Pick<ApiDeps, 'sender'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(holdRoute, (c) =>
      runCommand(c, deps, {
        type: 'hold',
        itemId: c.req.valid('param').id,
        body: c.req.valid('json'),
      }),
    )
    .openapi(resumeRoute, (c) =>
      runCommand(c, deps, {
        type: 'resume',
        itemId: c.req.valid('param').id,
        body: c.req.valid('json'),
      }),
    )
    .openapi(cancelRoute, (c) =>
      runCommand(c, deps, {
        type: 'cancel',
        itemId: c.req.valid('param').id,
        body: c.req.valid('json'),
      }),
    )
    .openapi(reassignRoute, (c) =>
      runCommand(c, deps, {
        type: 'reassign',
        itemId: c.req.valid('param').id,
        body: c.req.valid('json'),
      }),
    )
    .openapi(extendRoute, (c) =>
      runCommand(c, deps, {
        type: 'extend',
        itemId: c.req.valid('param').id,
        body: c.req.valid('json'),
      }),
    );
}
