import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { queueName } from '../domain/task-queues.ts';
import { ASK_MS, askUntil, whyNot } from './ask.ts';

/** A run that the engine starts again and again, without input. */
export interface ScheduledRun {
  /** Also the type of its workflow. */
  id: 'watch' | 'tidy' | 'checkpointHeads' | 'settling';
  everyMs: number;
  /** It ends after this. As long as one runs, no other one is started. */
  withinMs: number;
}

/** What every deployment of Baton has the engine start. */
export const SCHEDULED_RUNS: readonly ScheduledRun[] = [
  { id: 'watch', everyMs: 60_000, withinMs: 180_000 },
  { id: 'tidy', everyMs: 6 * 3_600_000, withinMs: 3_600_000 },
  { id: 'checkpointHeads', everyMs: 3_600_000, withinMs: 2_400_000 },
  { id: 'settling', everyMs: 15 * 60_000, withinMs: 30 * 60_000 },
];

/** A deleted one is made again by any worker that runs. */
const LOOK_EVERY_MS = 60_000;
/** What the engine missed while it was down is not made up for: the next one sees as much. */
const CATCH_UP_MS = 10_000;
/** In a step of a run. */
const TASK_MS = 10_000;

/** Several deployments may share a namespace. */
export function scheduleId(taskQueue: string, id: ScheduledRun['id']): string {
  return `${taskQueue}:${id}`;
}

export interface ScheduleDeps {
  /** Of the items' runs. */
  taskQueue: string;
  log: { warn(fields: object, message: string): void };
}

/**
 * Keeps the schedules of a deployment as long as the worker lives: what is missing is made. What
 * another release states otherwise is changed once, at the start, so that two releases do not argue.
 * What somebody paused stays so: the audit tells of it.
 */
export async function keepSchedules(
  temporal: Client,
  { taskQueue, log, signal }: ScheduleDeps & { signal: AbortSignal },
): Promise<void> {
  const current = new Set<ScheduledRun>();
  while (!signal.aborted) {
    for (const run of SCHEDULED_RUNS) {
      try {
        await ensureSchedule(temporal, { taskQueue, run, mayChange: !current.has(run) });
        current.add(run);
      } catch (error) {
        if (!signal.aborted) log.warn({ schedule: run.id, reason: whyNot(error) }, 'not scheduled');
      }
    }
    await delay(LOOK_EVERY_MS, null, { signal }).catch(() => {});
  }
}

/**
 * Makes a schedule where there is none; where it has another rhythm or another run, changes it.
 * @throws NoAnswer, or the engine's own error.
 */
export async function ensureSchedule(
  temporal: Client,
  { taskQueue, run, mayChange }: { taskQueue: string; run: ScheduledRun; mayChange: boolean },
): Promise<'created' | 'changed' | 'unchanged'> {
  const until = Date.now() + ASK_MS;
  const wanted = optionsOf(taskQueue, run);
  const found = await describe(temporal, wanted.scheduleId, until);
  if (found !== null && (!mayChange || isAsWanted(found, wanted))) return 'unchanged';
  try {
    if (found === null) {
      await askUntil(temporal, until, () => temporal.schedule.create(wanted));
      return 'created';
    }
    const { spec, action, policies } = wanted;
    const { paused, note, remainingActions } = found.state;
    const state = {
      paused,
      ...(note !== undefined && { note }),
      ...(remainingActions !== undefined && { remainingActions }),
    };
    const handle = temporal.schedule.getHandle(wanted.scheduleId);
    await askUntil(temporal, until, () =>
      handle.update(() => ({ spec, action, ...(policies && { policies }), state })),
    );
    return 'changed';
  } catch (error) {
    // Another worker was first.
    if (error instanceof ScheduleAlreadyRunning) return 'unchanged';
    throw error;
  }
}

/** Whether the engine starts a run by itself: not while its schedule is paused, or gone. */
export async function readScheduleState(
  temporal: Client,
  { taskQueue, id, until }: { taskQueue: string; id: ScheduledRun['id']; until: number },
): Promise<'running' | 'paused' | 'missing'> {
  const found = await describe(temporal, scheduleId(taskQueue, id), until);
  if (found === null) return 'missing';
  return found.state.paused ? 'paused' : 'running';
}

async function describe(
  temporal: Client,
  id: string,
  until: number,
): Promise<ScheduleDescription | null> {
  try {
    return await askUntil(temporal, until, () => temporal.schedule.getHandle(id).describe());
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

function optionsOf(taskQueue: string, { id, everyMs, withinMs }: ScheduledRun): ScheduleOptions {
  return {
    scheduleId: scheduleId(taskQueue, id),
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: id,
      workflowId: scheduleId(taskQueue, id),
      taskQueue: queueName(taskQueue, 'watch'),
      args: [],
      workflowRunTimeout: withinMs,
      workflowExecutionTimeout: withinMs,
      workflowTaskTimeout: TASK_MS,
    },
    policies: {
      // A slow one is not joined by a second one.
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: CATCH_UP_MS,
    },
    state: { triggerImmediately: true },
  };
}

function isAsWanted({ spec, action, policies }: ScheduleDescription, wanted: ScheduleOptions) {
  const { taskQueue, workflowRunTimeout, workflowType } = wanted.action;
  const [every, ...others] = spec.intervals ?? [];
  const [wantedEvery] = wanted.spec.intervals ?? [];
  return (
    others.length === 0 &&
    every?.every === wantedEvery?.every &&
    action.workflowType === workflowType &&
    action.taskQueue === taskQueue &&
    action.workflowRunTimeout === workflowRunTimeout &&
    policies.overlap === wanted.policies?.overlap &&
    policies.catchupWindow === wanted.policies?.catchupWindow
  );
}
