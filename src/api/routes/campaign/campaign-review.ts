import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { lateChanges } from '../../../campaigns/late-changes.ts';
import { judgeNow, openReview } from '../../../campaigns/open-review.ts';
import { signCampaign } from '../../../campaigns/sign-review.ts';
import {
  countForReview,
  getCampaignReview,
  listCampaignSignOffs,
} from '../../../db/campaign/reviews.ts';
import { type CampaignRow, getCampaign } from '../../../db/workspace/campaigns.ts';
import { CAMPAIGN_ROLES, campaignStateOf, isOver } from '../../../domain/campaign/campaign.ts';
import { CAMPAIGN_DECISIONS } from '../../../domain/campaign/sign-off.ts';
import { Sha256 } from '../../../domain/item/content/draft.ts';
import { OWNER_ROLES } from '../../../domain/people/roles.ts';
import { CampaignReview, campaignReviewView, verdictsOf } from '../../campaign-review-view.ts';
import { CampaignParams } from '../../campaign-schema.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound, refusal } from '../../gates/errors.ts';
import { once, onceUnderLease } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { changeAnswers, recordAnswers } from '../../route-answers.ts';
import { body, idempotent, withKey } from '../../route-parts.ts';

const readRoute = createRoute({
  ...withKey('get', 'Campaigns'),
  path: '/v1/campaigns/{id}/kpi-review',
  operationId: 'getCampaignReview',
  summary: 'A verdict per KPI and role over all items of a campaign',
  description:
    'Counts are added, both sides of a rate are added before it is divided, and people are never added. The frozen review once there is one; before, what the readings say so far.',
  request: { params: CampaignParams },
  responses: recordAnswers(CampaignReview, 'The review'),
});

const openRoute = createRoute({
  ...idempotent('post', 'Campaigns'),
  middleware: forRoles(CAMPAIGN_ROLES),
  path: '/v1/campaigns/{id}/kpi-review',
  operationId: 'openCampaignReview',
  summary: 'Open the review of a campaign (strategist or admin)',
  description:
    'It opens by itself once every item is closed, or the flight is over and nothing is under way. Opened by hand it takes what is measured so far. Readings and verdicts are frozen.',
  request: { params: CampaignParams, body: body(z.strictObject({})) },
  responses: changeAnswers(CampaignReview, 'Frozen', 'forbidden', 'not_found'),
});

const signRoute = createRoute({
  ...idempotent('post', 'Campaigns'),
  middleware: forRoles(OWNER_ROLES),
  path: '/v1/campaigns/{id}/kpi-review/sign-offs',
  operationId: 'signOffCampaign',
  summary: 'Sign the review of a campaign for a role',
  description:
    'The strategist decides first; the other two agree or dissent with a comment. A decision against the recommendation needs a comment and one more role to agree: when both dissent, the strategist decides again. With the third signature the campaign is closed. The review of a campaign that is cancelled is not signed any more.',
  request: {
    params: CampaignParams,
    body: body(
      z
        .strictObject({
          role: z.enum(OWNER_ROLES),
          decision: z.enum(CAMPAIGN_DECISIONS),
          reviewHash: Sha256.optional(),
          comment: z.string().trim().min(1).max(10_000).optional(),
          learnings: z.string().trim().min(1).max(10_000).optional(),
        })
        .meta({ id: 'CampaignSignature' }),
      { role: 'strategist', decision: 'iterate', learnings: 'Short videos carried the week.' },
    ),
  },
  responses: changeAnswers(CampaignReview, 'Signed', 'forbidden', 'not_found', 'refused'),
});

/** Reading and judging a thousand items takes less. */
const JUDGE_MS = 30_000;

export function campaignReviewRoutes({ db }: Pick<ApiDeps, 'db'>) {
  const campaignOf = async (key: { workspaceId: string; campaignId: string }) => {
    const campaign = await getCampaign(db, key);
    if (campaign === null) throw notFound('campaign', key.campaignId);
    return campaign;
  };
  const reviewOf = async (campaign: CampaignRow) => {
    const key = { workspaceId: campaign.workspaceId, campaignId: campaign.id };
    const review = await getCampaignReview(db, key);
    if (review === null) return null;
    const [signOffs, late] = await Promise.all([
      listCampaignSignOffs(db, key),
      lateChanges(db, review),
    ]);
    return campaignReviewView(review, signOffs, { late, closedAt: campaign.closedAt });
  };

  return new OpenAPIHono<ApiEnv>()
    .openapi(readRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const campaign = await campaignOf({ workspaceId, campaignId: c.req.valid('param').id });
      return c.json((await reviewOf(campaign)) ?? (await previewOf(campaign)), 200);
    })
    .openapi(openRoute, async (c) => {
      const { workspaceId, memberId: actor } = c.get('caller');
      const key = { workspaceId, campaignId: c.req.valid('param').id };
      const answer = await onceUnderLease(c, { db, status: 200, leaseMs: JUDGE_MS }, async () => {
        const campaign = await campaignOf(key);
        const stands = await reviewOf(campaign);
        if (stands !== null) return stands;
        await requireReviewable(campaign);
        await openReview(db, campaign, { actor });
        const opened = await reviewOf(campaign);
        if (opened === null) throw new ApiError('conflict', { detail: 'the campaign is over' });
        return opened;
      });
      return c.json(answer, 200);
    })
    .openapi(signRoute, async (c) => {
      const { workspaceId, memberId, roles } = c.get('caller');
      const campaignId = c.req.valid('param').id;
      const {
        reviewHash = null,
        comment = null,
        learnings = null,
        ...signed
      } = c.req.valid('json');
      const texts = { reviewHash, comment, learnings };
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const by = { workspaceId, campaignId, memberId, roles };
        const outcome = await signCampaign(tx, { ...by, ...signed, ...texts });
        if (outcome.outcome === 'not_found') throw notFound('campaign', campaignId);
        if (outcome.outcome === 'cancelled') {
          throw new ApiError('conflict', { detail: 'the campaign is cancelled' });
        }
        if (outcome.outcome === 'refused') throw refusal(outcome.unmet);
        const review = await getCampaignReview(tx, { workspaceId, campaignId });
        if (review === null) throw new Error(`${campaignId} was signed without a review`);
        return campaignReviewView(review, outcome.signOffs, null);
      });
      return c.json(answer, 200);
    });

  async function requireReviewable(campaign: CampaignRow): Promise<void> {
    if (isOver(campaign)) {
      throw new ApiError('conflict', { detail: `the campaign is ${campaignStateOf(campaign)}` });
    }
    const key = { workspaceId: campaign.workspaceId, campaignId: campaign.id };
    const { measured, busy } = await countForReview(db, key);
    if (measured + busy > 0) return;
    throw new ApiError('conflict', { detail: 'nothing of the campaign is published yet' });
  }

  async function previewOf(campaign: CampaignRow): Promise<z.infer<typeof CampaignReview>> {
    const { verdicts, itemIds, recommendation } = await judgeNow(db, campaign);
    return {
      campaignId: campaign.id,
      frozen: false,
      hash: null,
      openedAt: null,
      openedBy: null,
      items: itemIds.length,
      targets: campaign.kpiTargets,
      ...verdictsOf(verdicts),
      recommendation,
      dueAt: null,
      decision: null,
      signOffs: [],
      returned: [],
      missing: [],
      changed: null,
    };
  }
}
