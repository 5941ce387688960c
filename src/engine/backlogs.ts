import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { askUntil } from './ask.ts';
import { TASK_QUEUE_TYPES, type TaskKind } from './workers.ts';

/** Tasks of a queue that no worker has taken. */
export interface Backlog {
  taskQueue: string;
  kind: TaskKind;
  tasks: number;
  /** How long the oldest has waited. */
  ageMs: number;
}

/** @throws NoAnswer, or the engine's own error. */
export async function readBacklog(
  temporal: Client,
  { taskQueue, kind, until }: { taskQueue: string; kind: TaskKind; until: number },
): Promise<Backlog> {
  const { stats } = await askUntil(temporal, until, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPES[kind],
      reportStats: true,
    }),
  );
  return {
    taskQueue,
    kind,
    tasks: Number(stats?.approximateBacklogCount ?? 0),
    ageMs: optionalTsToMs(stats?.approximateBacklogAge) ?? 0,
  };
}
