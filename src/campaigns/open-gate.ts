import { changeCampaign, insertAct } from '../db/campaign/acts.ts';
import { wantLook } from '../db/campaign/runs.ts';
import type { Db } from '../db/client.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';

/** Opens the gate of a campaign that is locked. Its run tells the items. */
export async function openGate(
  tx: Db,
  { workspaceId, id: campaignId }: CampaignRow,
  { actor, reason }: { actor: string; reason: string | null },
): Promise<CampaignRow> {
  const key = { workspaceId, campaignId };
  await insertAct(tx, { ...key, kind: 'release', actor, reason });
  await wantLook(tx, key);
  return changeCampaign(tx, { ...key, change: { releasedAt: new Date().toISOString() } });
}
