import { describe, expect, it } from 'vitest';
import { mayResend } from './resend.ts';

const FIRST = '2026-03-02T08:00:00.000Z';
const HOUR_MS = 3_600_000;
const LIMITS = { leaseMs: 20_000, marginMs: 60_000 };

function atAge(ms: number): { now: string; leaseMs: number; marginMs: number } {
  return { ...LIMITS, now: new Date(Date.parse(FIRST) + ms).toISOString() };
}

describe('one more attempt', () => {
  it('is allowed where nothing can have reached the channel', () => {
    for (const idempotency of ['exact', { exact_for: 1 }, 'match', 'none'] as const) {
      expect(mayResend(idempotency, { firstAttemptAt: null }, atAge(0))).toBe(true);
    }
  });

  it('is always allowed with a key that holds for ever, never without a key', () => {
    const tried = { firstAttemptAt: FIRST };
    expect(mayResend('exact', tried, atAge(100 * 24 * HOUR_MS))).toBe(true);
    expect(mayResend('match', tried, atAge(0))).toBe(false);
    expect(mayResend('none', tried, atAge(0))).toBe(false);
  });

  it('must be over before a key ends that holds for a time', () => {
    const tried = { firstAttemptAt: FIRST };
    const hour = { exact_for: HOUR_MS };
    const last = HOUR_MS - LIMITS.leaseMs - LIMITS.marginMs;
    expect(mayResend(hour, tried, atAge(last))).toBe(true);
    expect(mayResend(hour, tried, atAge(last + 1))).toBe(false);
    expect(mayResend(hour, tried, atAge(2 * HOUR_MS))).toBe(false);
  });
});
