import { describe, expect, it } from 'vitest';
import { DELIVERY_ATTEMPTS, pauseAfter } from './schedule.ts';

const HOUR = 3_600_000;

describe('the schedule of attempts', () => {
  it('has ten over about 75 hours', () => {
    const pauses = Array.from({ length: DELIVERY_ATTEMPTS - 1 }, (_, index) =>
      pauseAfter(index + 1, { retryAfterMs: null, random: 0.5 }),
    );
    expect(pauses[0]).toBe(5_000);
    expect(pauses).not.toContain(null);
    const hours = pauses.reduce<number>((sum, pause) => sum + (pause ?? 0), 0) / HOUR;
    expect(hours).toBeGreaterThan(75);
    expect(hours).toBeLessThan(76);
    expect(pauseAfter(DELIVERY_ATTEMPTS, { retryAfterMs: 5, random: 0.5 })).toBeNull();
  });

  it('spreads by a tenth', () => {
    expect(pauseAfter(4, { retryAfterMs: null, random: 0 })).toBe(108 * 60_000);
    expect(pauseAfter(4, { retryAfterMs: null, random: 1 })).toBe(132 * 60_000);
  });

  it('never asks sooner than the receiver wants, nor later than a day after it', () => {
    expect(pauseAfter(1, { retryAfterMs: 60_000, random: 0 })).toBe(60_000);
    expect(pauseAfter(1, { retryAfterMs: 365 * 24 * HOUR, random: 0 })).toBe(24 * HOUR);
    expect(pauseAfter(9, { retryAfterMs: 1, random: 0.5 })).toBe(24 * HOUR);
  });
});
