import type { Db } from '../db/client.ts';
import { addOutboxEvent } from '../db/outbound/outbox.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import type { CampaignEventType } from '../domain/outbound/campaign-events.ts';

/** Has those told who have to hear of a campaign: part of the transaction of what it tells of. */
export async function tellOfCampaign(
  tx: Db,
  { workspaceId, id: campaignId, name, stakeholders }: CampaignRow,
  { type, actor, ...own }: { type: CampaignEventType; actor: string } & Record<string, unknown>,
): Promise<void> {
  const memberIds = stakeholders.flatMap((one) => ('memberId' in one ? [one.memberId] : []));
  const at = new Date().toISOString();
  const data = { campaignId, name, memberIds, at, ...own };
  await addOutboxEvent(tx, { workspaceId, type, payload: { at, actor, data } });
}
