import type { Client } from '@temporalio/client';
import { ASK_MS, callWithin } from './ask.ts';

/** Behind the runs of items, whose steps people wait for. */
const LAST = { priorityKey: 4 };

/** The run that is started where it is not running, and told that there is something to do. */
export interface CalledRun {
  workflow: string;
  workflowId: string;
  signal: string;
  taskQueue: string;
  fairnessKey: string;
  input: object;
}

/**
 * Starts a run or wakes the one that there is.
 * @throws NoAnswer, or the engine's own error.
 */
export async function callRun(temporal: Client, run: CalledRun): Promise<void> {
  const { workflow, workflowId, signal, taskQueue, fairnessKey, input } = run;
  await callWithin(temporal, ASK_MS, () =>
    temporal.workflow.signalWithStart(workflow, {
      workflowId,
      taskQueue,
      signal,
      args: [input],
      priority: { ...LAST, fairnessKey },
    }),
  );
}
