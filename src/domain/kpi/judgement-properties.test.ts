import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { KPI_IDS, type KpiId, kpiTargetIssue } from './catalogue.ts';
import type { MeasureId, Reading } from './measures.ts';
import { type ReviewInput, reviewVerdicts } from './review.ts';

const AT_7D = { checkpoint: '+7d' } as const;
const RANKS = ['missed', 'inconclusive', 'met'];

/** What makes each KPI better by one step, and what else it needs. */
const BETTER: Record<string, { needs: Partial<Record<MeasureId, number>>; by: MeasureId }> = {
  bounce_rate: { needs: { sessions: 5_000 }, by: 'engaged_sessions' },
  pages_per_session: { needs: { sessions: 5_000 }, by: 'pageviews' },
  sentiment: { needs: { mentions_neu: 20, mentions_neg: 200 }, by: 'mentions_pos' },
  audience_growth: { needs: {}, by: 'followers' },
  unfollows: { needs: {}, by: 'followers' },
  engagement_rate: { needs: { impressions: 2_000 }, by: 'reactions' },
  click_through_rate: { needs: { impressions: 5_000 }, by: 'link_clicks' },
  conversions: { needs: {}, by: 'key_events' },
  mentions: { needs: {}, by: 'mentions_pos' },
  campaign_reach: { needs: {}, by: 'reach' },
  shares: { needs: {}, by: 'shares' },
};

function verdictOf(kpi: KpiId, target: number, readings: Reading[]) {
  const review = reviewVerdicts({
    targets: [{ kpi, target, checkpoint: '+7d' }],
    publications: [],
    checkpoints: [],
    readings: [...readings, ...readingsOf({ followers: 2_000 }, { checkpoint: 'baseline' })],
  });
  return review.combined.verdict;
}

describe('a better value never gets a worse verdict', () => {
  it.each(Object.entries(BETTER))('of %s', (name, { needs, by }) => {
    const kpi = KPI_IDS.find((id) => id === name) ?? 'shares';
    const targets = [-20, -0.1, 0.01, 0.1, 0.5, 1.5, 30, 700].filter(
      (target) => kpiTargetIssue(kpi, target) === null,
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 4_000 }),
        fc.integer({ min: 1, max: 500 }),
        fc.constantFrom(...targets),
        (value, more, target) => {
          const [worse, better] = [value, value + more].map((amount) =>
            RANKS.indexOf(verdictOf(kpi, target, readingsOf({ ...needs, [by]: amount }, AT_7D))),
          );
          expect(worse).toBeGreaterThanOrEqual(0);
          expect(better).toBeGreaterThanOrEqual(worse ?? Number.NaN);
        },
      ),
    );
  });
});

const measured = fc.array(
  fc.record({
    measure: fc.constantFrom<MeasureId>('shares', 'impressions', 'link_clicks', 'followers'),
    value: fc.nat(20_000),
    part: fc.constantFrom({}, { publicationId: 'pub_1' }, { publicationId: 'pub_3' }),
    checkpoint: fc.constantFrom('baseline' as const, '+24h' as const, '+7d' as const),
  }),
  { maxLength: 25 },
);

const review: fc.Arbitrary<ReviewInput> = fc
  .record({
    measured,
    past: fc.array(fc.nat(500), { maxLength: 30 }),
    states: fc.array(fc.constantFrom('due', 'recorded', 'missing'), {
      minLength: 2,
      maxLength: 2,
    }),
  })
  .map(({ measured: list, past, states }) => ({
    targets: [
      { kpi: 'shares', target: 100, checkpoint: '+24h' },
      { kpi: 'shares', target: 500, checkpoint: '+7d' },
      { kpi: 'click_through_rate', target: 0.02, checkpoint: '+7d' },
    ],
    guardrails: [
      { kpi: 'shares', checkpoint: '+7d' },
      { kpi: 'unfollows', checkpoint: '+7d' },
    ],
    publications: [PUBLICATIONS[0], PUBLICATIONS[2]],
    checkpoints: states.map((state, index) => ({
      publicationId: index === 0 ? 'pub_1' : 'pub_3',
      checkpoint: '+7d',
      state,
    })),
    readings: list.flatMap(({ measure, value, part, checkpoint }, index) =>
      readingsOf({ [measure]: value }, { ...part, checkpoint }).map((reading) => ({
        ...reading,
        id: `rdg_${index}`,
      })),
    ),
    past: [{ scope: 'item', ageHours: 168, figure: 'shares:shares', values: past }],
  }));

describe('a review with guardrails and own pieces', () => {
  it('does not depend on any order', () => {
    fc.assert(
      fc.property(review, (input) => {
        const other = reviewVerdicts({
          ...input,
          publications: input.publications.toReversed(),
          checkpoints: input.checkpoints.toReversed(),
          readings: input.readings.toReversed(),
          past: input.past?.map((one) => ({ ...one, values: one.values.toReversed() })) ?? [],
        });
        expect(other).toEqual(reviewVerdicts(input));
      }),
    );
  });

  it('reads nothing that is missing as zero', () => {
    fc.assert(
      fc.property(review, (input) => {
        const { rows, guardrails = [] } = reviewVerdicts(input);
        for (const { value, readings, verdict } of [...rows, ...guardrails]) {
          if (readings.length > 0) continue;
          expect(value).toBeNull();
          expect(['not_available', 'provisional', 'no_target']).toContain(verdict);
        }
      }),
    );
  });

  it('has the same verdicts without them: they decide nothing', () => {
    const plain = (input: ReviewInput) =>
      reviewVerdicts(input).rows.map(({ comparison: _, ...row }) => row);
    fc.assert(
      fc.property(review, (input) => {
        expect(plain({ ...input, past: [], guardrails: [] })).toEqual(plain(input));
      }),
    );
  });
});
