import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PUBLICATIONS } from '../../../test/support/readings.ts';
import { KPI_IDS, type KpiId, kpiDefinition, kpiTargetIssue } from './catalogue.ts';
import { computeKpi } from './kpi.testsuite.ts';
import { MEASURE_IDS, MEASURES } from './measure-rules.ts';
import type { Reading } from './measures.ts';
import { latestReadings } from './readings.ts';
import { reviewVerdicts } from './review.ts';
import { rollUp } from './roll-up/base-sums.ts';
import { scopeTrees } from './roll-up/rollup.ts';
import { verdictFor } from './verdict.ts';
import { VERDICTS } from './verdict-schema.ts';

const kpis = fc.constantFrom(...KPI_IDS);
const checkpoints = fc.constantFrom('baseline', '+24h', '+7d');

const readings: fc.Arbitrary<Reading[]> = fc
  .array(
    fc.record({
      measure: fc.constantFrom(...MEASURE_IDS),
      value: fc.integer({ min: 0, max: 5_000 }),
      scope: fc.constantFrom(
        {},
        { channelAccountId: 'cha_1' },
        { channelAccountId: 'cha_2' },
        ...PUBLICATIONS.map(({ id }) => ({ publicationId: id })),
      ),
      checkpoint: fc.option(checkpoints, { nil: undefined }),
      day: fc.integer({ min: 1, max: 28 }),
      source: fc.constantFrom('manual', 'sandbox'),
      provisional: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((list) =>
    list.map(({ scope, checkpoint, day, ...rest }, index) => ({
      id: `rdg_${String(index).padStart(3, '0')}`,
      asOf: `2026-03-${String(day).padStart(2, '0')}T08:00:00Z`,
      ...rest,
      ...scope,
      ...(checkpoint !== undefined && { checkpoint }),
    })),
  );

const AT_7D = { checkpoint: '+7d', publications: PUBLICATIONS };

describe('whatever the readings are', () => {
  it('their order does not matter', () => {
    const shuffled = readings.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(kpis, shuffled, (kpi, [list, other]) => {
        expect(latestReadings(other)).toEqual(latestReadings(list));
        expect(computeKpi(kpi, other, AT_7D)).toEqual(computeKpi(kpi, list, AT_7D));
      }),
    );
  });

  it('only the ones that count matter', () => {
    fc.assert(
      fc.property(kpis, readings, (kpi, list) => {
        expect(computeKpi(kpi, latestReadings(list), AT_7D)).toEqual(computeKpi(kpi, list, AT_7D));
      }),
    );
  });

  it('a figure is a number or says why it is none, and its interval holds it', () => {
    fc.assert(
      fc.property(kpis, readings, (kpi, list) => {
        const { value, noValue, interval, definition, numerator } = computeKpi(kpi, list, AT_7D);
        expect(value === null).toBe(noValue !== null);
        if (value !== null) expect(Number.isFinite(value)).toBe(true);
        if (interval === null || value === null) return;
        expect(interval.low).toBeLessThanOrEqual(value);
        expect(interval.high).toBeGreaterThanOrEqual(value);
        if (definition.kind === 'proportion') expect(numerator).not.toBeNull();
      }),
    );
  });

  it('a figure is what its formula gives for the summed bases', () => {
    fc.assert(
      fc.property(kpis, readings, (kpi, list) => {
        const { value, formula, numerator, denominator } = computeKpi(kpi, list, AT_7D);
        if (value === null || numerator === null || denominator === null) return;
        expect(value).toBeCloseTo((numerator / denominator) * (formula.scale ?? 1), 9);
      }),
    );
  });

  it('the review of an item can be made, and each row has a known verdict and a reason', () => {
    fc.assert(
      fc.property(readings, fc.uniqueArray(kpis), (list, targeted) => {
        const targets = targeted.map((kpi) => ({ kpi, target: targetOf(kpi), checkpoint: '+7d' }));
        const review = reviewVerdicts({
          targets,
          publications: PUBLICATIONS,
          readings: list,
          checkpoints: [],
        });
        for (const { verdict, reason, value, target, attainment } of review.rows) {
          expect(VERDICTS).toContain(verdict);
          expect(reason).not.toBe('');
          expect(verdict === 'no_target').toBe(target === null);
          if (value === null) expect(attainment).toBeNull();
        }
        expect(review.rows.filter(({ primary }) => primary).length).toBe(
          targets[0] === undefined ? 0 : kpiDefinition(targets[0].kpi).roles.length,
        );
        expect(JSON.parse(JSON.stringify(review))).toEqual(review);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a roll-up of posts', () => {
  const measured = fc.array(fc.dictionary(fc.constantFrom(...MEASURE_IDS), fc.nat(10_000)), {
    minLength: 1,
    maxLength: 6,
  });

  it('equals the sum of the posts where that may be added, and has no other name', () => {
    fc.assert(
      fc.property(measured, (posts) => {
        const tree = scopeTrees({
          publications: posts.map((_, post) => ({
            id: `pub_${post}`,
            channelAccountId: `cha_${post % 2}`,
          })),
          readings: posts.flatMap((values, post) => postReadings(values, post)),
        })('+7d');
        const { values, gross, coverage } = rollUp(tree);
        for (const measure of MEASURE_IDS) {
          const known = posts.flatMap((post) => post[measure] ?? []);
          expect(coverage[measure] === undefined).toBe(known.length === 0);
          if (MEASURES[measure].rollUp === 'sum') {
            expect(values[measure]).toBe(known.length === 0 ? undefined : total(known));
            expect(gross[`gross_${measure}`]).toBeUndefined();
            if (known.length > 0) expect(coverage[measure]?.have).toBe(known.length);
          } else if (posts.length > 2) {
            expect(values[measure]).toBeUndefined();
          }
        }
      }),
    );
  });

  it('of a rate is the rate of the sums, never the mean of the rates', () => {
    const post = fc.record({ impressions: fc.nat(100_000), link_clicks: fc.nat(1_000) });
    fc.assert(
      fc.property(fc.array(post, { minLength: 1, maxLength: 6 }), (posts) => {
        const { value } = computeKpi(
          'click_through_rate',
          posts.flatMap((values, index) => postReadings(values, index)),
          {
            checkpoint: '+7d',
            publications: posts.map((_, index) => ({
              id: `pub_${index}`,
              channelAccountId: 'cha_1',
            })),
          },
        );
        const impressions = total(posts.map((one) => one.impressions));
        const clicks = total(posts.map((one) => one.link_clicks));
        expect(value).toBe(impressions === 0 ? null : clicks / impressions);
      }),
    );
  });
});

describe('a verdict', () => {
  const RANK = { met: 2, inconclusive: 1, missed: 0 } as const;

  it.each(['click_through_rate', 'conversions', 'content_traffic', 'engagement_rate'] as const)(
    'of %s never falls as the numerator grows',
    (kpi) => {
      const measure = {
        click_through_rate: 'link_clicks',
        conversions: 'key_events',
        content_traffic: 'sessions',
        engagement_rate: 'reactions',
      } as const;
      fc.assert(
        fc.property(
          fc.integer({ min: 10, max: 4_000 }),
          fc.integer({ min: 1, max: 900 }),
          (value, target) => {
            const verdictAt = (amount: number) => {
              const figure = computeKpi(
                kpi,
                postReadings({ impressions: 2_000, [measure[kpi]]: amount }, 0),
                { checkpoint: '+7d', publications: [{ id: 'pub_0', channelAccountId: 'cha_1' }] },
              );
              const aim =
                kpiDefinition(kpi).figures[0].unit === 'fraction' ? target / 1_000 : target;
              return verdictFor({ figure, role: 'strategist', target: aim }).verdict;
            };
            expect(rank(verdictAt(value + 1))).toBeGreaterThanOrEqual(rank(verdictAt(value)));
          },
        ),
      );
    },
  );

  function rank(verdict: string): number {
    if (verdict === 'met' || verdict === 'inconclusive' || verdict === 'missed')
      return RANK[verdict];
    throw new Error(`not judged: ${verdict}`);
  }
});

function postReadings(values: Partial<Record<string, number>>, post: number): Reading[] {
  return MEASURE_IDS.flatMap((measure) => {
    const value = values[measure];
    if (value === undefined) return [];
    return [
      {
        id: `rdg_${post}_${measure}`,
        measure,
        value,
        publicationId: `pub_${post}`,
        checkpoint: '+7d',
        asOf: '2026-03-09T08:00:00Z',
        source: 'manual',
        provisional: false,
      },
    ];
  });
}

/** Some target that the KPI allows. */
function targetOf(kpi: KpiId): number {
  const target = [0.5, 50].find((one) => kpiTargetIssue(kpi, one) === null);
  if (target === undefined) throw new Error(`no target fits ${kpi}`);
  return target;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
