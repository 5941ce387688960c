import type { TaskQueue } from '../domain/task-queues.ts';

export interface QueueLimits {
  /** Activities of the queue at once, per process. */
  slots: number;
  /** Database connections that they share, and nobody else. */
  connections: number;
}

/**
 * What waits for a network most of its time has many slots to a connection. What does nothing but
 * write has one each, so that it never waits for one.
 */
export const QUEUE_LIMITS: Record<TaskQueue, QueueLimits> = {
  // Archives: they wait for a run to close, then write once.
  items: { slots: 10, connections: 1 },
  sends: { slots: 100, connections: 10 },
  lookups: { slots: 20, connections: 2 },
  measuring: { slots: 20, connections: 4 },
  recording: { slots: 8, connections: 8 },
  // One for each receiver that takes events right now: it waits for the receiver, and for more.
  delivery: { slots: 200, connections: 10 },
};
