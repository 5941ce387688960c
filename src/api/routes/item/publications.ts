import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { COMMAND_RESPONSES, runCommand } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { REASON_EXAMPLE, RESOLVE_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound } from '../../gates/errors.ts';
import { body, ItemParams, idempotent, idText } from '../../route-parts.ts';

const PublicationParams = ItemParams.extend({
  pubId: idText('id of the publication, as the item lists it', 'pub_01KAMJ5SQ0_1'),
});

const common = { ...idempotent('post', 'Schedule'), responses: COMMAND_RESPONSES };

const resolveRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/publications/{pubId}/resolve',
  operationId: 'resolvePublication',
  middleware: gives('resolve_publication'),
  summary: 'Say what became of an unknown or missed publication',
  description:
    'unknown: `live`, `not_live`, `publish_again`; missed: `reschedule`, `skip`. Publishing again and rescheduling carry a time.',
  request: {
    params: PublicationParams,
    body: body(COMMAND_BODIES.resolve_publication.omit({ publicationId: true }), RESOLVE_EXAMPLE),
  },
});

const skipRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/publications/{pubId}/skip',
  operationId: 'skipPublication',
  middleware: gives('skip_publication'),
  summary: 'Leave one planned publication out, give a held slot back, or give up a refused post',
  description:
    'Frees its slot. From `scheduling.planning` on another publication has to be planned or published, else `unschedule`; a tentative slot, and one that an edited item holds, may be the last. A post that its network refused is skipped with a reason, in every open stage.',
  request: {
    params: PublicationParams,
    body: body(COMMAND_BODIES.skip_publication.omit({ publicationId: true }), REASON_EXAMPLE),
  },
});

export function publicationRoutes(deps: Pick<ApiDeps, 'sender'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(resolveRoute, (c) => {
      const { id: itemId, pubId: publicationId } = belongingPublication(c.req.valid('param'));
      return runCommand(c, deps, {
        type: 'resolve_publication',
        itemId,
        body: { ...c.req.valid('json'), publicationId },
      });
    })
    .openapi(skipRoute, (c) => {
      const { id: itemId, pubId: publicationId } = belongingPublication(c.req.valid('param'));
      return runCommand(c, deps, {
        type: 'skip_publication',
        itemId,
        body: { ...c.req.valid('json'), publicationId },
      });
    });
}

/** Ids of publications are made from the item's, so one that is not its own needs no look-up. */
function belongingPublication<T extends { id: string; pubId: string }>(params: T): T {
  const prefix = `pub_${params.id.replace(/^itm_/, '')}_`;
  if (!params.pubId.startsWith(prefix)) throw notFound('publication', params.pubId);
  return params;
}
