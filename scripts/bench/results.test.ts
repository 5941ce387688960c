import { describe, expect, it } from 'vitest';
import type { Block, Concurrency } from './measure.ts';
import { renderReport } from './report.ts';
import { summarise } from './results.ts';
import { latencyOf, quantileOf, spreadOf } from './statistics.ts';
import { VARIANT_KEYS, type VariantKey } from './variants.ts';

describe('the statistics of the benchmark', () => {
  it('interpolate between neighbours, in any order of the samples', () => {
    expect(quantileOf([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantileOf([7], 0.99)).toBe(7);
    expect(quantileOf([0, 10], 0.95)).toBeCloseTo(9.5);
    expect(latencyOf([1, 2, 3])).toEqual({ count: 3, p50: 2, p95: 2.9, p99: 2.98 });
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(() => quantileOf([], 0.5)).toThrow(RangeError);
  });
});

/** One block whose every accepted command took `accepted` milliseconds, and every refused one half. */
function block(
  variant: VariantKey,
  concurrency: Concurrency,
  { round, accepted }: { round: number; accepted: number },
): Block {
  return {
    round,
    variant,
    concurrency,
    itemsPerSecond: 1_000 / accepted,
    accepted: [accepted],
    refused: [accepted / 2],
    sampleItemId: 'itm_x',
    processorMs: { worker: accepted / 4, API: 1 },
  };
}

/** Rounds in which the whole machine is 1, 2 and 4 times as slow, and (d) costs `d` times what (a) does. */
function blocksWith(d: number): Block[] {
  const costs: Record<VariantKey, number> = { a: 10, b: 40, c: 11, d: 10 * d };
  return [1, 2, 4].flatMap((slow, round) =>
    ([1, 8] as const).flatMap((concurrency) =>
      VARIANT_KEYS.map((variant) =>
        block(variant, concurrency, { round, accepted: costs[variant] * slow }),
      ),
    ),
  );
}

const rest = {
  historyEvents: { a: 64, b: 136, c: 69, d: 69 },
  published: { item: 77 },
  memoryMib: { worker: 300, API: null },
};

describe('the results of the benchmark', () => {
  it('compare within a round, so that a slow machine changes no ratio', () => {
    const { targets } = summarise({ blocks: blocksWith(1.2), ...rest });
    const accepted = targets.find(({ name }) => name === 'accepted (d) / (a)');
    expect(accepted?.ratio.min).toBeCloseTo(1.2);
    expect(accepted?.ratio.max).toBeCloseTo(1.2);
    expect(targets.every(({ met }) => met)).toBe(true);
    expect(targets).toHaveLength(9);
  });

  it('say which targets are missed', () => {
    const results = summarise({
      blocks: blocksWith(4),
      ...rest,
      published: { item: 81 },
    });
    expect(results.targets.every(({ met }) => !met)).toBe(true);
    const variants = VARIANT_KEYS.map((key) => ({
      key,
      label: key,
      start: async () => '',
      accept: async () => {},
      refuse: async () => {},
    }));
    const report = renderReport(results, { variants, heading: 'heading' });
    expect(report.match(/MISSED/g)).toHaveLength(9);
    expect(report).not.toMatch(/\bmet\b|NaN|undefined/);
    expect(report).toContain('API unknown');
  });
});
