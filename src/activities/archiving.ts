import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { archiveHistory as storeHistory } from '../db/audit/archived-histories.ts';
import type { ActivityDeps } from './deps.ts';

/** A run asks for its archive just before it closes, so that is worth a short wait. */
const OVER_WITHIN_MS = 5_000;
const POLL_MS = 100;

export function archivingActivities({ db, temporal }: Pick<ActivityDeps, 'db' | 'temporal'>) {
  return {
    /**
     * Stores the whole history of a closed run: the engine forgets it after its retention.
     * @throws a retryable failure while the run is still open.
     */
    async archiveHistory(run: {
      workspaceId: string;
      itemId: string;
      workflowId: string;
      runId: string;
    }): Promise<void> {
      const handle = temporal.workflow.getHandle(run.workflowId, run.runId);
      if (!(await isOver(handle))) {
        throw ApplicationFailure.retryable(`${run.workflowId} is still open`, 'RunOpen');
      }
      const history = await handle.fetchHistory();
      await storeHistory(db, { ...run, history: historyToJSON(history) });
    },
  };
}

async function isOver(handle: Pick<WorkflowHandle, 'describe'>): Promise<boolean> {
  const until = Date.now() + OVER_WITHIN_MS;
  for (;;) {
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') return true;
    if (Date.now() > until) return false;
    await delay(POLL_MS);
  }
}
