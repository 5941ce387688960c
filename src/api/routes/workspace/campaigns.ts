import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type CampaignRow,
  getCampaign,
  insertCampaign,
  listCampaigns,
} from '../../../db/workspace/campaigns.ts';
import { Instant } from '../../../domain/instant.ts';
import { Goal } from '../../../domain/item/content/brief.ts';
import { KpiTarget, KpiTargets } from '../../../domain/kpi/targets.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound, problems, WRITE_ERRORS } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { answers, pageAnswers, pageView, recordAnswers } from '../../route-answers.ts';
import { body, InstantText, idempotent, idParams, paging, withKey } from '../../route-parts.ts';

const Campaign = z
  .object({
    id: z.string(),
    name: z.string(),
    goal: Goal,
    startsAt: InstantText.nullable(),
    endsAt: InstantText.nullable(),
    kpiTargets: z.array(KpiTarget),
    createdBy: z.string().describe('id of a member'),
    createdAt: InstantText,
  })
  .meta({ id: 'Campaign' });

const NewCampaign = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    goal: Goal,
    startsAt: Instant.nullable().default(null).describe('its flight begins'),
    endsAt: Instant.nullable().default(null).describe('its flight ends before it'),
    kpiTargets: KpiTargets.default([]),
  })
  .refine(
    ({ startsAt, endsAt }) =>
      startsAt === null || endsAt === null || Date.parse(startsAt) < Date.parse(endsAt),
    { message: 'is not after `startsAt`', path: ['endsAt'] },
  )
  .meta({ id: 'NewCampaign' });

const listRoute = createRoute({
  ...withKey('get', 'Campaigns'),
  path: '/v1/campaigns',
  operationId: 'listCampaigns',
  summary: 'Campaigns, newest first',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(Campaign, 'A page of campaigns'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Campaigns'),
  middleware: forRoles(['strategist', 'admin']),
  path: '/v1/campaigns',
  operationId: 'addCampaign',
  summary: 'Make a campaign (strategist or admin)',
  description:
    'Items name it when they start (`campaignId`); item list, calendar and feeds filter by it. Its items may be scheduled at once.',
  request: {
    body: body(NewCampaign, {
      name: 'Bread saved, spring',
      goal: 'engage',
      startsAt: '2030-03-01T00:00:00Z',
      endsAt: '2030-06-01T00:00:00Z',
      kpiTargets: [{ kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d' }],
    }),
  },
  responses: {
    201: {
      ...answers(Campaign, 'Made'),
      headers: { Location: { schema: { type: 'string' }, description: 'the campaign' } },
    },
    ...problems(...WRITE_ERRORS, 'forbidden'),
  },
});

const readRoute = createRoute({
  ...withKey('get', 'Campaigns'),
  path: '/v1/campaigns/{id}',
  operationId: 'getCampaign',
  summary: 'A campaign',
  request: { params: idParams('id of the campaign', 'cmp_01KAMJ5SQ0') },
  responses: recordAnswers(Campaign, 'The campaign'),
});

export function campaignRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listCampaigns(db, { workspaceId, ...c.req.valid('query') });
      return c.json(pageView(page, campaignView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { workspaceId, memberId: createdBy } = c.get('caller');
      const campaign = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        // No gate is closed yet: a campaign that nobody can release would block its items for ever.
        const releasedAt = new Date().toISOString();
        const row = await insertCampaign(tx, { ...campaign, workspaceId, createdBy, releasedAt });
        return campaignView(row);
      });
      c.header('Location', `/v1/campaigns/${answer.id}`);
      return c.json(answer, 201);
    })
    .openapi(readRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { id: campaignId } = c.req.valid('param');
      const row = await getCampaign(db, { workspaceId, campaignId });
      if (row === null) throw notFound('campaign', campaignId);
      return c.json(campaignView(row), 200);
    });
}

function campaignView(row: CampaignRow): z.infer<typeof Campaign> {
  const { id, name, goal, startsAt, endsAt, kpiTargets, createdBy, createdAt } = row;
  return { id, name, goal, startsAt, endsAt, kpiTargets, createdBy, createdAt };
}
