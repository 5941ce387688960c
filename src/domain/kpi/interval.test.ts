import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poissonInterval, wilsonInterval } from './interval.ts';

describe('Wilson interval', () => {
  // Newcombe (1998), Statistics in Medicine 17, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('matches the published bounds of %i of %i', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  // The sizes behind the floors of the catalogue.
  it.each([
    [3, 100, '1.0–8.5 %'],
    [30, 1_000, '2.1–4.3 %'],
    [300, 10_000, '2.7–3.4 %'],
    [50, 100, '40.4–59.6 %'],
    [0, 50, '0.0–7.1 %'],
  ])('of %i in %i spans %3$s', (successes, trials, span) => {
    const { low, high } = wilsonInterval(successes, trials);
    expect(`${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)} %`).toBe(span);
  });

  it('contains the point estimate and stays within 0 and 1', () => {
    fc.assert(
      fc.property(sample(), ([successes, trials]) => {
        const { low, high } = wilsonInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves up with every success', () => {
    fc.assert(
      fc.property(sample(), ([successes, trials]) => {
        fc.pre(successes < trials);
        const less = wilsonInterval(successes, trials);
        const more = wilsonInterval(successes + 1, trials);
        expect(more.low).toBeGreaterThanOrEqual(less.low);
        expect(more.high).toBeGreaterThanOrEqual(less.high);
      }),
    );
  });

  it('narrows as the same rate is seen in a larger sample', () => {
    fc.assert(
      fc.property(sample(), fc.integer({ min: 2, max: 50 }), ([successes, trials], times) => {
        const small = wilsonInterval(successes, trials);
        const large = wilsonInterval(successes * times, trials * times);
        expect(large.high - large.low).toBeLessThan(small.high - small.low);
      }),
    );
  });

  it('mirrors: failures have the complement of the interval', () => {
    fc.assert(
      fc.property(sample(), ([successes, trials]) => {
        const { low, high } = wilsonInterval(successes, trials);
        const mirror = wilsonInterval(trials - successes, trials);
        expect(mirror.low).toBeCloseTo(1 - high, 8);
        expect(mirror.high).toBeCloseTo(1 - low, 8);
      }),
    );
  });

  it.each([
    [1, 0],
    [5, 4],
    [-1, 10],
    [1, Number.NaN],
  ])('refuses %d of %d', (successes, trials) => {
    expect(() => wilsonInterval(successes, trials)).toThrow(RangeError);
  });
});

describe('Poisson interval', () => {
  // Garwood's exact limits as printed in tables of Poisson confidence limits.
  it.each([
    [0, 0, 3.689],
    [1, 0.025, 5.572],
    [2, 0.242, 7.225],
    [3, 0.619, 8.767],
    [5, 1.623, 11.668],
    [10, 4.795, 18.39],
    [20, 12.217, 30.888],
    [50, 37.111, 65.919],
    [100, 81.364, 121.627],
  ])('matches the published limits of a count of %i', (count, low, high) => {
    const interval = poissonInterval(count);
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('contains the count and moves up with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30_000 }), (count) => {
        const { low, high } = poissonInterval(count);
        const next = poissonInterval(count + 1);
        expect(low).toBeLessThanOrEqual(count);
        expect(high).toBeGreaterThan(count);
        expect(next.low).toBeGreaterThan(low);
        expect(next.high).toBeGreaterThan(high);
      }),
    );
  });

  it('has no step where the closed form takes over', () => {
    const before = poissonInterval(1_000);
    const after = poissonInterval(1_001);
    expect(after.low - before.low).toBeCloseTo(0.969, 3);
    expect(after.high - before.high).toBeCloseTo(1.031, 3);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a count of %d', (count) => {
    expect(() => poissonInterval(count)).toThrow(RangeError);
  });
});

function sample() {
  return fc
    .integer({ min: 1, max: 1_000_000 })
    .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));
}
