/** Percentiles of one kind of command, in milliseconds. */
export interface Latency {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

/** The least, the middle and the greatest of one figure over the rounds. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/**
 * The value below which `share` of the samples lie, interpolated between neighbours.
 *
 * @param share from 0 to 1.
 * @throws RangeError when there are no samples.
 */
export function quantileOf(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('a quantile needs at least one sample');
  const sorted = samples.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}

export function latencyOf(samples: readonly number[]): Latency {
  return {
    count: samples.length,
    p50: quantileOf(samples, 0.5),
    p95: quantileOf(samples, 0.95),
    p99: quantileOf(samples, 0.99),
  };
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: quantileOf(values, 0.5), max: Math.max(...values) };
}
