/**
 * Health check of a worker's container: exits 0 when the worker on this host has asked the engine
 * for work lately. A process that lives but no longer polls is unhealthy.
 */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { readWorkerConfig } from '../src/config.ts';

/** `TASK_QUEUE_TYPE_WORKFLOW` of temporal.api.enums.v1. */
const WORKFLOW_TASKS = 1;
/** A poll of an idle worker lasts a minute. */
const LATELY_MS = 90_000;

const config = readWorkerConfig();
const connection = await Connection.connect({
  ...config.temporal.connection,
  connectTimeout: '5s',
});
try {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace: config.temporal.namespace,
    taskQueue: { name: config.temporal.taskQueue },
    taskQueueType: WORKFLOW_TASKS,
  });
  const ours = pollers.filter(({ identity }) => identity?.endsWith(`@${hostname()}`));
  const polled = ours.some(
    ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < LATELY_MS,
  );
  if (!polled) console.error(`No worker of ${hostname()} polls ${config.temporal.taskQueue}.`);
  process.exitCode = polled ? 0 : 1;
} finally {
  await connection.close();
}
