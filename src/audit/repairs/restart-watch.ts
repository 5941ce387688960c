import type { Client } from '@temporalio/client';
import { ASK_MS, askUntil, whyNot } from '../../engine/ask.ts';
import {
  ensureSchedule,
  readScheduleState,
  SCHEDULED_RUNS,
  scheduleId,
} from '../../engine/schedules.ts';
import { NotPossible, type RepairReport } from './repair-outcome.ts';

const ID = 'watch';

/**
 * Puts back the schedule of the watch where it is gone, and makes one that runs look now. One that was
 * paused is left to whoever did that: it is of the whole deployment.
 */
export async function restartWatch(
  { temporal, taskQueue }: { temporal: Client; taskQueue: string },
  { dryRun }: { dryRun: boolean },
): Promise<RepairReport> {
  const run = SCHEDULED_RUNS.find(({ id }) => id === ID);
  if (run === undefined) throw new Error('the watch has no schedule');
  const until = Date.now() + ASK_MS;
  const name = scheduleId(taskQueue, ID);
  try {
    const state = await readScheduleState(temporal, { taskQueue, id: ID, until });
    if (state === 'paused') {
      throw new NotPossible(
        `somebody paused ${name}. An operator of the deployment starts it again`,
      );
    }
    const change =
      state === 'missing' ? `the schedule ${name} is made again` : 'the watch looks now';
    if (dryRun) return { changes: [change], result: {} };
    if (state === 'missing') await ensureSchedule(temporal, { taskQueue, run, mayChange: false });
    else await askUntil(temporal, until, () => temporal.schedule.getHandle(name).trigger());
    return { changes: [change], result: { scheduleId: name, was: state } };
  } catch (error) {
    if (error instanceof NotPossible) throw error;
    throw new NotPossible(`the schedule ${name} cannot be reached: ${whyNot(error)}`);
  }
}
