import type { Client } from '@temporalio/client';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { eventually } from './eventually.ts';
import type { ItemEngine } from './item-engine.ts';

/** WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND of the server's protocol. */
const UNHANDLED_COMMAND = 1;

/** A workflow task that failed, and what its worker said of it. */
export interface FailedTask {
  workflowId: string;
  message: string;
}

/**
 * Failed workflow tasks in the histories of every run that the client's namespace has.
 * @throws Error when the server does not list a run of `among`, or none at all.
 */
export async function failedWorkflowTasks(
  client: Client,
  { among }: { among: readonly string[] },
): Promise<FailedTask[]> {
  const runs = await eventually(() => listedRuns(client, among), {
    what: `a list of the runs ${among.join(', ')}`,
  });
  const failed: FailedTask[] = [];
  for (const { workflowId, runId } of runs) {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { workflowTaskFailedEventAttributes: failure } of events ?? []) {
      // The server's own doing: something came in as the run ended, and the task is given again.
      if (!failure || failure.cause === UNHANDLED_COMMAND) continue;
      failed.push({ workflowId, message: failure.failure?.message ?? '' });
    }
  }
  return failed;
}

/** The same for a whole engine: the runs of its items, and those that they started. */
export async function failedTasksOf({ deps }: ItemEngine): Promise<FailedTask[]> {
  const { rows } = await deps.db.$client.query<{ id: string }>(
    'select id from items where seq > 0',
  );
  return failedWorkflowTasks(deps.temporal, { among: rows.map(({ id }) => itemWorkflowId(id)) });
}

/** What the server lists is a moment late: null until every run is there that must be. */
async function listedRuns(client: Client, among: readonly string[]) {
  const runs: { workflowId: string; runId: string }[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    runs.push({ workflowId, runId });
  }
  const isListed = (id: string) => runs.some(({ workflowId }) => workflowId === id);
  return runs.length > 0 && among.every(isListed) ? runs : null;
}
