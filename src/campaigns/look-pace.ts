import type { BegunLook } from '../db/campaign/runs.ts';
import type { CampaignRow } from '../db/workspace/campaigns.ts';
import { isOver } from '../domain/campaign/campaign.ts';

const DAY_MS = 24 * 3_600_000;
/** What was said shows in the tables after a moment. */
export const SOON_MS = 3_000;
/** While a gate waits for approvals. */
const OFTEN_MS = 60_000;
/** Otherwise: whatever happens calls, and this is for a call that nobody noted. */
const SELDOM_MS = 15 * 60_000;
/** Between two tellings of one word: a thousand items that hear it take their time to show it. */
const AGAIN_MS = 30_000;
/** While something is left to be done soon: so much of the time in which nothing happened. */
const BUSY_SHARE = 1 / 10;
/** A campaign of which nothing is heard for so long is left alone. */
const QUIET_MS = 30 * DAY_MS;

export interface LookedAt {
  isOver: boolean;
  isGateShut: boolean;
  /** To the end of its flight; null where it has none. */
  toEndMs: number | null;
  /** Something is left to be done soon. */
  isBusy: boolean;
  /** Since somebody called. */
  quietMs: number;
}

/**
 * How long after a look at a campaign the next one is due, unless it is called.
 * @returns milliseconds; null: nothing is to come by itself.
 */
export function pauseAfterLook({
  isOver: over,
  isGateShut: shut,
  toEndMs,
  isBusy,
  quietMs,
}: LookedAt): number | null {
  const isQuiet = quietMs > QUIET_MS;
  if (isBusy && !isQuiet) {
    return Math.min(Math.max(quietMs * BUSY_SHARE, SOON_MS), SELDOM_MS);
  }
  if (over) return null;
  const isAhead = toEndMs !== null && toEndMs > 0;
  if (isQuiet && !isAhead) return null;
  const pauseMs = isQuiet ? DAY_MS : shut ? OFTEN_MS : SELDOM_MS;
  return isAhead ? Math.min(pauseMs, Math.max(toEndMs, SOON_MS)) : pauseMs;
}

/**
 * Whether a look says what its items have to hear: until all have been told each look does, and then one
 * in so many seconds, while rows do not show it.
 */
export function isToTell({ saidMs, sinceMs }: Pick<BegunLook, 'saidMs' | 'sinceMs'>): boolean {
  if (saidMs === null || sinceMs === null) return true;
  const timesBy = (ms: number) => Math.floor(Math.max(0, ms) / AGAIN_MS);
  return timesBy(saidMs) > timesBy(saidMs - sinceMs);
}

/** Its gate waits for the approval of all items. */
export function isGateShut(campaign: CampaignRow): boolean {
  return campaign.release === 'all_approved' && campaign.releasedAt === null && !isOver(campaign);
}
