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
  const { archiveHistory } = activitiesOf('items', {
    ...ARCHIVE,
    summary: 'store the history of the closed run',
  });
  await archiveHistory(run);
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
    staticSummary: `History of item ${itemId}, run ${runId}`,
    args: [{ workspaceId, itemId, workflowId, runId }],
  });
}
