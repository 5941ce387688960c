import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import type { KpiId } from './catalogue.ts';
import type { MeasureId } from './measures.ts';
import { reviewVerdicts } from './review.ts';
import { KpiGuardrails } from './targets.ts';
import { ReviewVerdicts } from './verdict-schema.ts';

const AT_7D = { checkpoint: '+7d' } as const;

/** Sentiment of own pieces at +7d: 21 to 60. */
const SENTIMENTS = Array.from({ length: 40 }, (_, index) => 21 + index);

function reviewOf(
  kpi: KpiId,
  values: Partial<Record<MeasureId, number>>,
  { past }: { past?: { figure: string; values: number[] } } = {},
) {
  const review = reviewVerdicts({
    targets: [],
    guardrails: [{ kpi, checkpoint: '+7d' }],
    publications: [],
    checkpoints: [],
    readings: [
      ...readingsOf(values, AT_7D),
      ...readingsOf({ followers: 1_000 }, { checkpoint: 'baseline' }),
    ],
    past: past === undefined ? [] : [{ scope: 'item', ageHours: 168, ...past }],
  });
  expect(ReviewVerdicts.parse(review)).toEqual(review);
  const [row] = review.guardrails ?? [];
  if (row === undefined) throw new Error('the item has a row');
  return row;
}

function sentiment(net: number, past = SENTIMENTS) {
  const values = { mentions_pos: 100 + net, mentions_neu: 0, mentions_neg: 100 - net };
  return reviewOf('sentiment', values, { past: { figure: 'sentiment:net', values: past } });
}

describe('a guardrail', () => {
  it('is held by a figure that is not worse than the median’s interval', () => {
    const row = sentiment(40);
    expect(row).toMatchObject({
      verdict: 'held',
      value: 40,
      limit: 22,
      chance: 2 / 41,
      comparison: { median: 40.5, low: 34, high: 47, pieces: 40, position: 'alike' },
    });
    expect(row.reason).toContain('not worse than the median of 40 own pieces');
  });

  it.each([
    [34, 'held'],
    [33, 'inconclusive'],
    [22, 'inconclusive'],
    [21, 'broken'],
  ])('at %i is %s', (net, verdict) => {
    expect(sentiment(net).verdict).toBe(verdict);
  });

  it('is not judged by fewer than eight pieces', () => {
    const row = sentiment(40, SENTIMENTS.slice(0, 7));
    expect(row).toMatchObject({ verdict: 'no_benchmark', limit: null, chance: null });
    expect(row.reason).toContain('needs 8 own pieces');
    expect(row.reason).toContain('there are 7');
    expect(sentiment(40, SENTIMENTS.slice(0, 8)).verdict).toBe('held');
  });

  it('with a lower number as the better one breaks above', () => {
    const past = { figure: 'bounce_rate:not_engaged', values: SENTIMENTS.map((one) => one / 100) };
    const bounce = (bounces: number) =>
      reviewOf('bounce_rate', { sessions: 10_000, engaged_sessions: 10_000 - bounces }, { past });
    expect(bounce(4_000)).toMatchObject({ verdict: 'held', limit: 0.59 });
    expect(bounce(5_000).verdict).toBe('inconclusive');
    expect(bounce(5_900).verdict).toBe('inconclusive');
    expect(bounce(6_100).verdict).toBe('broken');
  });

  it('on unfollows knows the net loss', () => {
    const past = { figure: 'unfollows:net_loss', values: SENTIMENTS.map((one) => one / 10_000) };
    expect(reviewOf('unfollows', { followers: 998 }, { past }).verdict).toBe('held');
    expect(reviewOf('unfollows', { followers: 1_050 }, { past })).toMatchObject({
      verdict: 'held',
      value: -0.05,
    });
    expect(reviewOf('unfollows', { followers: 900 }, { past }).verdict).toBe('broken');
  });

  it.each([
    ['not_available', {}, 'missing is not 0'],
    ['insufficient_data', { mentions_pos: 20, mentions_neu: 0, mentions_neg: 20 }, 'there are 40'],
  ] as const)('without enough to judge is %s', (verdict, values, because) => {
    const past = { figure: 'sentiment:net', values: SENTIMENTS };
    const row = reviewOf('sentiment', values, { past });
    expect(row.verdict).toBe(verdict);
    expect(row.reason).toContain(because);
  });

  it('is judged in each part that has a figure, beside like parts', () => {
    const { guardrails = [] } = reviewVerdicts({
      targets: [],
      guardrails: [{ kpi: 'shares', checkpoint: '+7d' }],
      publications: [PUBLICATIONS[0], PUBLICATIONS[2]],
      checkpoints: [],
      readings: readingsOf({ shares: 5 }, { ...AT_7D, publicationId: 'pub_1' }),
      past: [
        { scope: 'publication:pub_1', ageHours: 168, figure: 'shares:shares', values: SENTIMENTS },
      ],
    });
    expect(guardrails.map(({ scope, verdict }) => [scope, verdict])).toEqual([
      ['item', 'no_benchmark'],
      ['channel:cha_1', 'no_benchmark'],
      ['publication:pub_1', 'broken'],
    ]);
  });

  it('never gets worse by a better figure', () => {
    const order = ['broken', 'inconclusive', 'held'];
    const figures = fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 8, maxLength: 60 });
    fc.assert(
      fc.property(figures, fc.integer({ min: -99, max: 98 }), (past, net) => {
        const verdicts = [sentiment(net, past), sentiment(net + 1, past)].map((row) =>
          order.indexOf(row.verdict),
        );
        expect(verdicts[0]).toBeGreaterThanOrEqual(0);
        expect(verdicts[1]).toBeGreaterThanOrEqual(verdicts[0] ?? Number.NaN);
      }),
    );
  });

  it('decides nothing', () => {
    const without = reviewOf('sentiment', {});
    expect(without.verdict).toBe('not_available');
    const past = { figure: 'sentiment:net', values: SENTIMENTS };
    const { combined } = reviewVerdicts({
      targets: [],
      guardrails: [{ kpi: 'sentiment', checkpoint: '+7d' }],
      publications: [],
      checkpoints: [],
      readings: readingsOf({ mentions_pos: 0, mentions_neu: 0, mentions_neg: 200 }, AT_7D),
      past: [{ scope: 'item', ageHours: 168, ...past }],
    });
    expect(combined.verdict).toBe('no_target');
  });
});

describe('the guardrails of a brief', () => {
  it.each([
    ['a KPI that does not exist', [{ kpi: 'charm', checkpoint: '+7d' }], [0, 'kpi']],
    ['no age', [{ kpi: 'sentiment' }], [0, 'checkpoint']],
    ['a bound', [{ kpi: 'sentiment', checkpoint: '+7d', target: 3 }], [0]],
    [
      'one twice',
      [
        { kpi: 'sentiment', checkpoint: '+7d' },
        { kpi: 'sentiment', checkpoint: '+7d' },
      ],
      [1],
    ],
  ])('are refused with %s', (_, guardrails, path) => {
    const { error } = KpiGuardrails.safeParse(guardrails);
    expect(error?.issues[0]?.path).toEqual(path);
  });

  it('are at most 20', () => {
    const many = Array.from({ length: 21 }, (_, index) => ({
      kpi: 'sentiment',
      checkpoint: `+${index + 1}d`,
    }));
    expect(KpiGuardrails.safeParse(many.slice(1)).success).toBe(true);
    expect(KpiGuardrails.safeParse(many).success).toBe(false);
  });
});
