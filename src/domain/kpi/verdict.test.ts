import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { attainment } from './attainment.ts';
import { type KpiId, kpiDefinition } from './catalogue.ts';
import { type ComputeOptions, computeKpi } from './kpi.testsuite.ts';
import type { MeasureId, Reading } from './measures.ts';
import { verdictFor } from './verdict.ts';
import { type Verdict, VerdictRow } from './verdict-schema.ts';

function verdictOf(
  kpi: KpiId,
  target: number | null,
  readings: Reading[],
  options: ComputeOptions = {},
) {
  const figure = computeKpi(kpi, readings, { checkpoint: '+7d', target, ...options });
  const row = verdictFor({ figure, role: kpiDefinition(kpi).roles[0] ?? 'strategist', target });
  expect(VerdictRow.parse(row)).toEqual(row);
  return row;
}

type Values = Partial<Record<MeasureId, number>>;
type Case = [kpi: KpiId, target: number | null, values: Values, verdict: Verdict, because: string];

const AT_7D = { checkpoint: '+7d' } as const;

describe('a proportion is judged by its whole interval', () => {
  it.each<Case>([
    [
      'click_through_rate',
      0.02,
      { impressions: 10_000, link_clicks: 300 },
      'met',
      'The whole interval meets the target',
    ],
    [
      'click_through_rate',
      0.04,
      { impressions: 10_000, link_clicks: 300 },
      'missed',
      'The whole interval misses the target',
    ],
    [
      'click_through_rate',
      0.029,
      { impressions: 10_000, link_clicks: 300 },
      'inconclusive',
      'leans towards met',
    ],
    [
      'click_through_rate',
      0.031,
      { impressions: 10_000, link_clicks: 300 },
      'inconclusive',
      'leans towards missed',
    ],
    [
      'click_through_rate',
      0.02,
      { impressions: 999, link_clicks: 300 },
      'insufficient_data',
      'A verdict needs 1,000 impressions; there are 999',
    ],
    [
      'click_through_rate',
      0.02,
      { impressions: 10_000, link_clicks: 9 },
      'insufficient_data',
      'A verdict needs 10 clicks; there are 9',
    ],
    [
      'click_through_rate',
      0.02,
      { impressions: 0, link_clicks: 0 },
      'insufficient_data',
      'undefined, not 0',
    ],
    [
      'click_through_rate',
      0.02,
      { link_clicks: 300 },
      'not_available',
      'No reading of impressions at +7d',
    ],
    [
      'click_through_rate',
      null,
      { impressions: 10_000, link_clicks: 300 },
      'no_target',
      'No target was set',
    ],
    ['bounce_rate', 0.5, { sessions: 1_000, engaged_sessions: 600 }, 'met', 'at most 50 %'],
    ['bounce_rate', 0.3, { sessions: 1_000, engaged_sessions: 600 }, 'missed', 'misses the target'],
    [
      'bounce_rate',
      0.41,
      { sessions: 1_000, engaged_sessions: 600 },
      'inconclusive',
      'leans towards met',
    ],
    [
      'bounce_rate',
      0.39,
      { sessions: 1_000, engaged_sessions: 600 },
      'inconclusive',
      'leans towards missed',
    ],
    [
      'bounce_rate',
      0.5,
      { sessions: 99, engaged_sessions: 60 },
      'insufficient_data',
      'A verdict needs 100 sessions; there are 99',
    ],
    [
      'bounce_rate',
      0.5,
      { sessions: 100, engaged_sessions: 101 },
      'insufficient_data',
      'contradict each other',
    ],
    [
      'engagement_rate',
      0.02,
      { impressions: 10_000, reactions: 300 },
      'met',
      '95 % interval 2.683 % to 3.353 %',
    ],
    ['engagement_rate', 0.9, { impressions: 1_000, reactions: 1_200 }, 'met', 'above 100 %'],
    ['er_followers', 0.02, { reactions: 300 }, 'not_available', 'followers_at_publish'],
  ])('%s against %s with %o is %s', (kpi, target, values, verdict, because) => {
    const row = verdictOf(kpi, target, readingsOf(values, AT_7D));
    expect(row.verdict).toBe(verdict);
    expect(row.reason).toContain(because);
  });

  it('a bound equal to the target is met', () => {
    const readings = readingsOf({ impressions: 10_000, link_clicks: 300 }, AT_7D);
    const { low = Number.NaN } = verdictOf('click_through_rate', 0.01, readings);
    expect(verdictOf('click_through_rate', low, readings).verdict).toBe('met');
    const bounces = readingsOf({ sessions: 1_000, engaged_sessions: 600 }, AT_7D);
    const { high = Number.NaN } = verdictOf('bounce_rate', 0.9, bounces);
    expect(verdictOf('bounce_rate', high, bounces).verdict).toBe('met');
  });
});

describe('a count is judged by its Poisson interval', () => {
  it.each<Case>([
    ['conversions', 12, { key_events: 20 }, 'met', '95 % interval 12.22 to 30.89'],
    ['conversions', 31, { key_events: 20 }, 'missed', 'misses the target'],
    ['conversions', 20, { key_events: 20 }, 'inconclusive', 'leans towards met'],
    ['conversions', 25, { key_events: 20 }, 'inconclusive', 'leans towards missed'],
    ['conversions', 3, { key_events: 0 }, 'inconclusive', 'leans towards missed'],
    ['conversions', 4, { key_events: 0 }, 'missed', '0 key events'],
    ['conversions', 0, { key_events: 0 }, 'met', 'meets the target'],
    ['conversions', 12, {}, 'not_available', 'missing is not 0'],
    ['conversions', null, { key_events: 20 }, 'no_target', '20 key events'],
    [
      'mentions',
      50,
      { mentions_pos: 80, mentions_neu: 10, mentions_neg: 10 },
      'met',
      'The source does not supply mentions_unclassified',
    ],
    [
      'mentions',
      200,
      { mentions_pos: 80, mentions_neu: 10, mentions_neg: 10 },
      'missed',
      '100 mentions',
    ],
  ])('%s against %s with %o is %s', (kpi, target, values, verdict, because) => {
    const row = verdictOf(kpi, target, readingsOf(values, AT_7D));
    expect(row.verdict).toBe(verdict);
    expect(row.reason).toContain(because);
  });
});

describe('a census is compared directly', () => {
  it.each<Case>([
    ['content_traffic', 500, { sessions: 500 }, 'met', 'meets the target'],
    ['content_traffic', 501, { sessions: 500 }, 'missed', '500 sessions'],
    ['engagement', 300, { reactions: 200, comments: 100 }, 'met', 'does not supply shares'],
    ['audience_reactions', 10, { reactions: 9 }, 'missed', 'at least 10'],
    ['shares', 1, { shares: 1 }, 'met', '1 shares'],
    ['downloads', 1, {}, 'not_available', 'No reading of downloads'],
    ['content_engagement', 250, { reactions: 300, impressions: 2_000 }, 'met', '300 engagements'],
    [
      'content_engagement',
      250,
      { reactions: 300, sessions: 50, impressions: 900 },
      'insufficient_data',
      'A verdict needs 100 sessions; there are 50',
    ],
    [
      'content_engagement',
      250,
      { reactions: 300, sessions: 50, impressions: 1_000 },
      'met',
      'meets the target',
    ],
    ['content_engagement', 0.6, { sessions: 1_000, engaged_sessions: 700 }, 'met', '70 %'],
    ['campaign_reach', 1_000, { reach: 1_000 }, 'met', '1,000 accounts reached'],
    ['campaign_reach', 1_001, { reach: 1_000 }, 'missed', 'misses the target'],
  ])('%s against %s with %o is %s', (kpi, target, values, verdict, because) => {
    const row = verdictOf(kpi, target, readingsOf(values, AT_7D));
    expect(row.verdict).toBe(verdict);
    expect(row.reason).toContain(because);
  });

  it.each([
    [1_000, 1_030, 0.03, 'met'],
    [1_000, 1_029, 0.03, 'missed'],
    [1_000, 990, 0, 'missed'],
    [1_000, 990, -0.01, 'met'],
    [99, 200, 0.03, 'insufficient_data'],
    [0, 200, 0.03, 'insufficient_data'],
  ] as const)('growth from %i to %i against %d is %4$s', (start, end, target, verdict) => {
    const readings = [
      ...readingsOf({ followers: start }, { checkpoint: 'baseline' }),
      ...readingsOf({ followers: end }, AT_7D),
    ];
    expect(verdictOf('audience_growth', target, readings).verdict).toBe(verdict);
  });

  it('growth without a baseline is not available', () => {
    const row = verdictOf('audience_growth', 0.03, readingsOf({ followers: 100 }, AT_7D));
    expect(row).toMatchObject({ verdict: 'not_available', value: null });
  });
});

describe('a ratio has a floor and no interval', () => {
  it.each<Case>([
    ['pages_per_session', 1.8, { sessions: 500, pageviews: 900 }, 'met', 'meets the target'],
    ['pages_per_session', 1.9, { sessions: 500, pageviews: 900 }, 'missed', '1.8 (900 over 500)'],
    [
      'pages_per_session',
      1.8,
      { sessions: 99, pageviews: 900 },
      'insufficient_data',
      'needs 100 sessions',
    ],
    ['pages_per_session', 1.8, { sessions: 0, pageviews: 0 }, 'insufficient_data', 'undefined'],
    [
      'search_rank',
      5,
      { search_impressions: 400, position_x_impressions: 1_700 },
      'met',
      'Position 4.25',
    ],
    [
      'search_rank',
      4,
      { search_impressions: 400, position_x_impressions: 1_700 },
      'missed',
      'at most position 4',
    ],
    [
      'search_rank',
      4.25,
      { search_impressions: 400, position_x_impressions: 1_700 },
      'met',
      'meets the target',
    ],
    [
      'search_rank',
      5,
      { search_impressions: 99, position_x_impressions: 100 },
      'insufficient_data',
      'needs 100 search impressions',
    ],
    ['sentiment', 20, { mentions_pos: 60, mentions_neu: 30, mentions_neg: 10 }, 'met', '50 points'],
    [
      'sentiment',
      60,
      { mentions_pos: 60, mentions_neu: 30, mentions_neg: 10 },
      'missed',
      'misses the target',
    ],
    [
      'sentiment',
      20,
      { mentions_pos: 30, mentions_neu: 30, mentions_neg: 10 },
      'insufficient_data',
      '100 classified mentions; there are 70',
    ],
    [
      'sentiment',
      20,
      { mentions_pos: 10, mentions_neu: 10, mentions_neg: 9 },
      'insufficient_data',
      'A figure is shown from 30',
    ],
    ['sentiment', 20, { mentions_pos: 60, mentions_neu: 30 }, 'not_available', 'mentions_neg'],
  ])('%s against %s with %o is %s', (kpi, target, values, verdict, because) => {
    const row = verdictOf(kpi, target, readingsOf(values, AT_7D));
    expect(row.verdict).toBe(verdict);
    expect(row.reason).toContain(because);
    expect(row.low).toBeUndefined();
  });
});

describe('what is not settled is provisional', () => {
  const early = { ...AT_7D, source: 'ga4', provisional: true };

  it.each(['click_through_rate', 'conversions', 'content_traffic', 'pages_per_session'] as const)(
    '%s of a source that may still change it',
    (kpi) => {
      const values = {
        impressions: 10_000,
        link_clicks: 300,
        key_events: 20,
        sessions: 500,
        pageviews: 900,
      };
      const row = verdictOf(kpi, 0.01, readingsOf(values, early));
      expect(row.verdict).toBe('provisional');
      expect(row.value).not.toBeNull();
    },
  );

  it('but a manual value is settled at once', () => {
    const readings = readingsOf({ shares: 5 }, { ...AT_7D, source: 'manual', provisional: true });
    expect(verdictOf('shares', 5, readings).verdict).toBe('met');
  });

  it('and so is one that a later, settled reading replaced', () => {
    const readings = [
      ...readingsOf({ shares: 5 }, early),
      ...readingsOf({ shares: 6 }, { ...early, provisional: false, asOf: '2026-03-10T08:00:00Z' }),
    ];
    expect(verdictOf('shares', 6, readings).verdict).toBe('met');
  });

  it('parts that are still to come make it provisional', () => {
    const publications = PUBLICATIONS.slice(0, 2);
    const readings = readingsOf({ shares: 1 }, { ...AT_7D, publicationId: 'pub_1' });
    const figure = computeKpi('shares', readings, { ...AT_7D, publications });
    const row = verdictFor({ figure, role: 'creator', target: 5, pending: ['publication:pub_2'] });
    expect(row.verdict).toBe('provisional');
    expect(row.reason).toContain('Still to come at +7d: publication:pub_2');
  });
});

describe('day floors hold for sources, not for people', () => {
  it.each([
    ['content_traffic', '+1h', 'sandbox', 'insufficient_data'],
    ['content_traffic', '+1h', 'manual', 'met'],
    ['content_traffic', '+24h', 'sandbox', 'met'],
    ['search_rank', '+72h', 'search_console', 'insufficient_data'],
    ['search_rank', '+72h', 'csv', 'met'],
    ['search_rank', '+7d', 'search_console', 'met'],
  ] as const)('%s at %s by %s is %s', (kpi, checkpoint, source, verdict) => {
    const values = { sessions: 500, search_impressions: 400, position_x_impressions: 400 };
    const row = verdictOf(kpi, 1, readingsOf(values, { checkpoint, source }), { checkpoint });
    expect(row.verdict).toBe(verdict);
  });
});

describe('a part that is missing', () => {
  const publications = [PUBLICATIONS[0], PUBLICATIONS[2]];
  const first = (values: Values) => readingsOf(values, { ...AT_7D, publicationId: 'pub_1' });

  it('cannot undo a total that is reached already', () => {
    const row = verdictOf('shares', 5, first({ shares: 5 }), { publications });
    expect(row).toMatchObject({
      verdict: 'met',
      flags: ['partial', 'stated'],
      coverage: { have: 1, of: 2 },
    });
    expect(row.reason).toContain('covers 1 of 2 parts. Missing: publication:pub_3');
  });

  it('leaves a total below its target open', () => {
    const row = verdictOf('shares', 6, first({ shares: 5 }), { publications });
    expect(row.verdict).toBe('inconclusive');
  });

  it('leaves a rate judged on the parts that have both sides, and says so', () => {
    const row = verdictOf(
      'click_through_rate',
      0.02,
      first({ impressions: 10_000, link_clicks: 300 }),
      {
        publications,
      },
    );
    expect(row).toMatchObject({ verdict: 'met', flags: ['partial', 'stated'] });
  });
});

describe('reach over several parts', () => {
  const publications = [PUBLICATIONS[0], PUBLICATIONS[2]];
  const readings = [
    ...readingsOf({ reach: 700 }, { ...AT_7D, publicationId: 'pub_1' }),
    ...readingsOf({ reach: 900 }, { ...AT_7D, publicationId: 'pub_3' }),
  ];

  it.each([
    [900, 'met', 'largest part alone'],
    [1_200, 'inconclusive', 'between the largest part and the gross total'],
    [1_601, 'missed', 'Even the gross total'],
  ] as const)('against %i is %s', (target, verdict, because) => {
    const row = verdictOf('campaign_reach', target, readings, { publications });
    expect(row).toMatchObject({ verdict, value: null, attainment: null, gross_reach: 1_600 });
    expect(row.reason).toContain(because);
  });

  it('with a part missing is never missed', () => {
    const row = verdictOf('campaign_reach', 1_601, readings, { publications: [...PUBLICATIONS] });
    expect(row.verdict).toBe('inconclusive');
  });
});

describe('attainment', () => {
  it.each([
    ['higher', 300, 200, 1.5],
    ['higher', 0.03, 0.03, 1],
    ['higher', -20, 10, -2],
    ['lower', 0.5, 0.4, 0.8],
    ['lower', 2, 4, 2],
    ['lower', 0, 0.4, null],
    ['higher', 5, 0, null],
    ['higher', null, 5, null],
    ['higher', 5, null, null],
  ] as const)('%s is better: %s of %s is %s', (direction, value, target, expected) => {
    expect(attainment(direction, value, target)).toBe(expected);
  });
});

it('a row carries what a reader needs to check it', () => {
  const readings = readingsOf({ impressions: 10_000, link_clicks: 300 }, AT_7D);
  expect(verdictOf('click_through_rate', 0.02, readings)).toEqual({
    kpi: 'click_through_rate',
    role: 'social_media_manager',
    scope: 'item',
    checkpoint: '+7d',
    verdict: 'met',
    value: 0.03,
    unit: 'fraction',
    direction: 'higher',
    numerator: 300,
    denominator: 10_000,
    low: 0.026_832_804_62,
    high: 0.033_528_153_85,
    target: 0.02,
    attainment: 1.5,
    band: 'green',
    reason:
      '3 % (300 over 10,000), 95 % interval 2.683 % to 3.353 %. A person stated impressions, link_clicks. The target is at least 2 %. ' +
      'The whole interval meets the target.',
    asOf: '2026-03-09T08:00:00Z',
    primary: false,
    definition: 'click_through_rate',
    flags: ['stated'],
    readings: ['rdg_item_+7d_impressions', 'rdg_item_+7d_link_clicks'],
  });
});

describe('a number that a person stated', () => {
  const measured = { ...AT_7D, source: 'sandbox' };

  it('is named in the row that it is part of, and one of a source is not', () => {
    const readings = [
      ...readingsOf({ impressions: 10_000 }, measured),
      ...readingsOf({ link_clicks: 300 }, AT_7D),
    ];
    const row = verdictOf('click_through_rate', 0.02, readings);
    expect(row.flags).toEqual(['stated']);
    expect(row.reason).toContain('A person stated link_clicks.');
    const sources = readingsOf({ impressions: 10_000, link_clicks: 300 }, measured);
    expect(verdictOf('click_through_rate', 0.02, sources).flags).toEqual([]);
  });
});
