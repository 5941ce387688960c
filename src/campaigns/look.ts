import type { DeliveryDeps } from '../commands/deliver-command.ts';
import { firstOpenAct, latestAct, lockCampaign, settleAct } from '../db/campaign/acts.ts';
import { countApproved } from '../db/campaign/campaign-items.ts';
import { beginCampaignLook, endCampaignLook } from '../db/campaign/runs.ts';
import { inTransaction } from '../db/transaction.ts';
import { type CampaignRow, getCampaign } from '../db/workspace/campaigns.ts';
import type { CampaignKey, CampaignLook, CampaignWord } from '../domain/campaign/campaign-run.ts';
import { askItems } from './ask-items.ts';
import { openGate } from './open-gate.ts';
import { isReviewDue, openReview } from './open-review.ts';
import { tellItems } from './tell-items.ts';

/** What one look does at most; the next one goes on. */
const LOOK_MS = 10_000;
/** A look that takes longer is not heard of any more: somebody else is called. */
const WITHIN_MS = 45_000;
/** What was said shows in the tables after a moment. */
const SOON_MS = 3_000;
/** While something may happen of which nobody calls. */
const OFTEN_MS = 60_000;
/** Otherwise. */
const SELDOM_MS = 15 * 60_000;

/** Looks at a campaign and does what is to be done: its gate, what was asked of its items, its review. */
export function createCampaignLook(deps: DeliveryDeps) {
  const { db } = deps;

  return async function look(key: CampaignKey): Promise<CampaignLook> {
    const found = await getCampaign(db, key);
    if (found === null) return { isOver: true, waitMs: 0 };
    await beginCampaignLook(db, { ...key, withinMs: WITHIN_MS });
    const until = Date.now() + LOOK_MS;
    const campaign = await openGateWhenApproved(found);
    const word = wordOf(campaign);
    const told = word === null ? 0 : await tellItems(deps, key, word, until);
    await reviewWhenDue(campaign);
    const isBusy = told > 0 || (await carryOut(campaign, until));
    const waitMs = isBusy ? SOON_MS : pauseOf(campaign);
    const isOver = await endCampaignLook(db, { ...key, waitMs });
    return { isOver, waitMs: waitMs ?? 0 };
  };

  /** Asked again under the lock: somebody may open it, or an item join, meanwhile. */
  async function openGateWhenApproved(campaign: CampaignRow): Promise<CampaignRow> {
    const { workspaceId, id: campaignId } = campaign;
    const key = { workspaceId, campaignId };
    if (!isGateShut(campaign) || !(await isApproved(key))) return campaign;
    return inTransaction(db, async (tx) => {
      const locked = await lockCampaign(tx, key);
      if (locked === null || !isGateShut(locked)) return locked ?? campaign;
      return openGate(tx, locked, { actor: 'system', reason: null });
    });
  }

  async function reviewWhenDue(campaign: CampaignRow): Promise<void> {
    const now = new Date().toISOString();
    if (!(await isReviewDue(db, campaign, now))) return;
    await openReview(db, campaign, { actor: 'system' });
  }

  async function isApproved(key: CampaignKey): Promise<boolean> {
    const { approved, waiting } = await countApproved(db, key);
    return approved > 0 && waiting === 0;
  }

  /**
   * Goes on with what was asked first. A campaign that is paused holds those that join it, too.
   * @returns whether something is left to be done soon.
   */
  async function carryOut(campaign: CampaignRow, until: number): Promise<boolean> {
    const { workspaceId, id: campaignId } = campaign;
    const key = { workspaceId, campaignId };
    const open = await firstOpenAct(db, key);
    const act =
      open ?? (campaign.pausedAt === null ? null : await latestAct(db, { ...key, kind: 'pause' }));
    if (act === null) return false;
    // Once it is cancelled nothing else is asked of an item; a word was said to all by now.
    const isSaid = campaign.cancelledAt !== null || act.kind === 'release' || act.kind === 'cancel';
    if (!isSaid && (await askItems(deps, act, until)) > 0) return true;
    if (open === null) return false;
    await settleAct(db, act);
    return true;
  }
}

function isGateShut({ release, releasedAt, cancelledAt }: CampaignRow): boolean {
  return release === 'all_approved' && releasedAt === null && cancelledAt === null;
}

/** What every open item has to have heard. */
function wordOf({ id: campaignId, ...campaign }: CampaignRow): CampaignWord | null {
  if (campaign.cancelledAt !== null) {
    return { campaignId, type: 'campaign_cancelled', reason: campaign.cancelReason ?? '' };
  }
  return campaign.releasedAt === null ? null : { campaignId, type: 'campaign_released' };
}

function pauseOf(campaign: CampaignRow): number | null {
  if (campaign.closedAt !== null || campaign.cancelledAt !== null) return null;
  return isGateShut(campaign) ? OFTEN_MS : SELDOM_MS;
}
