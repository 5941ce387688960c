/**
 * Health check of a worker's container: exits 0 when the worker on this host has asked the engine
 * for work of each of its queues lately. A process that lives but no longer polls is unhealthy.
 */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { readWorkerConfig } from '../src/config.ts';
import { hasRuns, queueName, type TaskQueue } from '../src/domain/task-queues.ts';

/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` of temporal.api.enums.v1. */
const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;
/** A poll of an idle worker lasts a minute. */
const LATELY_MS = 90_000;

const config = readWorkerConfig();
const connection = await Connection.connect({
  ...config.temporal.connection,
  connectTimeout: '5s',
});
try {
  const silent = await Promise.all(
    config.queues.map(async (queue) => ((await polls(queue)) ? [] : [queue])),
  );
  const names = silent.flat().join(', ');
  if (names !== '') console.error(`No worker of ${hostname()} polls ${names}.`);
  process.exitCode = names === '' ? 0 : 1;
} finally {
  await connection.close();
}

async function polls(queue: TaskQueue): Promise<boolean> {
  const { namespace, taskQueue } = config.temporal;
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queueName(taskQueue, queue) },
    taskQueueType: hasRuns(queue) ? WORKFLOW_TASKS : ACTIVITY_TASKS,
  });
  const ours = pollers.filter(({ identity }) => identity?.endsWith(`@${hostname()}`));
  return ours.some(
    ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < LATELY_MS,
  );
}
