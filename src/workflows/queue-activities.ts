import {
  type ActivityInterfaceFor,
  type ActivityOptions,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { queueName } from '../domain/task-queues.ts';

/** The activities of a queue: they wait there for a worker, beside the queue of the run. */
export function activitiesOf<Q extends keyof Activities>(
  queue: Q,
  options: ActivityOptions,
): ActivityInterfaceFor<Activities[Q]> {
  const { taskQueue: base, priority: ofRun } = workflowInfo();
  const priority = { ...ofRun, ...options.priority };
  return proxyActivities<Activities[Q]>({
    ...options,
    taskQueue: queueName(base, queue),
    priority,
  });
}
