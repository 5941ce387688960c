import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { actOnCampaign, whyNotAsked } from '../../../campaigns/acts.ts';
import { pageActItems } from '../../../db/campaign/act-record.ts';
import type { Db } from '../../../db/client.ts';
import type { PageRequest } from '../../../db/paging.ts';
import { getCampaign } from '../../../db/workspace/campaigns.ts';
import { ACT_EFFECTS, effectOf } from '../../../domain/campaign/act-effect.ts';
import { CAMPAIGN_ROLES, type CampaignActKind } from '../../../domain/campaign/campaign.ts';
import type { CampaignKey } from '../../../domain/campaign/campaign-run.ts';
import { placeOf } from '../../../domain/item/run.ts';
import { STAGES } from '../../../domain/item/stages.ts';
import { Campaign, CampaignParams, campaignView } from '../../campaign-schema.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { changeAnswers, pageOf } from '../../route-answers.ts';
import { body, idempotent, paging } from '../../route-parts.ts';

const PreviewedItem = z
  .object({
    itemId: z.string(),
    title: z.string(),
    stage: z.enum(STAGES),
    substage: z.string().nullable(),
    would: z
      .enum(ACT_EFFECTS)
      .describe('`…_later`: once the outcome of what is on its way is known'),
    because: z.string().optional().describe('why not at once, or not at all'),
  })
  .meta({ id: 'CampaignActItem' });

const ActAnswer = z
  .object({
    campaign: Campaign,
    preview: pageOf(PreviewedItem)
      .nullable()
      .describe('what would happen to each open item; with `dryRun` only'),
  })
  .meta({ id: 'CampaignActAnswer' });

const dryRun = z.boolean().default(false).describe('only say what would happen to each item');
const reason = z.string().trim().min(1).max(2_000);
/** Of the preview. */
const page = {
  limit: z.int().min(1).max(200).optional().describe('items of a preview at most'),
  cursor: paging.cursor,
};
const ReasonedAct = z.strictObject({ reason, dryRun, ...page }).meta({ id: 'CampaignAct' });
const ReleaseAct = z
  .strictObject({ reason: reason.optional(), dryRun, ...page })
  .meta({ id: 'CampaignRelease' });

const LATER =
  'Answered at once; the run of the campaign carries it out item by item, and its progress names those that refused. What stands already is answered as it stands: asked twice is once. With `dryRun` nothing changes, and the answer says page by page what would happen to each open item.';

function actRoute<const P extends string, Schema extends z.ZodType>(act: {
  path: P;
  operationId: string;
  summary: string;
  description: string;
  schema: Schema;
  example: object;
}) {
  const { path, operationId, summary, description, schema, example } = act;
  return createRoute({
    ...idempotent('post', 'Campaigns'),
    middleware: forRoles(CAMPAIGN_ROLES),
    path,
    operationId,
    summary,
    description: `${description} ${LATER}`,
    request: { params: CampaignParams, body: body(schema, example) },
    responses: changeAnswers(ActAnswer, 'The campaign as it stands', 'forbidden', 'not_found'),
  });
}

const releaseRoute = actRoute({
  path: '/v1/campaigns/{id}/release',
  operationId: 'releaseCampaign',
  summary: 'Open the gate of a campaign (strategist or admin)',
  description: 'Its items may be scheduled from now on, whatever the gate waited for.',
  schema: ReleaseAct,
  example: {},
});

const pauseRoute = actRoute({
  path: '/v1/campaigns/{id}/pause',
  operationId: 'pauseCampaign',
  summary: 'Put every open item of a campaign on hold (strategist or admin)',
  description:
    'Slots keep their times and are missed while they pass. An item whose post is on its way is held after it; one that joins meanwhile is held, too, and one that leaves is let go.',
  schema: ReasonedAct,
  example: { reason: 'the product is late' },
});

const resumeRoute = actRoute({
  path: '/v1/campaigns/{id}/resume',
  operationId: 'resumeCampaign',
  summary: 'Resume the items that the pause of the campaign put on hold (strategist or admin)',
  description:
    'An item that somebody put on hold apart from the campaign stays so. Of a campaign that was closed while it was paused it gives back what the pause took.',
  schema: ReasonedAct,
  example: { reason: 'the product is there' },
});

const cancelRoute = actRoute({
  path: '/v1/campaigns/{id}/cancel',
  operationId: 'cancelCampaign',
  summary: 'Cancel a campaign and every open item of it (strategist or admin)',
  description:
    'Nothing more is planned or sent. An item whose post is on its way, or may be out unseen, is cancelled once its outcome is known. Published posts stay published.',
  schema: ReasonedAct,
  example: { reason: 'the product is not made', dryRun: true },
});

interface Asked extends PageRequest {
  reason?: string | undefined;
  dryRun: boolean;
}

export function campaignActRoutes({ db }: Pick<ApiDeps, 'db'>) {
  const act = async (
    c: ApiContext,
    { kind, campaignId }: { kind: CampaignActKind; campaignId: string },
    { reason: why, dryRun: isPreview, limit, cursor }: Asked,
  ): Promise<z.infer<typeof ActAnswer>> => {
    const { workspaceId, memberId: actor } = c.get('caller');
    const key = { workspaceId, campaignId };
    if (isPreview) return preview(db, { ...key, kind, limit, cursor });
    return once(c, { db, status: 200 }, async (tx) => {
      const outcome = await actOnCampaign(tx, { ...key, kind, reason: why ?? null, actor });
      if (outcome.outcome === 'not_found') throw notFound('campaign', campaignId);
      if (outcome.outcome === 'refused') throw new ApiError('conflict', { detail: outcome.why });
      return { campaign: campaignView(outcome.campaign), preview: null };
    });
  };
  const handle =
    (kind: CampaignActKind) =>
    async <P extends string, I extends ActInput>(c: Context<ApiEnv, P, I>) =>
      c.json(await act(c, { kind, campaignId: c.req.valid('param').id }, c.req.valid('json')), 200);

  return new OpenAPIHono<ApiEnv>()
    .openapi(releaseRoute, handle('release'))
    .openapi(pauseRoute, handle('pause'))
    .openapi(resumeRoute, handle('resume'))
    .openapi(cancelRoute, handle('cancel'));
}

interface ActInput {
  out: { param: { id: string }; json: Asked };
}

async function preview(
  db: Db,
  { kind, ...request }: CampaignKey & PageRequest & { kind: CampaignActKind },
): Promise<z.infer<typeof ActAnswer>> {
  const campaign = await getCampaign(db, request);
  if (campaign === null) throw notFound('campaign', request.campaignId);
  const why = whyNotAsked(campaign, kind);
  if (why !== null) throw new ApiError('conflict', { detail: why });
  const { items, nextCursor } = await pageActItems(db, request);
  return {
    campaign: campaignView(campaign),
    preview: {
      items: items.map(({ id: itemId, title, stage, substage, snapshot, isHeldByCampaign }) => {
        const { context } = snapshot;
        const effect = effectOf(kind, { place: placeOf(snapshot), context, isHeldByCampaign });
        return { itemId, title, stage, substage, ...effect };
      }),
      nextCursor,
    },
  };
}
