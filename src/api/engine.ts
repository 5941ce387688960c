import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { itemWorkflowId } from '../domain/ids.ts';
import { ASK_MS, callWithin } from '../engine/ask.ts';
import { findWorker } from '../engine/workers.ts';
import { readingsAddedSignal } from '../workflows/messages.ts';
import type { ApiLog } from './log.ts';

/** What the API asks of the engine beside commands. */
export interface Engine {
  /** Rejects when the engine cannot be reached. */
  findWorker(): Promise<WorkerState>;
  /** Tells an item's run that readings were stored by hand. Never rejects: the run looks again by itself. */
  tellReadings(reading: {
    itemId: string;
    publicationIds: readonly (string | null)[];
  }): Promise<void>;
}

export interface WorkerState {
  /** Whether a worker of the task queue is alive. */
  polls: boolean;
  /** The latest sign of life, ISO instant; null when there was none. */
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
      const { missing, lastSignAt } = await findWorker(temporal, {
        taskQueue,
        nowMs,
        until: nowMs + ASK_MS,
      });
      return {
        polls: missing.length === 0,
        lastSeenAt: lastSignAt === 0 ? null : new Date(lastSignAt).toISOString(),
      };
    },

    async tellReadings({ itemId, publicationIds }) {
      const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
      try {
        await callWithin(temporal, ASK_MS, () =>
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
