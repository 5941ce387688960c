import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { COMMAND_RESPONSES, commandOf } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { APPROVAL_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { body, ItemParams, idempotent } from '../../route-parts.ts';

const common = { ...idempotent('post', 'Review'), responses: COMMAND_RESPONSES };

const decideRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/approvals',
  operationId: 'decideApproval',
  middleware: gives('decide_approval'),
  summary: 'Approve the content, or request changes with a reason code',
  description: 'Binds to `contentHash`: a decision on another version of the content is refused.',
  request: { params: ItemParams, body: body(COMMAND_BODIES.decide_approval, APPROVAL_EXAMPLE) },
});

const acknowledgeRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/acknowledge-revision',
  operationId: 'acknowledgeRevision',
  middleware: gives('acknowledge_revision'),
  summary: 'The strategist’s consent to one more round past the revision limit',
  request: { params: ItemParams, body: body(COMMAND_BODIES.acknowledge_revision) },
});

export function approvalRoutes(deps: Pick<ApiDeps, 'sender'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(decideRoute, commandOf(deps, 'decide_approval'))
    .openapi(acknowledgeRoute, commandOf(deps, 'acknowledge_revision'));
}
