import type { Client } from '@temporalio/client';
import {
  CAMPAIGN_SIGNAL,
  CAMPAIGN_WORKFLOW,
  type CampaignKey,
  campaignWorkflowId,
} from '../domain/campaign/campaign-run.ts';
import { callRun } from '../engine/delivery-runs.ts';

/** Has the run of a campaign look. One that is missing begins: what it needs is in the tables. */
export function callCampaign(
  { temporal, taskQueue }: { temporal: Client; taskQueue: string },
  { workspaceId, campaignId }: CampaignKey,
): Promise<void> {
  return callRun(temporal, {
    workflow: CAMPAIGN_WORKFLOW,
    workflowId: campaignWorkflowId({ campaignId }),
    signal: CAMPAIGN_SIGNAL,
    taskQueue,
    workspaceId,
    input: { workspaceId, campaignId },
    summary: `Campaign ${campaignId} of workspace ${workspaceId}`,
  });
}
