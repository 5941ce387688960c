import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SendPace, type Setback } from './send-pace.ts';

const UNTIL = 3_600_000;
const patient = (until = UNTIL) => new SendPace(until, () => false);
const hasty = (until = UNTIL) => new SendPace(until, () => true);

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
    const { at, over } = attempts(patient(), { kind: 'not_taken', retryAfterMs: 5_000 });
    expect(over).toBe('time');
    expect(at.slice(0, 7)).toEqual([0, 5_000, 15_000, 35_000, 75_000, 135_000, 195_000]);
    expect(at.at(-1)).toBe(UNTIL - 1_000);
    expect(at.length).toBeLessThan(70);
  });

  it('is tried once more right before its time is over, and no later', () => {
    const { at } = attempts(patient(20_000), { kind: 'not_taken' });
    expect(at).toEqual([0, 5_000, 15_000, 19_000]);
  });

  it('is not tried sooner than the channel allows, and given up at once when that is too late', () => {
    const pace = patient();
    pace.next(0);
    pace.note({ kind: 'not_taken', retryAfterMs: 90_000 });
    expect(pace.next(0)).toEqual({ waitMs: 90_000 });
    pace.note({ kind: 'not_taken', retryAfterMs: UNTIL });
    expect(pace.next(90_000)).toMatchObject({ over: 'time' });
  });
});

describe('a post whose time has not come', () => {
  it('asks for the end of a freeze until its time is over', () => {
    const { at, over } = attempts(patient(), { kind: 'not_now', whenLifted: true });
    expect(over).toBe('time');
    expect(at.slice(0, 4)).toEqual([0, 1_000, 3_000, 7_000]);
    expect(at.at(-1)).toBe(UNTIL - 1_000);
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(Math.max(...gaps)).toBe(300_000);
  });

  it('waits for a known end, and is given up at once when it comes too late', () => {
    const pace = patient();
    pace.next(0);
    pace.note({ kind: 'not_now', waitMs: UNTIL - 10 });
    expect(pace.next(0)).toEqual({ waitMs: UNTIL - 10 });
    pace.note({ kind: 'not_now', waitMs: 11 });
    expect(pace.next(UNTIL - 10)).toMatchObject({ over: 'time' });
  });
});

describe('a post that may have arrived', () => {
  it('is repeated four times at most, the first time at once', () => {
    const { at, over } = attempts(patient(), { kind: 'not_found' });
    expect({ at, over }).toEqual({ at: [0, 0, 5_000, 15_000, 35_000], over: 'sends' });
  });
});

describe('a day of grace', () => {
  it('is tried until its end, within the attempts that a run has', () => {
    const day = 86_400_000;
    for (const setback of [{ kind: 'not_taken' }, { kind: 'not_now' }] as const) {
      const { at, over } = attempts(patient(day), setback);
      expect(over).toBe('time');
      expect(at.at(-1)).toBe(day - 1_000);
      expect(at.length).toBeLessThan(200);
    }
  });
});

describe('a run that began with few tries', () => {
  it('goes on so: five in all', () => {
    const { at, over } = attempts(hasty(), { kind: 'not_taken' });
    expect({ at, over }).toEqual({ at: [0, 5_000, 15_000, 30_000, 50_000], over: 'sends' });
  });

  it('is not asked again: a send keeps its rules to its end', () => {
    let asked = 0;
    const pace = new SendPace(UNTIL, () => {
      asked += 1;
      return asked === 1;
    });
    expect(attempts(pace, { kind: 'not_taken' }).at).toHaveLength(5);
    expect(asked).toBe(1);
  });

  it('does not shorten a wait', () => {
    const { at } = attempts(hasty(20_000), { kind: 'not_taken' });
    expect(at).toEqual([0, 5_000, 15_000]);
  });
});

const setbacks = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('not_taken' as const), retryAfterMs: fc.nat(600_000) }),
    fc.record({ kind: fc.constant('not_now' as const), waitMs: fc.nat(600_000) }),
    fc.constant({ kind: 'not_now' as const, whenLifted: true as const }),
    fc.constant({ kind: 'not_begun' as const }),
    fc.constant({ kind: 'not_found' as const }),
  ),
  { maxLength: 60 },
);

describe.each([
  ['patient', patient],
  ['hasty', hasty],
])('a %s pace', (_, paceOf) => {
  it('never tries after the end, nor within a wait that is known', () => {
    fc.assert(
      fc.property(setbacks, fc.integer({ min: 1, max: 7_200_000 }), (list, until) => {
        const pace = paceOf(until);
        let now = 0;
        let notBefore = 0;
        for (const setback of list) {
          const next = pace.next(now);
          if ('over' in next) return;
          now += next.waitMs;
          expect(now).toBeLessThanOrEqual(until);
          expect(now).toBeGreaterThanOrEqual(notBefore);
          pace.note(setback);
          if (setback.kind === 'not_taken') notBefore = now + setback.retryAfterMs;
          if (setback.kind === 'not_now' && 'waitMs' in setback) notBefore = now + setback.waitMs;
        }
      }),
    );
  });
});
