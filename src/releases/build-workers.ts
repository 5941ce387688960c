import type { Client } from '@temporalio/client';
import { queueName, TASK_QUEUES } from '../domain/task-queues.ts';
import { findWorker, kindsOf } from '../engine/workers.ts';

/** Whether a build has workers for each of Baton's task queues: runs that are bound to it need all. */
export async function hasWorkers(
  { temporal, taskQueue }: { temporal: Client; taskQueue: string },
  buildId: string,
  until: number,
): Promise<boolean> {
  const nowMs = Date.now();
  const found = await Promise.all(
    TASK_QUEUES.map((queue) =>
      findWorker(temporal, {
        taskQueue: queueName(taskQueue, queue),
        kinds: kindsOf(queue),
        buildId,
        nowMs,
        until,
      }),
    ),
  );
  return found.every(({ missing }) => missing.length === 0);
}
