import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { ARCHIVE } from './activity-options.ts';

const { archiveHistory } = proxyActivities<Pick<Activities, 'archiveHistory'>>(ARCHIVE);

/** Keeps the history of a closed run past the engine's retention. Outlives the item's run to see its end. */
export async function historyArchive(run: {
  workspaceId: string;
  itemId: string;
  workflowId: string;
  runId: string;
}): Promise<void> {
  await archiveHistory(run);
}
