import { kpiDefinition } from './catalogue.ts';
import type { KpiFigure } from './figure.ts';
import type { Comparison } from './verdict-schema.ts';

/** A benchmark of fewer pieces would be an anecdote. */
export const PIECES_AT_LEAST = 8;

/** What own pieces reached at one age. */
export interface Benchmark {
  median: number;
  low: number;
  high: number;
  pieces: number;
  /** The bound that an ordinary piece passes with the chance beside it, on either side. */
  usual: { low: number; high: number; chance: number };
}

/**
 * The median of past figures with its 95 % interval, which no shape of their distribution changes: the
 * r-th smallest to the r-th largest, with the largest r for which 1 - 2 P(Binomial(n, 1/2) < r) is at
 * least 95 % (W. R. Thompson, Annals of Mathematical Statistics 7, 1936). Null for fewer than 8.
 */
export function benchmarkOf(figures: readonly number[]): Benchmark | null {
  const pieces = figures.length;
  if (pieces < PIECES_AT_LEAST) return null;
  const sorted = figures.toSorted((a, b) => a - b);
  const rank = (from: number) => sorted[from - 1] ?? Number.NaN;
  const r = medianRank(pieces);
  const outer = usualRank(pieces);
  return {
    median: (rank(Math.floor((pieces + 1) / 2)) + rank(Math.ceil((pieces + 1) / 2))) / 2,
    low: rank(r),
    high: rank(pieces + 1 - r),
    pieces,
    usual: {
      low: rank(outer),
      high: rank(pieces + 1 - outer),
      chance: outer / (pieces + 1),
    },
  };
}

const TAIL = 0.025;

/** The largest rank whose interval holds the median with 95 %; needs 6 pieces or more. */
export function medianRank(pieces: number): number {
  let term = 0.5 ** pieces;
  let below = term;
  let rank = 0;
  while (below <= TAIL) {
    rank += 1;
    term *= (pieces - rank + 1) / rank;
    below += term;
  }
  return rank;
}

/**
 * A new piece like the others is below the k-th smallest of n with the chance k / (n + 1) (S. S. Wilks,
 * Annals of Mathematical Statistics 12, 1941). The largest k with at most 5 %; the smallest of all
 * where they are too few for that.
 */
function usualRank(pieces: number): number {
  return Math.max(1, Math.floor((pieces + 1) / 20));
}

/** True for a figure of one age that lacks nothing: only such ones are compared. */
export function isComparable(figure: KpiFigure): boolean {
  return (
    figure.value !== null &&
    figure.coverage.missing.length === 0 &&
    figure.belowFloor === null &&
    figure.tooYoung === null &&
    !figure.provisional &&
    !figure.unlabelled
  );
}

/** Where a figure is beside own pieces: wholly better, wholly worse, or not told apart. */
export function comparisonOf(figure: KpiFigure, benchmark: Benchmark | null): Comparison | null {
  if (benchmark === null || figure.value === null || !isComparable(figure)) return null;
  const { median, low, high, pieces } = benchmark;
  const own = figure.interval ?? { low: figure.value, high: figure.value };
  const isHigherBetter = kpiDefinition(figure.kpi).direction === 'higher';
  const side =
    own.low > high
      ? isHigherBetter
        ? 'better'
        : 'worse'
      : own.high < low
        ? isHigherBetter
          ? 'worse'
          : 'better'
        : 'alike';
  return { median, low, high, pieces, position: side };
}
