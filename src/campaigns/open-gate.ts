import { changeCampaign, insertAct } from '../db/campaign/acts.ts';
import { wantLook } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import { tellOfCampaign } from './tell.ts';

/** Opens the gate of a campaign that is locked. Its run tells the items. */
export async function openGate(
  tx: Db,
  campaign: CampaignRow,
  { actor, reason }: { actor: string; reason: string | null },
): Promise<CampaignRow> {
  const key = { workspaceId: campaign.workspaceId, campaignId: campaign.id };
  await insertAct(tx, { ...key, kind: 'release', actor, reason });
  await tellOfCampaign(tx, campaign, { type: 'campaign.released', actor, reason });
  await wantLook(tx, key);
  return changeCampaign(tx, { ...key, change: { releasedAt: new Date().toISOString() } });
}
