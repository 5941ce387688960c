import { callCampaign } from '../../src/campaigns/call-campaign.ts';
import type { CampaignKey } from '../../src/domain/campaign/campaign-run.ts';
import { campaignCalls } from '../../src/telling/campaign-calls.ts';
import { startDispatcher } from '../../src/telling/dispatcher.ts';
import type { ItemEngine } from './item-engine.ts';

/** The part of a worker that calls the runs of campaigns, and how often it did. */
export function startCampaignCalls({ programDeps }: ItemEngine) {
  const { db, temporal, taskQueue } = programDeps;
  const calls: CampaignKey[] = [];
  const call = async (campaign: CampaignKey) => {
    calls.push(campaign);
    await callCampaign({ temporal, taskQueue }, campaign);
  };
  const dispatcher = startDispatcher(
    {
      db,
      wakeUps: { next: () => new Promise(() => {}) },
      consumers: [campaignCalls(call)],
      log: { warn: () => {} },
    },
    { sweepMs: 100 },
  );
  return { calls, stop: () => dispatcher.stop() };
}
