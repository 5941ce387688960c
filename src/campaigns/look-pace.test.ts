import { describe, expect, it } from 'vitest';
import { type LookedAt, pauseAfterLook } from './look-pace.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function pause(change: Partial<LookedAt> = {}): number | null {
  const looked = { isOver: false, isGateShut: false, toEndMs: null, busyMs: null, quietMs: 0 };
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

  it('is short while something is left to be done, and longer the longer it is left', () => {
    expect(pause({ busyMs: 0 })).toBe(3_000);
    expect(pause({ busyMs: 10 * MINUTE_MS })).toBe(MINUTE_MS);
    expect(pause({ busyMs: DAY_MS })).toBe(15 * MINUTE_MS);
    expect(pause({ busyMs: 0, isOver: true })).toBe(3_000);
  });

  it('has no end for a campaign that is over, or of which nothing is heard for a month', () => {
    const quietMs = 31 * DAY_MS;
    expect(pause({ isOver: true })).toBeNull();
    expect(pause({ quietMs })).toBeNull();
    expect(pause({ quietMs, isGateShut: true })).toBeNull();
    expect(pause({ quietMs, busyMs: quietMs })).toBeNull();
    expect(pause({ quietMs, isOver: true, busyMs: quietMs })).toBeNull();
    expect(pause({ quietMs, toEndMs: -1 })).toBeNull();
  });

  it('is a day at most while the end of the flight is to come', () => {
    const quietMs = 31 * DAY_MS;
    expect(pause({ quietMs, toEndMs: 40 * DAY_MS })).toBe(DAY_MS);
    expect(pause({ quietMs, toEndMs: 5 * MINUTE_MS })).toBe(5 * MINUTE_MS);
  });
});
