import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { itemWorkflowId } from '../domain/ids.ts';
import { queueName, TASK_QUEUES } from '../domain/task-queues.ts';
import { ASK_MS, ask } from '../engine/ask.ts';
import { findWorker, kindsOf } from '../engine/workers.ts';
import { readingsAddedSignal } from '../workflows/messages.ts';
import type { ApiLog } from './log.ts';

/** What the API asks of the engine beside commands. */
export interface Engine {
  /** Rejects when the engine cannot be reached. */
  findWorker(): Promise<WorkerState>;
  /**
   * Tells an item's run that readings were stored by hand. Never rejects: the run looks again by itself.
   * @param reading.until epoch milliseconds when whoever tells several runs stops waiting.
   */
  tellReadings(reading: {
    itemId: string;
    publicationIds: readonly (string | null)[];
    until?: number;
  }): Promise<void>;
}

export interface WorkerState {
  /** Whether each task queue has a worker that is alive. */
  polls: boolean;
  /** The latest sign of life, of the queue that waits longest for one; ISO instant, null without any. */
  lastSeenAt: string | null;
}

export function createEngine({
  temporal,
  taskQueue,
  log,
}: {
  temporal: Client;
  taskQueue: string;
  log: ApiLog;
}): Engine {
  return {
    async findWorker() {
      const nowMs = Date.now();
      const found = await Promise.all(
        TASK_QUEUES.map((queue) =>
          findWorker(temporal, {
            taskQueue: queueName(taskQueue, queue),
            kinds: kindsOf(queue),
            nowMs,
            until: nowMs + ASK_MS,
          }),
        ),
      );
      const lastSignAt = Math.min(...found.map((one) => one.lastSignAt));
      return {
        polls: found.every(({ missing }) => missing.length === 0),
        lastSeenAt: lastSignAt === 0 ? null : new Date(lastSignAt).toISOString(),
      };
    },

    async tellReadings({ itemId, publicationIds, until = Date.now() + ASK_MS }) {
      const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
      try {
        await ask(temporal, until, () =>
          Promise.all(
            publicationIds.map((publicationId) =>
              handle.signal(readingsAddedSignal, { publicationId }),
            ),
          ),
        );
      } catch (error) {
        // A closed run looks at nothing any more.
        if (error instanceof WorkflowNotFoundError) return;
        const reason = error instanceof Error ? error.name : 'unknown error';
        log.warn({ itemId, reason }, 'the run was not told of new readings');
      }
    },
  };
}
