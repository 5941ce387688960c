import { describe, expect, it } from 'vitest';
import { createRateLimiter, rateLimitHeaders } from './rate-limit.ts';

function limiterAt(perSecond: number) {
  const clock = { ms: 0 };
  return { clock, limiter: createRateLimiter(perSecond, () => clock.ms) };
}

describe('rate limiter', () => {
  it('lets a second’s worth through at once and refuses the next', () => {
    const { limiter } = limiterAt(5);
    for (let count = 0; count < 5; count += 1) expect(limiter.take('a').allowed).toBe(true);
    const refused = limiter.take('a');
    expect(refused).toMatchObject({ allowed: false, remaining: 0, retryAfterSeconds: 1 });
  });

  it('earns tokens with time, one second’s worth at most', () => {
    const { clock, limiter } = limiterAt(10);
    for (let count = 0; count < 10; count += 1) limiter.take('a');
    clock.ms += 100;
    expect(limiter.take('a').allowed).toBe(true);
    expect(limiter.take('a').allowed).toBe(false);
    clock.ms += 60_000;
    expect(limiter.take('a').remaining).toBe(9);
  });

  it('keeps callers apart', () => {
    const { limiter } = limiterAt(1);
    expect(limiter.take('a').allowed).toBe(true);
    expect(limiter.take('a').allowed).toBe(false);
    expect(limiter.take('b').allowed).toBe(true);
  });

  it('forgets the callers not seen for longest instead of growing', () => {
    const { limiter } = limiterAt(1);
    limiter.take('first');
    for (let count = 0; count < 20_000; count += 1) limiter.take(`caller ${count}`);
    expect(limiter.take('first').allowed).toBe(true);
  });

  it('states the allowance in headers', () => {
    const { limiter } = limiterAt(100);
    expect(rateLimitHeaders(limiter.take('a'))).toEqual({
      'RateLimit-Limit': '100',
      'RateLimit-Remaining': '99',
      'RateLimit-Reset': '1',
      'RateLimit-Policy': '100;w=1',
    });
  });
});
