import type { TaskKind } from '../../engine/workers.ts';

/** That nobody works for a task queue. */
export interface WorkerAbsence {
  /** The last sign that is known of; without one, when its lack was first seen. */
  since: string;
  lastSeenAt: string | null;
  kinds: TaskKind[];
}

/** The builds whose workers were looked for, and that they are absent; null when they are there. */
export interface WorkerCheck {
  builds: (string | null)[];
  absence: WorkerAbsence | null;
}
