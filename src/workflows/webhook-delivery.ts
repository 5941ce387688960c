import {
  condition,
  continueAsNew,
  defineSignal,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import { DELIVERY_SIGNAL, type SubscriptionKey } from '../domain/outbound/delivery.ts';
import { DELIVER } from './activity-options.ts';
import { activitiesOf } from './queue-activities.ts';

const look = defineSignal(DELIVERY_SIGNAL);

/** History events after which a run begins anew. */
const LONG_HISTORY = 2_000;

/**
 * Delivers what one subscription waits for: looks, sleeps until the next attempt is due or somebody says
 * that there is more, and ends when nothing is left. What is due is in the tables, so the run holds
 * nothing that could be lost.
 */
export async function webhookDelivery(key: SubscriptionKey): Promise<void> {
  let isCalled = true;
  setHandler(look, () => {
    isCalled = true;
  });
  const { deliverDue } = activitiesOf('delivery', DELIVER);
  while (isCalled) {
    isCalled = false;
    const waitMs = await deliverDue(key);
    if (isCalled) continue;
    if (waitMs === null) return;
    if (waitMs > 0) await condition(() => isCalled, waitMs);
    isCalled = true;
    if (workflowInfo().historyLength > LONG_HISTORY) await continueAsNew(key);
  }
}

// It holds nothing between two looks: any build may go on with it. A worker without a build takes no such word.
setWorkflowOptions(
  () =>
    workflowInfo().currentDeploymentVersion?.deploymentName
      ? { versioningBehavior: 'AUTO_UPGRADE' }
      : {},
  webhookDelivery,
);
