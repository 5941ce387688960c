import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { type ActCount, countAct } from '../../../db/campaign/act-record.ts';
import { type CampaignActRow, listCampaignActs } from '../../../db/campaign/acts.ts';
import { countApproved } from '../../../db/campaign/campaign-items.ts';
import { readProgress } from '../../../db/campaign/progress.ts';
import { getCampaign } from '../../../db/workspace/campaigns.ts';
import { CAMPAIGN_ACT_KINDS, RELEASE_RULES } from '../../../domain/campaign/campaign.ts';
import { STAGES } from '../../../domain/item/stages.ts';
import { CampaignParams } from '../../campaign-schema.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound, UnmetRequirement } from '../../gates/errors.ts';
import { WaitingOn } from '../../item-schema.ts';
import { recordAnswers } from '../../route-answers.ts';
import { InstantText, withKey } from '../../route-parts.ts';

/** Of each short list in the answer; whoever wants all asks `GET /v1/items?campaignId=…`. */
const SHOWN = 20;
const ACTS_SHOWN = 5;

const WaitingItem = z
  .object({
    id: z.string(),
    title: z.string(),
    stage: z.enum(STAGES),
    since: InstantText,
    waitingOn: z.array(WaitingOn),
  })
  .meta({ id: 'CampaignWaitingItem' });

const Act = z
  .object({
    id: z.string(),
    kind: z.enum(CAMPAIGN_ACT_KINDS),
    reason: z.string().nullable(),
    actor: z.string().describe('a member, or `system`'),
    createdAt: InstantText,
    settledAt: InstantText.nullable().describe(
      'when every item had answered, or another act took its place',
    ),
    done: z.int().describe('items that were held or resumed'),
    refusedCount: z.int(),
    refused: z
      .array(z.object({ itemId: z.string(), unmet: z.array(UnmetRequirement) }))
      .describe(`the first ${SHOWN} that refused`),
  })
  .meta({ id: 'CampaignActRecord' });

const Progress = z
  .object({
    campaignId: z.string(),
    items: z.int(),
    stages: z.array(z.object({ stage: z.enum(STAGES), items: z.int(), blocked: z.int() })),
    gate: z.object({
      release: z.enum(RELEASE_RULES),
      releasedAt: InstantText.nullable(),
      approved: z.int().describe('items whose content is approved'),
      waiting: z.int().describe('items before their approval'),
    }),
    oldest: z.array(WaitingItem).describe(`the ${SHOWN} that are in their stage the longest`),
    blocked: z.array(WaitingItem).describe(`the ${SHOWN} that are past an alarm the longest`),
    acts: z.array(Act).describe('what was asked of all items, newest first'),
  })
  .meta({ id: 'CampaignProgress' });

const progressRoute = createRoute({
  ...withKey('get', 'Campaigns'),
  path: '/v1/campaigns/{id}/progress',
  operationId: 'getCampaignProgress',
  summary: 'Where the items of a campaign stand, and what it waits for',
  request: { params: CampaignParams },
  responses: recordAnswers(Progress, 'The progress'),
});

export function campaignProgressRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>().openapi(progressRoute, async (c) => {
    const { workspaceId } = c.get('caller');
    const { id: campaignId } = c.req.valid('param');
    const key = { workspaceId, campaignId };
    const campaign = await getCampaign(db, key);
    if (campaign === null) throw notFound('campaign', campaignId);
    const [progress, gate, rows] = await Promise.all([
      readProgress(db, { ...key, limit: SHOWN }),
      countApproved(db, key),
      listCampaignActs(db, { ...key, limit: ACTS_SHOWN }),
    ]);
    const acts = await Promise.all(
      rows.map(async (row) => actView(row, await countAct(db, row, { limit: SHOWN }))),
    );
    const { release, releasedAt } = campaign;
    const items = progress.stages.reduce((sum, stage) => sum + stage.items, 0);
    return c.json(
      { campaignId, items, ...progress, gate: { release, releasedAt, ...gate }, acts },
      200,
    );
  });
}

function actView(row: CampaignActRow, count: ActCount): z.infer<typeof Act> {
  const { id, kind, reason, actor, createdAt, settledAt } = row;
  return { id, kind, reason, actor, createdAt, settledAt, ...count };
}
