import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { archiveHistory as storeHistory } from '../db/audit/archived-histories.ts';
import { ASK_MS, callWithin } from '../engine/ask.ts';
import type { ActivityDeps } from './deps.ts';

/** A run asks for its archive just before it closes, so that is worth a short wait. */
const OVER_WITHIN_MS = 5_000;
const POLL_MS = 100;
/** For all pages of a long history together. */
const FETCH_MS = 20_000;

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
      if (!(await isOver(temporal, handle))) {
        throw ApplicationFailure.retryable(`${run.workflowId} is still open`, 'RunOpen');
      }
      const history = await callWithin(temporal, FETCH_MS, () => handle.fetchHistory());
      await storeHistory(db, { ...run, history: historyToJSON(history) });
    },
  };
}

async function isOver(temporal: Client, handle: WorkflowHandle): Promise<boolean> {
  const until = Date.now() + OVER_WITHIN_MS;
  for (;;) {
    const { status } = await callWithin(temporal, ASK_MS, () => handle.describe());
    if (status.name !== 'RUNNING') return true;
    if (Date.now() > until) return false;
    await delay(POLL_MS);
  }
}
