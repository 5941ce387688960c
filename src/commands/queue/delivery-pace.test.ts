import { describe, expect, it } from 'vitest';
import { afterFailures, COMMAND_LIFE_MS, isSurelyExpired } from './delivery-pace.ts';

describe('the pauses of a run that does not answer', () => {
  it('begin short, grow with each failure and end at minutes', () => {
    const pauses = [1, 3, 17, 19, 40].map((failures) => afterFailures(failures).pauseMs);
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(afterFailures(16).pauseMs).toBeLessThanOrEqual(5_000);
    expect(pauses[0]).toBeLessThanOrEqual(600);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(4 * 60_000);
    expect(pauses.at(-1)).toBeLessThanOrEqual(6 * 60_000);
  });

  it('count it as silent from the third on', () => {
    const silent = [1, 2, 3, 4].map((failures) => afterFailures(failures).isSilent);
    expect(silent).toEqual([false, false, true, true]);
  });
});

describe('a command', () => {
  const expiredFor = (ms: number) => ({ expiresAt: new Date(Date.now() - ms).toISOString() });

  it('is surely expired some minutes after its time, so that no clock contradicts', () => {
    expect(isSurelyExpired(expiredFor(-COMMAND_LIFE_MS))).toBe(false);
    expect(isSurelyExpired(expiredFor(60_000))).toBe(false);
    expect(isSurelyExpired(expiredFor(6 * 60_000))).toBe(true);
  });
});
