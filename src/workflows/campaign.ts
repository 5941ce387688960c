import {
  condition,
  continueAsNew,
  defineSignal,
  setHandler,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { CAMPAIGN_SIGNAL, type CampaignKey } from '../domain/campaign/campaign-run.ts';
import { LOOK } from './activity-options.ts';
import { activitiesOf } from './queue-activities.ts';

const look = defineSignal(CAMPAIGN_SIGNAL);

/** History events after which a run begins anew. */
const LONG_HISTORY = 2_000;
/** Between two looks at least, however often it is called. */
const PACE_MS = 2_000;

/**
 * A campaign over its items. It looks at the tables by its own clock, or when somebody says that there
 * is something to see, and has done what is to be done. The items are no children of it: they outlive
 * their campaign. What it knows is in the tables, so the run holds nothing that could be lost.
 */
export async function campaign(key: CampaignKey): Promise<void> {
  let isCalled = false;
  setHandler(look, () => {
    isCalled = true;
  });
  const { lookAtCampaign } = activitiesOf('delivery', LOOK);
  for (;;) {
    isCalled = false;
    const { isOver, waitMs } = await lookAtCampaign(key);
    if (isOver && !isCalled) return;
    if (waitMs > 0) await sleep(Math.min(waitMs, PACE_MS));
    if (waitMs > PACE_MS) await condition(() => isCalled, waitMs - PACE_MS);
    if (workflowInfo().historyLength > LONG_HISTORY) await continueAsNew(key);
  }
}

// It holds nothing between two looks: any build may go on with it. A worker without a build takes no such word.
setWorkflowOptions(
  () =>
    workflowInfo().currentDeploymentVersion?.deploymentName
      ? { versioningBehavior: 'AUTO_UPGRADE' }
      : {},
  campaign,
);
