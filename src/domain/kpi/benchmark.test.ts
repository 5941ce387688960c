import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { benchmarkOf, comparisonOf, medianRank } from './benchmark.ts';
import { computeKpi } from './kpi.testsuite.ts';

const AT_7D = { checkpoint: '+7d' } as const;

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

describe('the interval of a median', () => {
  // Ranks of the 95 % interval as tables of the sign test print them, for example Conover,
  // Practical Nonparametric Statistics (1999), table A3.
  it.each([
    [8, 1],
    [9, 2],
    [10, 2],
    [12, 3],
    [15, 4],
    [20, 6],
    [25, 8],
    [30, 10],
    [40, 14],
    [50, 18],
    [100, 40],
  ])('of %i pieces runs from rank %i', (pieces, rank) => {
    expect(medianRank(pieces)).toBe(rank);
    expect(benchmarkOf(upTo(pieces))).toMatchObject({
      pieces,
      median: (pieces + 1) / 2,
      low: rank,
      high: pieces + 1 - rank,
    });
  });

  it('needs eight pieces', () => {
    expect(benchmarkOf(upTo(7))).toBeNull();
    expect(benchmarkOf(upTo(8))).not.toBeNull();
  });

  it('does not depend on their order, and holds the median', () => {
    // No figure is the negative zero, which sorts as the other one and is not equal to it.
    const figure = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => value + 0);
    const figures = fc.array(figure, { minLength: 8, maxLength: 200 });
    fc.assert(
      fc.property(figures, (list) => {
        const benchmark = benchmarkOf(list);
        expect(benchmarkOf(list.toReversed())).toEqual(benchmark);
        if (benchmark === null) throw new Error('there are eight');
        const { low, median, high, usual } = benchmark;
        expect(low).toBeLessThanOrEqual(median);
        expect(high).toBeGreaterThanOrEqual(median);
        expect(usual.low).toBeLessThanOrEqual(low);
        expect(usual.high).toBeGreaterThanOrEqual(high);
      }),
    );
  });

  it.each([
    [8, 1, 1 / 9],
    [19, 1, 1 / 20],
    [39, 2, 2 / 40],
    [100, 5, 5 / 101],
  ])('of %i pieces leaves out %i on each side with a known chance', (pieces, from, chance) => {
    const usual = { low: from, high: pieces + 1 - from, chance };
    expect(benchmarkOf(upTo(pieces))?.usual).toEqual(usual);
  });
});

describe('a figure beside own pieces', () => {
  const benchmark = benchmarkOf(upTo(20));

  it.each([
    ['shares', { shares: 16 }, 'better'],
    ['shares', { shares: 15 }, 'alike'],
    ['shares', { shares: 6 }, 'alike'],
    ['shares', { shares: 5 }, 'worse'],
    ['search_rank', { position_x_impressions: 500, search_impressions: 100 }, 'better'],
    ['search_rank', { position_x_impressions: 1_600, search_impressions: 100 }, 'worse'],
    ['conversions', { key_events: 20 }, 'alike'],
    ['conversions', { key_events: 30 }, 'better'],
  ] as const)('%s of %o is %s', (kpi, values, position) => {
    const figure = computeKpi(kpi, readingsOf(values, AT_7D), AT_7D);
    expect(comparisonOf(figure, benchmark)).toEqual({
      median: 10.5,
      low: 6,
      high: 15,
      pieces: 20,
      position,
    });
  });

  it.each([
    ['of which a part is missing', readingsOf({ shares: 9 }, { ...AT_7D, publicationId: 'pub_1' })],
    ['of another age', readingsOf({ shares: 9 })],
    [
      'that is not settled',
      readingsOf({ shares: 9 }, { ...AT_7D, source: 'x', provisional: true }),
    ],
    ['that nobody measured', []],
  ])('is not compared: one %s', (_, readings) => {
    const options = { ...AT_7D, publications: PUBLICATIONS };
    expect(comparisonOf(computeKpi('shares', readings, options), benchmark)).toBeNull();
  });
});
