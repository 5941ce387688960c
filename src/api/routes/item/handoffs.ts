import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { type CommandContext, readCommandContext } from '../../../db/item/command-context.ts';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { COMMAND_RESPONSES, runCommand } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { CHECKLIST_EXAMPLE, DECLINE_EXAMPLE, REASON_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import { type ApiContext, type ApiEnv, knownContext } from '../../gates/context.ts';
import { notFound } from '../../gates/errors.ts';
import { commandIdOf } from '../../gates/idempotency.ts';
import { body, ItemParams, idempotent, idText } from '../../route-parts.ts';

const HandoffParams = ItemParams.extend({
  handoffId: idText('id of the handoff, as the item lists it', 'hnd_01KAMJ5SQ0_1'),
});

const common = { ...idempotent('post', 'Handoffs'), responses: COMMAND_RESPONSES };

const offerRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/handoffs',
  operationId: 'offerHandoff',
  middleware: gives('offer_handoff', 'submit_for_review'),
  summary: 'Offer the brief handoff; in creation, submit for review',
  request: { params: ItemParams, body: body(COMMAND_BODIES.offer_handoff, CHECKLIST_EXAMPLE) },
});

const acceptRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/handoffs/{handoffId}/accept',
  operationId: 'acceptHandoff',
  middleware: gives('accept_handoff'),
  summary: 'Accept a handoff; accepting an unassigned one assigns it',
  request: {
    params: HandoffParams,
    body: body(COMMAND_BODIES.accept_handoff.omit({ handoffId: true })),
  },
});

const declineRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/handoffs/{handoffId}/decline',
  operationId: 'declineHandoff',
  middleware: gives('decline_handoff'),
  summary: 'Decline a handoff with a reason code',
  request: {
    params: HandoffParams,
    body: body(COMMAND_BODIES.decline_handoff.omit({ handoffId: true }), DECLINE_EXAMPLE),
  },
});

const withdrawRoute = createRoute({
  ...common,
  path: '/v1/items/{id}/handoffs/{handoffId}/withdraw',
  operationId: 'withdrawHandoff',
  middleware: gives('withdraw_handoff'),
  summary: 'Take an offered brief handoff back',
  request: {
    params: HandoffParams,
    body: body(COMMAND_BODIES.withdraw_handoff.omit({ handoffId: true }), REASON_EXAMPLE),
  },
});

export function handoffRoutes(deps: Pick<ApiDeps, 'db' | 'sender'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(offerRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      return runCommand(c, deps, {
        type: await offeredBy(c, deps, itemId),
        itemId,
        body: c.req.valid('json'),
      });
    })
    .openapi(acceptRoute, (c) => {
      const { id: itemId, handoffId } = belongingHandoff(c.req.valid('param'));
      return runCommand(c, deps, {
        type: 'accept_handoff',
        itemId,
        body: { ...c.req.valid('json'), handoffId },
      });
    })
    .openapi(declineRoute, (c) => {
      const { id: itemId, handoffId } = belongingHandoff(c.req.valid('param'));
      return runCommand(c, deps, {
        type: 'decline_handoff',
        itemId,
        body: { ...c.req.valid('json'), handoffId },
      });
    })
    .openapi(withdrawRoute, async (c) => {
      const { id: itemId, handoffId } = belongingHandoff(c.req.valid('param'));
      const { item } = await readKnown(c, deps, itemId);
      if (item === null) throw notFound('item', itemId);
      const { handoffs } = item.snapshot.context;
      if (!handoffs.some(({ id }) => id === handoffId)) throw notFound('handoff', handoffId);
      return runCommand(c, deps, {
        type: 'withdraw_handoff',
        itemId,
        body: { ...c.req.valid('json'), handoffId },
      });
    });
}

/** Ids of handoffs are made from the item's, so one that is not its own needs no look-up. */
function belongingHandoff<T extends { id: string; handoffId: string }>(params: T): T {
  const prefix = `hnd_${params.id.replace(/^itm_/, '')}_`;
  if (!params.handoffId.startsWith(prefix)) throw notFound('handoff', params.handoffId);
  return params;
}

/**
 * Which of the two commands this path means. A repetition means what it meant the first time, even
 * though the item has moved on since: whoever sees the stage after the first one also sees that command.
 */
async function offeredBy(
  c: ApiContext,
  deps: Pick<ApiDeps, 'db'>,
  itemId: string,
): Promise<'offer_handoff' | 'submit_for_review'> {
  const { item, command } = await readKnown(c, deps, itemId);
  const type = command?.type;
  if (type === 'submit_for_review' || type === 'offer_handoff') return type;
  return item?.stage === 'creation' ? 'submit_for_review' : 'offer_handoff';
}

/** The item and the command that the key of this request was used for before, as one moment saw them. */
async function readKnown(
  c: ApiContext,
  { db }: Pick<ApiDeps, 'db'>,
  itemId: string,
): Promise<Pick<CommandContext, 'item' | 'command'>> {
  const known = knownContext(c, itemId);
  if (known !== null) return known;
  const { workspaceId, memberId } = c.get('caller');
  const key = { workspaceId, memberId, itemId, commandId: commandIdOf(c) };
  return (await readCommandContext(db, key)) ?? { item: null, command: null };
}
