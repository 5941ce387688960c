import type { Client } from '@temporalio/client';
import { fairnessOf } from '../domain/task-queues.ts';
import { workspaceAttribute } from '../domain/visibility/search-attributes.ts';
import { ASK_MS, callWithin } from './ask.ts';

/** Behind the runs of items, whose steps people wait for. */
const LAST = { priorityKey: 4 };

/** The run that is started where it is not running, and told that there is something to do. */
export interface CalledRun {
  workflow: string;
  workflowId: string;
  signal: string;
  taskQueue: string;
  workspaceId: string;
  input: object;
  /** What the engine's own UI says of it. */
  summary?: string;
}

/**
 * Starts a run or wakes the one that there is.
 * @throws NoAnswer, or the engine's own error.
 */
export async function callRun(temporal: Client, run: CalledRun): Promise<void> {
  const { workflow, workflowId, signal, taskQueue, workspaceId, input, summary } = run;
  await callWithin(temporal, ASK_MS, () =>
    temporal.workflow.signalWithStart(workflow, {
      workflowId,
      taskQueue,
      signal,
      args: [input],
      priority: { ...LAST, ...fairnessOf(workspaceId) },
      ...(summary !== undefined && {
        staticSummary: summary,
        typedSearchAttributes: [workspaceAttribute(workspaceId)],
      }),
    }),
  );
}
