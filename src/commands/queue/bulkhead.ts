import { createTurnstile } from '../../threads/turnstile.ts';

/**
 * Commands of this process that are on their way to one run at the same time. The engine takes ten per
 * run; beyond, it drops the tasks that it has just given out. Measured: two are as fast as it gets.
 */
const PER_RUN = 2;
/** The same for the runs of a workspace together: more would only wait for runs that do not answer. */
const PER_WORKSPACE = 32;
/** A command that gets no turn is stored for the drainer. */
const TURN_WITHIN_MS = 2_000;
/** Nobody waits behind commands none of which was answered for so long. */
const PATIENCE_MS = 1_500;

/** Bounds how many requests wait for the answers of runs. */
export interface Bulkhead {
  /** @returns what gives the place back; null when there is none. */
  enter(item: { workspaceId: string; itemId: string }): Promise<(() => void) | null>;
}

export function createBulkhead(): Bulkhead {
  const runs = createTurnstile(PER_RUN, { patienceMs: PATIENCE_MS });
  const workspaces = createTurnstile(PER_WORKSPACE, { patienceMs: PATIENCE_MS });
  return {
    async enter({ workspaceId, itemId }) {
      const leaveRun = await runs.enter(itemId, TURN_WITHIN_MS);
      if (leaveRun === null) return null;
      const leaveWorkspace = await workspaces.enter(workspaceId, TURN_WITHIN_MS);
      if (leaveWorkspace === null) {
        leaveRun();
        return null;
      }
      return () => {
        leaveWorkspace();
        leaveRun();
      };
    },
  };
}
