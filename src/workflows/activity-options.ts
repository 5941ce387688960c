import type { ActivityOptions } from '@temporalio/workflow';

/** Before everything else that waits: a post has its time. */
const FIRST = { priorityKey: 1 };

/** Writes of our own tables: repeatable, so they are retried until the database is back. */
export const STORE: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
  },
};

/** Reads of a source that may be slow or away; the checkpoint's grace decides when to give up. */
export const COLLECT: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 5 },
};

/** The irreversible call: one attempt. What a lost attempt did is found out by looking, never by repeating. */
export const SEND: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  retry: { maximumAttempts: 1 },
  priority: FIRST,
};

/** A look-up of a post whose time is over goes on for so long: the lease, two looks, a short outage. */
const LOOKUP_AT_LEAST_MS = 180_000;

/**
 * Read-only look-ups after an unknown outcome: repeated while network or database are away, until the
 * post's own time is over. Then a person is asked.
 * @param sendUntil ISO
 * @param now epoch milliseconds
 */
export function reconcileOptions(sendUntil: string, now: number): ActivityOptions {
  return {
    startToCloseTimeout: '20 seconds',
    scheduleToCloseTimeout: Math.max(0, Date.parse(sendUntil) - now) + LOOKUP_AT_LEAST_MS,
    retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
    priority: FIRST,
  };
}

/** Waits for the item's run to be closed, then stores its history. */
export const ARCHIVE: ActivityOptions = {
  startToCloseTimeout: '60 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
};

/** Ends by itself before this; what is left is for the next one. */
export const TIDY: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '10 seconds', maximumAttempts: 3 },
};

/** The checkpoints of all workspaces. What is left out is in the next hour's. */
export const CHECKPOINTS: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '60 seconds',
  retry: { initialInterval: '10 seconds', maximumAttempts: 3 },
};

/** Numbers that have settled, of all workspaces. Ends by itself before this; the rest is for the next one. */
export const SETTLING: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '60 seconds',
  retry: { initialInterval: '10 seconds', maximumAttempts: 2 },
};

/** A look at a part of the workspaces. The next watch looks again, so it is tried twice and not for long. */
export const WATCH: ActivityOptions = {
  startToCloseTimeout: '50 seconds',
  scheduleToStartTimeout: '60 seconds',
  retry: { initialInterval: '1 second', maximumAttempts: 2 },
};

/** A look at a campaign: it ends by itself after some seconds, and is begun again until it is done. */
export const LOOK: ActivityOptions = {
  startToCloseTimeout: '60 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
};

/** A round of deliveries: it says all the time that it is alive, and is begun again elsewhere where it is not. */
export const DELIVER: ActivityOptions = {
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '30 seconds' },
};
