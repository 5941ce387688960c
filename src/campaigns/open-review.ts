import { lockCampaign } from '../db/campaign/acts.ts';
import { readCampaignMeasures } from '../db/campaign/measures.ts';
import { countForReview, getCampaignReview, insertCampaignReview } from '../db/campaign/reviews.ts';
import type { Db } from '../db/client.ts';
import { inTransaction } from '../db/transaction.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import { getWorkspace } from '../db/workspace/workspaces.ts';
import { isOver } from '../domain/campaign/campaign.ts';
import type { CampaignKey } from '../domain/campaign/campaign-run.ts';
import type { KpiTarget } from '../domain/kpi/targets.ts';
import { STANDARD_PLAYBOOK } from '../domain/playbook/standard.ts';
import { runInThread } from '../threads/threads.ts';
import { clockSteps } from '../time/business-calendar.ts';
import { CAMPAIGN_REVIEW, judgeCampaign } from './judge-campaign.ts';
import { tellOfCampaign } from './tell.ts';

/** Readings that take less than the way to a thread. */
const JUDGED_HERE = 500;
/** A campaign has no playbook: its review takes as long as the one of an item usually does. */
const SIGNED_WITHIN = STANDARD_PLAYBOOK.clocks.kpi_review;

/** What the readings of a campaign say now. */
export function judgeNow(db: Db, { workspaceId, id: campaignId, kpiTargets }: CampaignRow) {
  return judgeAgain(db, { workspaceId, campaignId, targets: kpiTargets });
}

/** The same of targets and items as they were. */
export async function judgeAgain(
  db: Db,
  { targets, ...asks }: CampaignKey & { targets: KpiTarget[]; itemIds?: string[] },
) {
  const { workspaceId } = asks;
  const { itemIds, ...measures } = await readCampaignMeasures(db, asks);
  const { items, planned } = measures;
  const count = items.reduce((sum, { readings }) => sum + readings.length, planned.length);
  const asked = { targets, measures };
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
  const { itemIds, hash, ...judged } = await judgeNow(db, campaign);
  const dueAt = await dueFrom(db, workspaceId, new Date().toISOString());
  return inTransaction(db, async (tx) => {
    const locked = await lockCampaign(tx, key);
    if (locked === null || isOver(locked)) return false;
    const body = { targets, itemIds, ...judged };
    const isNew = await insertCampaignReview(tx, { ...key, hash, body, dueAt, openedBy: actor });
    if (!isNew) return false;
    const { verdict } = judged.verdicts.combined;
    const told = { type: 'campaign.review_opened', actor, reviewHash: hash, verdict } as const;
    await tellOfCampaign(tx, locked, told);
    return true;
  });
}

async function dueFrom(db: Db, workspaceId: string, start: string): Promise<string | null> {
  const workspace = await getWorkspace(db, { workspaceId });
  if (workspace === null) return null;
  const [, , due] = clockSteps(start, SIGNED_WITHIN, workspace.calendar);
  return due;
}
