import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attainment, bandOf } from './attainment.ts';
import { VERDICTS } from './verdict-schema.ts';

describe('the light beside a verdict', () => {
  const lightOf = (value: number, target: number, direction: 'higher' | 'lower' = 'higher') =>
    bandOf(direction === 'higher' ? 'shares' : 'bounce_rate', {
      verdict: 'missed',
      attainment: attainment(direction, value, target),
    });

  it.each([
    [100, 100, 'green'],
    [99.9, 100, 'amber'],
    [90, 100, 'amber'],
    [0.072, 0.08, 'amber'],
    [89.9, 100, 'red'],
    [0, 100, 'red'],
  ] as const)('of %d against %d is %s', (value, target, light) => {
    expect(lightOf(value, target)).toBe(light);
  });

  it('is green below the target where a lower number is better', () => {
    expect(lightOf(0.3, 0.4, 'lower')).toBe('green');
    expect(lightOf(0.44, 0.4, 'lower')).toBe('amber');
    expect(lightOf(0.5, 0.4, 'lower')).toBe('red');
  });

  it('is off where attainment means nothing, and where nothing is judged', () => {
    expect(lightOf(5, 0)).toBeNull();
    const lit = VERDICTS.filter((verdict) => bandOf('shares', { verdict, attainment: 1 }) !== null);
    expect(lit).toEqual(['met', 'missed', 'inconclusive']);
  });

  it('never gets worse by a better value', () => {
    const order = ['red', 'amber', 'green'];
    const amount = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
        (a, b, target) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)].map((value) =>
            order.indexOf(lightOf(value, target) ?? ''),
          );
          expect(high).toBeGreaterThanOrEqual(low ?? Number.NaN);
        },
      ),
    );
  });
});
