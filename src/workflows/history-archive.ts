import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import { ARCHIVE } from './activity-options.ts';
import type { ItemRun } from './item-run.ts';
import { activitiesOf } from './queue-activities.ts';

/** Keeps the history of a closed run past the engine's retention. Outlives the item's run to see its end. */
export async function historyArchive(run: {
  workspaceId: string;
  itemId: string;
  workflowId: string;
  runId: string;
}): Promise<void> {
  await activitiesOf('items', ARCHIVE).archiveHistory(run);
}

/** Has the history of the item's run stored once that is closed; asked for again, it is under way. */
export async function archiveHistoryOf(run: ItemRun): Promise<void> {
  if (run.isArchived) return;
  run.isArchived = true;
  const { workspaceId, itemId } = run;
  const { workflowId, runId } = workflowInfo();
  await startChild(historyArchive, {
    workflowId: `archive:${itemId}:${runId}`,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    args: [{ workspaceId, itemId, workflowId, runId }],
  });
}
