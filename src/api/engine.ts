import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { itemWorkflowId } from '../domain/ids.ts';
import { readingsAddedSignal } from '../workflows/messages.ts';
import type { ApiLog } from './deps.ts';

/** What the API asks of the engine beside commands. */
export interface Engine {
  /** Rejects when the engine cannot be reached. */
  findWorker(): Promise<WorkerSighting>;
  /** Tells an item's run that readings were stored by hand. Never rejects: the run looks again by itself. */
  tellReadings(reading: {
    itemId: string;
    publicationIds: readonly (string | null)[];
  }): Promise<void>;
}

export interface WorkerSighting {
  /** Whether a worker of the task queue gave a sign of life lately. */
  polls: boolean;
  /** The latest sign of life, ISO instant; null when there was none. */
  lastSeenAt: string | null;
}

/** A worker that has not been seen for so long counts as dead. */
const SEEN_WITHIN_MS = 30_000;
/**
 * A server that keeps no heartbeats knows only the start of the last poll, and an idle worker's poll
 * lasts a minute.
 */
const POLLED_WITHIN_MS = 70_000;
/** A heartbeat may be late by half of its own interval. */
const LATENESS = 1.5;
const DEADLINE_MS = 2_000;

/** gRPC status of a method that the server does not have or has switched off. */
const UNIMPLEMENTED = 12;

const TASK_QUEUE_TYPE_WORKFLOW = 1;
const WORKER_STATUS_RUNNING = 1;

export function createEngine({
  temporal,
  taskQueue,
  log,
  now = Date.now,
}: {
  temporal: Client;
  taskQueue: string;
  log: ApiLog;
  now?: () => number;
}): Engine {
  const { namespace } = temporal.options;
  const withDeadline = <T>(call: () => Promise<T>) =>
    temporal.withDeadline(Date.now() + DEADLINE_MS, call);

  /** Instants at which pollers of the queue began their latest poll. */
  async function polls(): Promise<number[]> {
    const { pollers } = await temporal.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
    });
    return (pollers ?? []).flatMap(({ lastAccessTime }) => toMs(lastAccessTime));
  }

  /** Heartbeats of running workers of the queue; null on a server that does not keep them. */
  async function heartbeats(): Promise<Heartbeat[] | null> {
    try {
      const { workersInfo } = await temporal.workflowService.listWorkers({
        namespace,
        pageSize: 50,
        query: `TaskQueue="${taskQueue}"`,
      });
      return (workersInfo ?? []).flatMap(({ workerHeartbeat: beat }) =>
        beat?.status === WORKER_STATUS_RUNNING && beat.taskQueue === taskQueue
          ? toMs(beat.heartbeatTime).map((at) => ({
              at,
              intervalMs: toMs(beat.elapsedSinceLastHeartbeat)[0] ?? 0,
            }))
          : [],
      );
    } catch (error) {
      if (isGrpcServiceError(error) && error.code === UNIMPLEMENTED) return null;
      throw error;
    }
  }

  return {
    async findWorker() {
      const [polled, beats] = await withDeadline(() => Promise.all([polls(), heartbeats()]));
      const latest = Math.max(0, ...polled, ...(beats ?? []).map(({ at }) => at));
      return {
        polls: now() - latest <= within(beats),
        lastSeenAt: latest === 0 ? null : new Date(latest).toISOString(),
      };
    },

    async tellReadings({ itemId, publicationIds }) {
      const handle = temporal.workflow.getHandle(itemWorkflowId(itemId));
      try {
        await withDeadline(() =>
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

interface Heartbeat {
  /** Epoch milliseconds. */
  at: number;
  intervalMs: number;
}

/**
 * How old the latest sign of life of a living worker may be. One that died before its first heartbeat
 * counts as dead after the same time as any other.
 */
function within(beats: readonly Heartbeat[] | null): number {
  if (beats === null) return POLLED_WITHIN_MS;
  return Math.max(SEEN_WITHIN_MS, ...beats.map(({ intervalMs }) => intervalMs * LATENESS));
}

function toMs(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number[] {
  if (time?.seconds === undefined || time.seconds === null) return [];
  return [Number(time.seconds) * 1_000 + (time.nanos ?? 0) / 1_000_000];
}
