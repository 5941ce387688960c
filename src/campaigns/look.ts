import type { DeliveryDeps } from '../commands/deliver-command.ts';
import { listOpenActs, lockCampaign, settleActs } from '../db/campaign/acts.ts';
import { countApproved } from '../db/campaign/campaign-items.ts';
import { type BegunLook, beginCampaignLook, endCampaignLook } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import { inTransaction } from '../db/transaction.ts';
import { type CampaignRow, getCampaign } from '../db/workspace/campaigns.ts';
import { isOver } from '../domain/campaign/campaign.ts';
import type { CampaignKey, CampaignLook, CampaignWord } from '../domain/campaign/campaign-run.ts';
import { askItems } from './ask-items.ts';
import { isGateShut, isToTell, pauseAfterLook, SOON_MS } from './look-pace.ts';
import { openGate } from './open-gate.ts';
import { isReviewDue, openReview } from './open-review.ts';
import { type Telling, tellItems } from './tell-items.ts';

/** What one look asks at most, and what it tells; the next one goes on. */
const PART_MS = 10_000;
const SILENCE: Telling = { untold: 0, isSaid: true };

/** Looks at a campaign and does what is to be done: what was asked of its items, its gate, its review. */
export function createCampaignLook(deps: DeliveryDeps) {
  const { db } = deps;

  return async function look(key: CampaignKey): Promise<CampaignLook> {
    const begun = await beginCampaignLook(db, key);
    if (begun === null) return { isOver: true, waitMs: 0 };
    // Before the campaign: what is among them has changed its row by then.
    const open = await listOpenActs(db, key);
    const asked = await askItems(deps, await campaignOf(key), Date.now() + PART_MS);
    const campaign = await openGateWhenApproved(await campaignOf(key));
    const word = wordOf(campaign);
    const tellUntil = isToTell(begun) ? Date.now() + PART_MS : null;
    const { untold, isSaid } =
      word === null ? SILENCE : await tellItems(deps, key, word, tellUntil);
    const settled = open.filter(({ id, kind }) => {
      if (kind === 'pause' || kind === 'resume') return id !== asked.act?.id || !asked.isLeft;
      return untold === 0 && (kind === 'release' || word?.type === 'campaign_cancelled');
    });
    await settleActs(db, { ...key, ids: settled.map(({ id }) => id) });
    await reviewWhenDue(campaign);
    const isBusy = asked.isLeft || untold > 0;
    return endLook(campaign, begun, { isBusy, isSaid: untold > 0 && isSaid });
  };

  async function campaignOf(key: CampaignKey): Promise<CampaignRow> {
    const campaign = await getCampaign(db, key);
    if (campaign === null) throw new Error(`${key.campaignId} is not there any more`);
    return campaign;
  }

  /** Asked again under the lock: somebody may open it, or an item join, meanwhile. */
  async function openGateWhenApproved(campaign: CampaignRow): Promise<CampaignRow> {
    const { workspaceId, id: campaignId } = campaign;
    const key = { workspaceId, campaignId };
    if (!isGateShut(campaign) || !(await isApproved(db, key))) return campaign;
    return inTransaction(db, async (tx) => {
      const locked = await lockCampaign(tx, key);
      if (locked === null || !isGateShut(locked)) return locked ?? campaign;
      if (!(await isApproved(tx, key))) return locked;
      return openGate(tx, locked, { actor: 'system', reason: null });
    });
  }

  async function isApproved(on: Db, key: CampaignKey): Promise<boolean> {
    const { approved, waiting } = await countApproved(on, key);
    return approved > 0 && waiting === 0;
  }

  async function reviewWhenDue(campaign: CampaignRow): Promise<void> {
    const now = new Date().toISOString();
    if (!(await isReviewDue(db, campaign, now))) return;
    await openReview(db, campaign, { actor: 'system' });
  }

  async function endLook(
    campaign: CampaignRow,
    { quietMs }: BegunLook,
    { isBusy, isSaid }: { isBusy: boolean; isSaid: boolean },
  ): Promise<CampaignLook> {
    const { workspaceId, id: campaignId, endsAt } = campaign;
    const waitMs = pauseAfterLook({
      isOver: isOver(campaign),
      isGateShut: isGateShut(campaign),
      toEndMs: endsAt === null ? null : Date.parse(endsAt) - Date.now(),
      isBusy,
      quietMs,
    });
    const ended = await endCampaignLook(db, { workspaceId, campaignId, waitMs, isSaid });
    return { isOver: ended.isOver, waitMs: ended.isCalled ? SOON_MS : (waitMs ?? 0) };
  }
}

/** What every open item has to have heard. */
function wordOf({ id: campaignId, ...campaign }: CampaignRow): CampaignWord | null {
  if (campaign.cancelledAt !== null) {
    return { campaignId, type: 'campaign_cancelled', reason: campaign.cancelReason ?? '' };
  }
  return campaign.releasedAt === null ? null : { campaignId, type: 'campaign_released' };
}
