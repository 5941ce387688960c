import type { Observation } from '../../db/audit/findings.ts';
import { readWatch } from '../../db/audit/watches.ts';
import { getWorkspace } from '../../db/workspace/workspaces.ts';
import { findingId } from '../../domain/audit/finding.ts';
import { ASK_MS } from '../../engine/ask.ts';
import { readScheduleState, scheduleId } from '../../engine/schedules.ts';
import {
  type EngineAnswer,
  type EngineDeps,
  type EngineQuestion,
  NOTHING,
} from '../engine-answer.ts';

/** Every minute a look: some may be slow, or lost with their worker. */
export const LOOK_WITHIN_MS = 5 * 60_000;

/**
 * That the watch does not look at this workspace, or will not any more: its schedule is gone or
 * paused. Before the first look a new workspace has the same time.
 */
export async function findAuditAbsence(
  deps: EngineDeps,
  { workspaceId, now }: EngineQuestion,
): Promise<EngineAnswer> {
  const { db, taskQueue } = deps;
  const watch = await readWatch(db, { workspaceId });
  const since = watch?.lookedAt ?? (await getWorkspace(db, { workspaceId }))?.createdAt ?? now;
  const isLate = isLateLook(since, now);
  if (watch === null && !isLate) return NOTHING;
  const schedule = await scheduleState(deps);
  if (!isLate && (schedule === 'running' || schedule === 'unknown')) return NOTHING;
  const lastLookAt = watch?.lookedAt ?? null;
  return { ...NOTHING, facts: [absenceFact({ taskQueue, since, lastLookAt, schedule })] };
}

export function isLateLook(last: string, now: string): boolean {
  return Date.parse(now) - Date.parse(last) > LOOK_WITHIN_MS;
}

export function absenceFact({
  taskQueue,
  since,
  ...seen
}: {
  taskQueue: string;
  since: string;
  lastLookAt: string | null;
  schedule: string;
}): Observation {
  const code = 'audit_not_running' as const;
  const evidence = { ...seen, scheduleId: scheduleId(taskQueue, 'watch') };
  return { id: findingId(code, taskQueue), code, itemId: null, since, evidence };
}

async function scheduleState({ temporal, taskQueue, memory }: EngineDeps): Promise<string> {
  try {
    return await memory.schedules.get(taskQueue, () =>
      readScheduleState(temporal, { taskQueue, id: 'watch', until: Date.now() + ASK_MS }),
    );
  } catch {
    // Whether looks are late is known without it.
    return 'unknown';
  }
}
