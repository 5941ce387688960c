import { ApplicationFailure } from '@temporalio/activity';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { archiveHistory as storeHistory } from '../db/archived-histories.ts';
import type { ActivityDeps } from './deps.ts';

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
      const { status } = await handle.describe();
      if (status.name === 'RUNNING') {
        throw ApplicationFailure.retryable(`${run.workflowId} is still open`, 'RunOpen');
      }
      const history = await handle.fetchHistory();
      await storeHistory(db, { ...run, history: historyToJSON(history) });
    },
  };
}
