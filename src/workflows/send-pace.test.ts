import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendPace, type Setback } from './send-pace.ts';

const UNTIL = 3_600_000;

/** The times of the attempts when each of them takes no time and comes to the same. */
function attempts(pace: SendPace, setback: Setback): { at: number[]; over: string } {
  const at: number[] = [];
  for (let now = 0; ; ) {
    const next = pace.next(now);
    if ('over' in next) return { at, over: next.over };
    now += next.waitMs;
    at.push(now);
    pace.note(setback);
  }
}

describe('a post that its channel does not take', () => {
  it('is tried until its time is over, less and less often', () => {
    const { at, over } = attempts(new SendPace(UNTIL), {
      outcome: 'not_sent',
      retryAfterMs: 5_000,
    });
    expect(over).toBe('time');
    expect(at.slice(0, 7)).toEqual([0, 5_000, 15_000, 35_000, 75_000, 135_000, 195_000]);
    expect(at.at(-1)).toBe(UNTIL - 1_000);
    expect(at.length).toBeLessThan(70);
  });

  it('is tried once more right before its time is over, and no later', () => {
    const { at } = attempts(new SendPace(20_000), { outcome: 'not_sent' });
    expect(at).toEqual([0, 5_000, 15_000, 19_000]);
  });

  it('is not tried sooner than the channel allows, and given up at once when that is too late', () => {
    const pace = new SendPace(UNTIL);
    pace.next(0);
    pace.note({ outcome: 'not_sent', retryAfterMs: 90_000 });
    expect(pace.next(0)).toEqual({ waitMs: 90_000 });
    pace.note({ outcome: 'not_sent', retryAfterMs: UNTIL });
    expect(pace.next(90_000)).toMatchObject({ over: 'time' });
  });
});

describe('a post whose time has not come', () => {
  it('asks for the end of a freeze until its time is over', () => {
    const { at, over } = attempts(new SendPace(UNTIL), {
      outcome: 'wait',
      evidence: 'frozen',
      whenLifted: true,
    });
    expect(over).toBe('time');
    expect(at.slice(0, 4)).toEqual([0, 1_000, 3_000, 7_000]);
    expect(at.at(-1)).toBe(UNTIL - 1_000);
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(Math.max(...gaps)).toBe(300_000);
  });

  it('waits for a known end, and is given up at once when it comes too late', () => {
    const pace = new SendPace(UNTIL);
    pace.next(0);
    pace.note({ outcome: 'wait', evidence: 'frozen', waitMs: UNTIL - 10 });
    expect(pace.next(0)).toEqual({ waitMs: UNTIL - 10 });
    pace.note({ outcome: 'wait', evidence: 'frozen', waitMs: 11 });
    expect(pace.next(UNTIL - 10)).toMatchObject({ over: 'time' });
  });
});

describe('a post that may have arrived', () => {
  it('is repeated four times at most, the first time at once', () => {
    const { at, over } = attempts(new SendPace(UNTIL), { outcome: 'send_again' });
    expect({ at, over }).toEqual({ at: [0, 0, 5_000, 15_000, 35_000], over: 'sends' });
  });
});

describe('a day of grace', () => {
  it('is tried until its end, within the attempts that a run has', () => {
    const day = 86_400_000;
    for (const setback of [
      { outcome: 'not_sent' },
      { outcome: 'wait', evidence: 'frozen' },
    ] as const) {
      const { at, over } = attempts(new SendPace(day), setback);
      expect(over).toBe('time');
      expect(at.at(-1)).toBe(day - 1_000);
      expect(at.length).toBeLessThan(200);
    }
  });
});

const setbacks = fc.array(
  fc.oneof(
    fc.record({
      outcome: fc.constant('not_sent' as const),
      retryAfterMs: fc.nat(600_000),
    }),
    fc.record({
      outcome: fc.constant('wait' as const),
      waitMs: fc.nat(600_000),
      evidence: fc.constant('no budget'),
    }),
    fc.constant({ outcome: 'wait' as const, whenLifted: true as const, evidence: 'frozen' }),
    fc.constant({ outcome: 'not_sent' as const }),
    fc.constant({ outcome: 'send_again' as const }),
  ),
  { maxLength: 60 },
);

describe('whatever comes', () => {
  it('never tries after the end, nor within a wait that is known', () => {
    fc.assert(
      fc.property(setbacks, fc.integer({ min: 1, max: 7_200_000 }), (list, until) => {
        const pace = new SendPace(until);
        let now = 0;
        let notBefore = 0;
        for (const setback of list) {
          const next = pace.next(now);
          if ('over' in next) return;
          now += next.waitMs;
          expect(now).toBeLessThanOrEqual(until);
          expect(now).toBeGreaterThanOrEqual(notBefore);
          pace.note(setback);
          if ('retryAfterMs' in setback) notBefore = now + setback.retryAfterMs;
          if ('waitMs' in setback) notBefore = now + setback.waitMs;
        }
      }),
    );
  });
});
