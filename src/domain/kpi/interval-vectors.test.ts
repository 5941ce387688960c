import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { medianRank } from './benchmark.ts';
import { poissonInterval, wilsonInterval } from './interval.ts';

/** Made once by scipy and statsmodels: test/vectors/intervals.py says how. */
const VECTORS = readFileSync(
  new URL('../../../test/vectors/intervals.csv', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [kind = '', count, of, low, high] = line.split(',');
    return {
      line,
      kind,
      count: Number(count),
      of: Number(of),
      low: Number(low),
      high: Number(high),
    };
  });

/** Bounds are kept to ten digits: half a unit of the tenth, and what doubles lose. */
const TOLERANCE = 6e-10;

const INTERVALS: Record<string, (vector: { count: number; of: number }) => [number, number]> = {
  wilson: ({ count, of }) => bounds(wilsonInterval(count, of)),
  poisson: ({ count }) => bounds(poissonInterval(count)),
  median: ({ of }) => [medianRank(of), of + 1 - medianRank(of)],
};

it.each([
  ['wilson', 1_100],
  ['poisson', 800],
  ['median', 193],
])('%s intervals agree with a second implementation', (kind, atLeast) => {
  const vectors = VECTORS.filter((vector) => vector.kind === kind);
  expect(vectors.length).toBeGreaterThanOrEqual(atLeast);
  const intervalOf = INTERVALS[kind];
  const wrong = vectors.filter((vector) => {
    const [low, high] = intervalOf?.(vector) ?? [Number.NaN, Number.NaN];
    return !isClose(low, vector.low) || !isClose(high, vector.high);
  });
  expect(wrong.map(({ line }) => line)).toEqual([]);
});

it('there are 2,000 of them or more', () => {
  expect(VECTORS.length).toBeGreaterThanOrEqual(2_000);
});

function bounds({ low, high }: { low: number; high: number }): [number, number] {
  return [low, high];
}

function isClose(own: number, other: number): boolean {
  return Math.abs(own - other) <= TOLERANCE * Math.abs(other);
}
