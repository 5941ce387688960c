import { changeCampaign, insertAct, latestAct, lockCampaign } from '../db/campaign/acts.ts';
import { wantLook } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import { type CampaignActKind, campaignStateOf, isOver } from '../domain/campaign/campaign.ts';
import type { CampaignKey } from '../domain/campaign/campaign-run.ts';
import { openGate } from './open-gate.ts';
import { tellOfCampaign } from './tell.ts';

const EVENTS = {
  pause: 'campaign.paused',
  resume: 'campaign.resumed',
  cancel: 'campaign.cancelled',
} as const;

export interface ActRequest extends CampaignKey {
  kind: CampaignActKind;
  reason: string | null;
  /** A member. */
  actor: string;
}

export type ActOutcome =
  | { outcome: 'not_found' }
  /** The campaign is over. */
  | { outcome: 'refused'; why: string }
  /** `isNew`: false when it was so already. */
  | { outcome: 'done'; campaign: CampaignRow; isNew: boolean };

/**
 * Asks something of all items of a campaign. What stands already is answered as it stands: asked twice
 * is once. The run of the campaign carries it out.
 */
export async function actOnCampaign(tx: Db, request: ActRequest): Promise<ActOutcome> {
  const { kind } = request;
  const campaign = await lockCampaign(tx, request);
  if (campaign === null) return { outcome: 'not_found' };
  if (stands(campaign, kind)) return { outcome: 'done', campaign, isNew: false };
  const why = whyNotAsked(campaign, kind);
  if (why !== null) return { outcome: 'refused', why };
  return { outcome: 'done', campaign: await carryIn(tx, campaign, request), isNew: true };
}

/** Why nothing is asked of the items of a campaign; null when it may be, or stands already. */
export function whyNotAsked(campaign: CampaignRow, kind: CampaignActKind): string | null {
  // Whatever a pause took can be given back, also once the review is signed.
  const isOpen = kind === 'resume' ? campaign.cancelledAt === null : !isOver(campaign);
  return isOpen || stands(campaign, kind) ? null : `the campaign is ${campaignStateOf(campaign)}`;
}

function stands(campaign: CampaignRow, kind: CampaignActKind): boolean {
  switch (kind) {
    case 'release':
      return campaign.releasedAt !== null;
    case 'pause':
      return campaign.pausedAt !== null;
    case 'resume':
      return campaign.pausedAt === null && campaign.cancelledAt === null;
    case 'cancel':
      return campaign.cancelledAt !== null;
  }
}

async function carryIn(
  tx: Db,
  campaign: CampaignRow,
  { workspaceId, campaignId, kind, reason, actor }: ActRequest,
): Promise<CampaignRow> {
  if (kind === 'release') return openGate(tx, campaign, { actor, reason });
  const key = { workspaceId, campaignId };
  const paused = kind === 'resume' ? await latestAct(tx, { ...key, kind: 'pause' }) : null;
  await insertAct(tx, { ...key, kind, reason, actor, endsAct: paused?.id ?? null });
  await tellOfCampaign(tx, campaign, { type: EVENTS[kind], actor, reason });
  await wantLook(tx, key);
  const now = new Date().toISOString();
  switch (kind) {
    case 'pause':
      return changeCampaign(tx, { ...key, change: { pausedAt: now } });
    case 'resume':
      return changeCampaign(tx, { ...key, change: { pausedAt: null } });
    case 'cancel':
      return changeCampaign(tx, { ...key, change: { cancelledAt: now, cancelReason: reason } });
  }
}
