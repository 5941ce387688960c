/**
 * Queues of work for workers. What hangs in one of them delays nothing in another one. The runs of
 * items wait in `items`; every other queue has activities only.
 */
export const TASK_QUEUES = [
  'items',
  'sends',
  'lookups',
  'measuring',
  'recording',
  'delivery',
] as const;

export type TaskQueue = (typeof TASK_QUEUES)[number];

/** @param base the queue of the items' runs; the others are named after it. */
export function queueName(base: string, queue: TaskQueue): string {
  return queue === 'items' ? base : `${base}.${queue}`;
}

/** What a run and all it asks for is dispatched by: no workspace's backlog delays another's. */
export function fairnessOf(workspaceId: string): { fairnessKey: string } {
  return { fairnessKey: workspaceId };
}
