import { changeCampaign, lockCampaign } from '../db/campaign/acts.ts';
import {
  type CampaignReviewRow,
  type CampaignSignOffRow,
  getCampaignReview,
  insertCampaignSignOff,
  listCampaignSignOffs,
} from '../db/campaign/reviews.ts';
import { wantLook } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import type { CampaignKey } from '../domain/campaign/campaign-run.ts';
import { openRound, refuseSignOff, type SignOffQuestion } from '../domain/campaign/sign-off.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { peerDecision, rolesMissing } from '../domain/item/review-decision.ts';
import type { OwnerRole } from '../domain/people/roles.ts';
import { tellOfCampaign } from './tell.ts';

export interface SignOffRequest extends CampaignKey, Omit<SignOffQuestion, 'review' | 'signOffs'> {
  memberId: string;
  learnings: string | null;
}

export type SignOffOutcome =
  | { outcome: 'not_found' }
  | { outcome: 'cancelled' }
  | { outcome: 'refused'; unmet: Unmet[] }
  | { outcome: 'signed'; signOffs: CampaignSignOffRow[] };

/**
 * Signs the review of a campaign for a role. With the third one the campaign is closed, or the strategist
 * decides again: nobody agreed to a decision against the recommendation.
 */
export async function signCampaign(tx: Db, request: SignOffRequest): Promise<SignOffOutcome> {
  const { workspaceId, campaignId, role, memberId, decision, comment, learnings } = request;
  const key = { workspaceId, campaignId };
  const campaign = await lockCampaign(tx, key);
  if (campaign === null) return { outcome: 'not_found' };
  // No sign-off is waited for any more, and none closes it.
  if (campaign.cancelledAt !== null) return { outcome: 'cancelled' };
  const review = await getCampaignReview(tx, key);
  const recommended = review?.body.recommendation?.decision;
  const open = openRound(await listCampaignSignOffs(tx, key), recommended);
  const asked = review === null ? null : { hash: review.hash, recommended };
  const unmet = refuseSignOff({ ...request, review: asked, signOffs: open.signOffs });
  if (unmet.length > 0 || review === null) return { outcome: 'refused', unmet };
  const { round } = open;
  await insertCampaignSignOff(tx, { ...key, round, role, memberId, decision, comment, learnings });
  const signOffs = await listCampaignSignOffs(tx, key);
  const after = openRound(signOffs, recommended);
  if (after.round > round) {
    const { returned: alone } = after;
    const told = { actor: memberId, reviewHash: review.hash, decision: alone };
    await tellOfCampaign(tx, campaign, { type: 'campaign.review_returned', ...told });
  } else if (rolesMissing(after.signOffs).length === 0) {
    await close(tx, campaign, { review, signOffs: after.signOffs, actor: memberId });
  }
  return { outcome: 'signed', signOffs };
}

async function close(
  tx: Db,
  campaign: CampaignRow,
  {
    review,
    signOffs,
    actor,
  }: {
    review: CampaignReviewRow;
    signOffs: CampaignSignOffRow[];
    actor: string;
  },
): Promise<void> {
  const key = { workspaceId: campaign.workspaceId, campaignId: campaign.id };
  await changeCampaign(tx, { ...key, change: { closedAt: new Date().toISOString() } });
  await wantLook(tx, key);
  await tellOfCampaign(tx, campaign, {
    type: 'campaign.review_closed',
    actor,
    reviewHash: review.hash,
    verdict: review.body.verdicts.combined.verdict,
    decision: signOffs.find(({ role }) => role === 'strategist')?.decision ?? '',
    dissent: dissentOf(signOffs),
  });
}

function dissentOf(signOffs: readonly CampaignSignOffRow[]): OwnerRole[] {
  const lead = signOffs.find(({ role }) => role === 'strategist')?.decision;
  return signOffs
    .filter((one) => one.role !== 'strategist' && peerDecision(one.decision, lead) === 'dissent')
    .map(({ role }) => role);
}
