import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { openGate } from '../../../campaigns/open-gate.ts';
import { changeCampaign, lockCampaign } from '../../../db/campaign/acts.ts';
import { wantLook } from '../../../db/campaign/runs.ts';
import type { Db } from '../../../db/client.ts';
import {
  type CampaignRow,
  getCampaign,
  insertCampaign,
  listCampaigns,
} from '../../../db/workspace/campaigns.ts';
import { listMembers } from '../../../db/workspace/members.ts';
import {
  CAMPAIGN_ROLES,
  campaignStateOf,
  isOver,
  type Stakeholder,
} from '../../../domain/campaign/campaign.ts';
import {
  Campaign,
  CampaignParams,
  CampaignUpdate,
  campaignView,
  isFlight,
  NewCampaign,
  NO_FLIGHT,
} from '../../campaign-schema.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, invalidRequest, notFound, problems, WRITE_ERRORS } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import {
  answers,
  changeAnswers,
  pageAnswers,
  pageView,
  recordAnswers,
} from '../../route-answers.ts';
import { body, idempotent, paging, withKey } from '../../route-parts.ts';

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
  middleware: forRoles(CAMPAIGN_ROLES),
  path: '/v1/campaigns',
  operationId: 'addCampaign',
  summary: 'Make a campaign (strategist or admin)',
  description:
    'Items name it when they start (`campaignId`) or join it later; item list, calendar and feeds filter by it. With a `release` other than `at_once` its items may not be scheduled until its gate is open. A run of its own looks after it.',
  request: {
    body: body(NewCampaign, {
      name: 'Bread saved, spring',
      goal: 'engage',
      startsAt: '2030-03-01T00:00:00Z',
      endsAt: '2030-06-01T00:00:00Z',
      kpiTargets: [{ kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d' }],
      release: 'all_approved',
      budgetNote: '4,000 for boosts, none for print',
      stakeholders: [{ email: 'sales@example.org' }],
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
  request: { params: CampaignParams },
  responses: recordAnswers(Campaign, 'The campaign'),
});

const changeRoute = createRoute({
  ...idempotent('patch', 'Campaigns'),
  middleware: forRoles(CAMPAIGN_ROLES),
  path: '/v1/campaigns/{id}',
  operationId: 'changeCampaign',
  summary: 'Change a campaign (strategist or admin)',
  description:
    'Who changed what, and what it was before, is in the administrative acts. An open gate is not closed again: items may be planned by then. `release: at_once` opens it.',
  request: { params: CampaignParams, body: body(CampaignUpdate, { budgetNote: '5,000 in all' }) },
  responses: changeAnswers(Campaign, 'Changed', 'forbidden', 'not_found'),
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
      await requireStakeholders(db, workspaceId, campaign.stakeholders);
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const releasedAt = campaign.release === 'at_once' ? new Date().toISOString() : null;
        const row = await insertCampaign(tx, { ...campaign, workspaceId, createdBy, releasedAt });
        await wantLook(tx, { workspaceId, campaignId: row.id });
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
    })
    .openapi(changeRoute, async (c) => {
      const { workspaceId, memberId: actor } = c.get('caller');
      const { id: campaignId } = c.req.valid('param');
      const change = c.req.valid('json');
      await requireStakeholders(db, workspaceId, change.stakeholders);
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const locked = await lockCampaign(tx, { workspaceId, campaignId });
        if (locked === null) throw notFound('campaign', campaignId);
        refuseChange(locked, change);
        const opens = change.release === 'at_once' && locked.releasedAt === null;
        const row = opens ? await openGate(tx, locked, { actor, reason: null }) : locked;
        if (Object.keys(change).length === 0) return campaignView(row);
        // The end of its flight and its gate say when it looks.
        await wantLook(tx, { workspaceId, campaignId });
        return campaignView(await changeCampaign(tx, { workspaceId, campaignId, change }));
      });
      return c.json(answer, 200);
    });
}

/** @throws ApiError where the campaign as it is does not take the change. */
function refuseChange(row: CampaignRow, change: z.infer<typeof CampaignUpdate>): void {
  if (isOver(row)) {
    throw new ApiError('conflict', { detail: `the campaign is ${campaignStateOf(row)}` });
  }
  const { startsAt = row.startsAt, endsAt = row.endsAt } = change;
  if (!isFlight({ startsAt, endsAt })) {
    throw invalidRequest([{ path: 'endsAt', message: NO_FLIGHT }]);
  }
  const closesGate = change.release !== undefined && change.release !== row.release;
  if (closesGate && change.release !== 'at_once' && row.releasedAt !== null) {
    throw new ApiError('conflict', {
      detail: 'the gate of the campaign is open: its items may be planned already',
    });
  }
}

/** @throws ApiError that names each stakeholder who is no member of the workspace. */
async function requireStakeholders(
  db: Db,
  workspaceId: string,
  stakeholders: readonly Stakeholder[] = [],
): Promise<void> {
  if (!stakeholders.some((one) => 'memberId' in one)) return;
  const known = new Set((await listMembers(db, { workspaceId })).map(({ id }) => id));
  const issues = stakeholders.flatMap((one, index) =>
    'memberId' in one && !known.has(one.memberId)
      ? [{ path: `stakeholders.${index}.memberId`, message: 'is not a member of this workspace' }]
      : [],
  );
  if (issues.length > 0) throw invalidRequest(issues);
}
