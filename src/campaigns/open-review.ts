import { changeCampaign, lockCampaign } from '../db/campaign/acts.ts';
import { readCampaignMeasures } from '../db/campaign/measures.ts';
import {
  type CampaignSignOffRow,
  countForReview,
  getCampaignReview,
  insertCampaignReview,
  insertCampaignSignOff,
  listCampaignSignOffs,
} from '../db/campaign/reviews.ts';
import { wantLook } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import { inTransaction } from '../db/transaction.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import { isOver } from '../domain/campaign/campaign.ts';
import type { CampaignKey } from '../domain/campaign/campaign-run.ts';
import { refuseSignOff, type SignOffQuestion } from '../domain/campaign/sign-off.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { runInThread } from '../threads/threads.ts';
import { CAMPAIGN_REVIEW, judgeCampaign } from './judge-campaign.ts';
import { tellOfCampaign } from './tell.ts';

/** Readings that take less than the way to a thread. */
const JUDGED_HERE = 500;

/** What the readings of a campaign say now. */
export async function judgeNow(db: Db, { workspaceId, id: campaignId, kpiTargets }: CampaignRow) {
  const { itemIds, ...measures } = await readCampaignMeasures(db, { workspaceId, campaignId });
  const { items, planned } = measures;
  const count = items.reduce((sum, { readings }) => sum + readings.length, planned.length);
  const asked = { targets: kpiTargets, measures };
  const judged =
    count > JUDGED_HERE
      ? await runInThread(CAMPAIGN_REVIEW, asked, { workspaceId })
      : judgeCampaign(asked);
  return { ...judged, itemIds };
}

/** Nothing of the campaign is to come, or its flight is over and nothing of it is under way. */
export async function isReviewDue(db: Db, campaign: CampaignRow, now: string): Promise<boolean> {
  if (isOver(campaign)) return false;
  const { workspaceId, id: campaignId, endsAt } = campaign;
  const { open, busy, measured } = await countForReview(db, { workspaceId, campaignId });
  if (measured === 0 || busy > 0) return false;
  return open === 0 || (endsAt !== null && endsAt <= now);
}

/**
 * Freezes the review of a campaign. The first freeze stays, whatever is read later.
 * @returns false when it stood already, or the campaign is over.
 */
export async function openReview(
  db: Db,
  campaign: CampaignRow,
  { actor }: { actor: string },
): Promise<boolean> {
  const { workspaceId, id: campaignId, kpiTargets: targets } = campaign;
  const key = { workspaceId, campaignId };
  if ((await getCampaignReview(db, key)) !== null) return false;
  const { verdicts, hash, itemIds } = await judgeNow(db, campaign);
  return inTransaction(db, async (tx) => {
    const locked = await lockCampaign(tx, key);
    if (locked === null || isOver(locked)) return false;
    const body = { targets, verdicts, itemIds };
    const isNew = await insertCampaignReview(tx, { ...key, hash, body, openedBy: actor });
    if (!isNew) return false;
    const { verdict } = verdicts.combined;
    const told = { type: 'campaign.review_opened', actor, reviewHash: hash, verdict } as const;
    await tellOfCampaign(tx, locked, told);
    return true;
  });
}

export interface SignOffRequest extends CampaignKey, Omit<SignOffQuestion, 'review' | 'signOffs'> {
  memberId: string;
  learnings: string | null;
}

export type SignOffOutcome =
  | { outcome: 'not_found' }
  | { outcome: 'refused'; unmet: Unmet[] }
  | { outcome: 'signed'; signOffs: CampaignSignOffRow[] };

/** Signs the review of a campaign for a role. With the third one the campaign is closed. */
export async function signCampaign(tx: Db, request: SignOffRequest): Promise<SignOffOutcome> {
  const { workspaceId, campaignId, role, memberId, decision, comment, learnings } = request;
  const key = { workspaceId, campaignId };
  const campaign = await lockCampaign(tx, key);
  if (campaign === null) return { outcome: 'not_found' };
  const review = await getCampaignReview(tx, key);
  const before = await listCampaignSignOffs(tx, key);
  const unmet = refuseSignOff({ ...request, review, signOffs: before });
  if (unmet.length > 0 || review === null) return { outcome: 'refused', unmet };
  await insertCampaignSignOff(tx, { ...key, role, memberId, decision, comment, learnings });
  const signOffs = await listCampaignSignOffs(tx, key);
  if (signOffs.length === 3) await close(tx, campaign, { review, signOffs, actor: memberId });
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
    review: NonNullable<Awaited<ReturnType<typeof getCampaignReview>>>;
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
    dissent: signOffs.filter(({ decision }) => decision === 'dissent').map(({ role }) => role),
  });
}
