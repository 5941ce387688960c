import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { Db } from '../db/client.ts';
import { getItem, setClockOffset } from '../db/item/items.ts';
import { createSessionLocks } from '../db/session-locks.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { deadlinesOf } from '../domain/item/deadlines.ts';
import { placeOf } from '../domain/item/run.ts';
import { callWithin, isLost } from '../engine/ask.ts';
import type { RunState } from '../workflows/messages.ts';

/** How far an item's run goes: a duration, an instant, or what comes next. */
export type TravelTarget =
  | { byMs: number }
  | { to: string }
  | { to: 'next_deadline' }
  | { to: 'next_checkpoint' };

export type TravelOutcome =
  | { outcome: 'arrived'; now: string; clockOffsetMs: number; seq: number }
  | { outcome: 'not_found' }
  | { outcome: 'nothing_ahead'; message: string }
  | { outcome: 'under_way'; message: string }
  | { outcome: 'late'; now: string; message: string };

/** Moves an item's run ahead in time. */
export type TimeTravel = (journey: {
  workspaceId: string;
  itemId: string;
  target: TravelTarget;
}) => Promise<TravelOutcome>;

/** Longest jump: the engine's retention and people's patience end before. */
const MAX_JUMP_MS = 400 * 86_400_000;
/** A little past the deadline, so that its timer has fired. */
const PAST_MS = 1_000;
const ARRIVE_WITHIN_MS = 60_000;
const POLL_MS = 100;
/** The engine moves a run's time at once; a run takes its next task when a worker is free. */
const CALL_MS = 10_000;

/**
 * One journey of an item at a time, whichever process makes it: each step leads a distance ahead from wherever
 * the run is then, so two at once would skip what comes between their steps.
 */
export function createTimeTravel(deps: { db: Db; temporal: Client }): TimeTravel {
  const locks = createSessionLocks(deps.db);
  return async (journey) => {
    const end = await locks.take(`journey of ${journey.itemId}`);
    if (end === null) {
      return { outcome: 'under_way', message: 'another journey of this item is under way' };
    }
    try {
      return await timeTravel(deps, journey);
    } finally {
      await end();
    }
  };
}

/**
 * Fast-forwards an item's run on the real engine (local stack only). It stops at every deadline on the
 * way and lets the run do its work there, as waiting would have. Everything else keeps real time; the
 * distance is kept on the item's row.
 */
export async function timeTravel(
  { db, temporal }: { db: Db; temporal: Client },
  { workspaceId, itemId, target }: { workspaceId: string; itemId: string; target: TravelTarget },
): Promise<TravelOutcome> {
  const item = await getItem(db, { workspaceId, itemId });
  if (item === null) return { outcome: 'not_found' };
  if (item.closedAt !== null) {
    return { outcome: 'nothing_ahead', message: 'the item is closed: its run is over' };
  }
  const giveUpAt = Date.now() + ARRIVE_WITHIN_MS;
  let state = await tick(temporal, itemId);
  // What is under way ends first: skipped over, a checkpoint would be asked for weeks too late.
  if (!isDone(state)) {
    const idle = await reach(temporal, itemId, { stopAt: 0, giveUpAt });
    if (idle === 'late') return tooLate(state);
    if (idle === 'over') return OVER;
    state = idle;
  }
  const distance = distanceOf(state, target);
  if (distance === null) {
    return { outcome: 'nothing_ahead', message: 'the item has none ahead' };
  }
  if (distance <= 0 || distance > MAX_JUMP_MS) {
    return { outcome: 'nothing_ahead', message: 'the target has to be ahead, by 400 days at most' };
  }
  const arriveAt = Date.parse(state.now) + distance;
  while (Date.parse(state.now) < arriveAt) {
    const stopAt = Math.min(arriveAt, nextStop(state));
    await step(temporal, itemId, stopAt - Date.parse(state.now));
    const reached = await reach(temporal, itemId, { stopAt, giveUpAt });
    if (reached === 'late') return tooLate(state);
    if (reached === 'over') return OVER;
    state = reached;
    const offsetMs = Math.max(0, Date.parse(state.now) - Date.now());
    await setClockOffset(db, { workspaceId, itemId, offsetMs });
  }
  const { now, seq } = state;
  return { outcome: 'arrived', now, clockOffsetMs: Math.max(0, Date.parse(now) - Date.now()), seq };
}

const OVER = { outcome: 'nothing_ahead', message: 'the item was closed on the way' } as const;

function tooLate({ now }: RunState): TravelOutcome {
  return { outcome: 'late', now, message: 'the run did not arrive within 60 s' };
}

/** A little past the next deadline, so that its timer has fired. */
function nextStop({ now, nextDeadline }: RunState): number {
  if (nextDeadline === null) return Number.POSITIVE_INFINITY;
  return Math.max(Date.parse(nextDeadline), Date.parse(now)) + PAST_MS;
}

/** Waits until the run's clock is there and its work is done. */
async function reach(
  temporal: Client,
  itemId: string,
  { stopAt, giveUpAt }: { stopAt: number; giveUpAt: number },
): Promise<RunState | 'late' | 'over'> {
  for (;;) {
    const state = await tick(temporal, itemId).catch(overOrAway);
    if (state === 'over') return state;
    if (state !== null && Date.parse(state.now) >= stopAt && isDone(state)) return state;
    if (Date.now() > giveUpAt) return 'late';
    await delay(POLL_MS);
  }
}

/** The engine may show the new time a moment before the timers that it passed have fired. */
function isDone({ idle, now, nextDeadline }: RunState): boolean {
  return idle && (nextDeadline === null || Date.parse(nextDeadline) > Date.parse(now));
}

function overOrAway(error: unknown): 'over' | null {
  return error instanceof WorkflowNotFoundError ? 'over' : null;
}

function distanceOf(state: RunState, target: TravelTarget): number | null {
  const now = Date.parse(state.now);
  if ('byMs' in target) return target.byMs;
  if (target.to === 'next_deadline') {
    return state.nextDeadline === null
      ? null
      : Math.max(0, Date.parse(state.nextDeadline) - now) + PAST_MS;
  }
  if (target.to === 'next_checkpoint') {
    const { snapshot } = state;
    const next = deadlinesOf(placeOf(snapshot), snapshot.context).find(
      ({ kind }) => kind === 'checkpoint',
    );
    return next === undefined ? null : Math.max(0, next.at - now) + PAST_MS;
  }
  return Date.parse(target.to) - now;
}

/** A step whose answer is lost is not made again: the run's clock says whether it was made. */
async function step(temporal: Client, itemId: string, distanceMs: number): Promise<void> {
  try {
    await fastForward(temporal, itemId, distanceMs);
  } catch (error) {
    if (!isLost(error)) throw error;
  }
}

export async function fastForward(
  temporal: Client,
  itemId: string,
  distanceMs: number,
): Promise<void> {
  const { namespace } = temporal.options;
  await callWithin(temporal, CALL_MS, () =>
    temporal.workflowService.updateWorkflowExecutionOptions({
      namespace,
      workflowExecution: { workflowId: itemWorkflowId(itemId) },
      workflowExecutionOptions: {
        timeSkippingConfig: {
          enabled: true,
          fastForwardConfig: {
            id: randomUUID(),
            duration: msToTs(distanceMs),
          },
        },
      },
      updateMask: { paths: ['time_skipping_config'] },
    }),
  );
}

/** The run's clock shows its old time until its next task: this makes it take one. */
function tick(temporal: Client, itemId: string): Promise<RunState> {
  const updateId = `tick:${randomUUID()}`;
  return callWithin(temporal, CALL_MS, () =>
    temporal.workflow
      .getHandle(itemWorkflowId(itemId))
      .executeUpdate<RunState, []>('tick', { updateId, args: [] }),
  );
}
