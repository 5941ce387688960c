import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { prepareStarts, storeStarts } from '../../../commands/start/start-items.ts';
import { CAMPAIGN_ROLES } from '../../../domain/campaign/campaign.ts';
import { PlannedItemBody } from '../../../domain/item/command-bodies.ts';
import { CampaignParams } from '../../campaign-schema.ts';
import type { ApiDeps } from '../../deps.ts';
import { BRIEF_EXAMPLE } from '../../examples.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { invalidRequest, notFound, problemIssues, refusal } from '../../gates/errors.ts';
import { commandKeyOf, once, usedForAnother } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { additionAnswers } from '../../route-answers.ts';
import { body, idempotent } from '../../route-parts.ts';

const PlanningSession = z
  .strictObject({ items: z.array(PlannedItemBody).min(1).max(200) })
  .meta({ id: 'PlanningSession' });

const PlannedItems = z
  .object({
    items: z.array(
      z.object({
        itemId: z.string(),
        title: z.string(),
        commandId: z.string().describe('its start: `GET /v1/commands/{id}` says what became of it'),
      }),
    ),
  })
  .meta({ id: 'PlannedItems', description: 'in the order of the request' });

const planRoute = createRoute({
  ...idempotent('post', 'Campaigns'),
  middleware: forRoles(CAMPAIGN_ROLES),
  path: '/v1/campaigns/{id}/items',
  operationId: 'planCampaignItems',
  summary: 'Start several items of a campaign, all or none (strategist or admin)',
  description:
    'The end of a planning session: 1 to 200 starts. All are judged first, and an issue names the item by its index. They are stored together, so a crash leaves all or none; their runs begin within seconds.',
  request: {
    params: CampaignParams,
    body: body(PlanningSession, {
      items: [
        { title: 'The order book', brief: BRIEF_EXAMPLE },
        { title: 'The bread that was left' },
      ],
    }),
  },
  responses: additionAnswers(PlannedItems, 'All are stored', 'forbidden', 'not_found', 'refused'),
});

export function campaignItemRoutes({ db, settings }: Pick<ApiDeps, 'db' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>().openapi(planRoute, async (c) => {
    const caller = c.get('caller');
    const { id: campaignId } = c.req.valid('param');
    const { items } = c.req.valid('json');
    const answer = await once(c, { db, status: 201 }, async (tx) => {
      const request = { caller, campaignId, items, ...commandKeyOf(c) };
      const prepared = await prepareStarts(tx, request);
      switch (prepared.outcome) {
        case 'not_found':
          throw notFound('campaign', campaignId);
        case 'refused':
          throw refusal(prepared.unmet);
        case 'invalid':
          throw invalidRequest(problemIssues(prepared.issues));
        case 'ready': {
          const room = { maxOpenItems: settings.quotas.openItems };
          const barrier = await storeStarts(tx, prepared, room);
          if (barrier !== null && 'conflict' in barrier) throw usedForAnother();
          if (barrier !== null) throw invalidRequest(problemIssues(barrier.issues));
          return {
            items: prepared.starts.map(({ request: { commandId, body }, input }) => ({
              itemId: input.item.itemId,
              title: body.title,
              commandId,
            })),
          };
        }
      }
    });
    return c.json(answer, 201);
  });
}
