import { describe, expect, it } from 'vitest';
import { isToTell, type LookedAt, pauseAfterLook } from './look-pace.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function pause(change: Partial<LookedAt> = {}): number | null {
  const looked = { isOver: false, isGateShut: false, toEndMs: null, isBusy: false, quietMs: 0 };
  return pauseAfterLook({ ...looked, ...change });
}

describe('the pause after a look', () => {
  it('is a quarter of an hour, a minute while a gate waits for approvals, and ends with the flight', () => {
    expect(pause()).toBe(15 * MINUTE_MS);
    expect(pause({ isGateShut: true })).toBe(MINUTE_MS);
    expect(pause({ toEndMs: 90_000 })).toBe(90_000);
    expect(pause({ toEndMs: 10 })).toBe(3_000);
    expect(pause({ toEndMs: -10 })).toBe(15 * MINUTE_MS);
    expect(pause({ toEndMs: 30 * MINUTE_MS })).toBe(15 * MINUTE_MS);
  });

  it('is short while something is left to be done, and longer the longer nothing happens', () => {
    expect(pause({ isBusy: true })).toBe(3_000);
    expect(pause({ isBusy: true, quietMs: 10 * MINUTE_MS })).toBe(MINUTE_MS);
    expect(pause({ isBusy: true, quietMs: DAY_MS })).toBe(15 * MINUTE_MS);
    expect(pause({ isBusy: true, isOver: true })).toBe(3_000);
  });

  it('has no end for a campaign that is over, or of which nothing is heard for a month', () => {
    const quietMs = 31 * DAY_MS;
    expect(pause({ isOver: true })).toBeNull();
    expect(pause({ quietMs })).toBeNull();
    expect(pause({ quietMs, isGateShut: true })).toBeNull();
    expect(pause({ quietMs, isBusy: true })).toBeNull();
    expect(pause({ quietMs, isOver: true, isBusy: true })).toBeNull();
    expect(pause({ quietMs, toEndMs: -1 })).toBeNull();
  });

  it('is a day at most while the end of the flight is to come', () => {
    const quietMs = 31 * DAY_MS;
    expect(pause({ quietMs, toEndMs: 40 * DAY_MS })).toBe(DAY_MS);
    expect(pause({ quietMs, toEndMs: 5 * MINUTE_MS })).toBe(5 * MINUTE_MS);
  });
});

describe('what items have to hear', () => {
  it('is said until all are told, then every half minute, however often the campaign is looked at', () => {
    expect(isToTell({ saidMs: null, sinceMs: null })).toBe(true);
    expect(isToTell({ saidMs: null, sinceMs: 2_000 })).toBe(true);
    const told: number[] = [];
    for (let saidMs = 1_500; saidMs < 100_000; saidMs += 2_000) {
      if (isToTell({ saidMs, sinceMs: 2_000 })) told.push(Math.round(saidMs / 1_000));
    }
    expect(told).toEqual([32, 62, 92]);
    expect(isToTell({ saidMs: DAY_MS, sinceMs: 15 * MINUTE_MS })).toBe(true);
  });
});
