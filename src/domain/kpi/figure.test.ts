import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { KPI_CATALOGUE, KPI_IDS, type KpiId, kpiTargetIssue } from './catalogue.ts';
import { figureOf } from './figure.ts';
import { computeKpi, kpisOfRole } from './kpi.testsuite.ts';
import type { MeasureId } from './measures.ts';

const MEASURED = {
  impressions: 10_000,
  reach: 8_000,
  reactions: 200,
  comments: 40,
  shares: 30,
  saves: 20,
  link_clicks: 10,
  downloads: 12,
  sessions: 500,
  engaged_sessions: 350,
  bounces: 180,
  pageviews: 900,
  key_events: 25,
  mentions_pos: 60,
  mentions_neu: 30,
  mentions_neg: 10,
  mentions_unclassified: 5,
  search_impressions: 400,
  position_x_impressions: 1_700,
} satisfies Partial<Record<MeasureId, number>>;

const READINGS = [
  ...readingsOf({ ...MEASURED, followers: 1_100 }, { checkpoint: '+7d' }),
  ...readingsOf({ followers: 1_000 }, { checkpoint: 'baseline' }),
];

const EXPECTED: Record<KpiId, number> = {
  content_traffic: 500,
  conversions: 25,
  audience_growth: 0.1,
  unfollows: -0.1,
  engagement: 300,
  bounce_rate: 0.3,
  pages_per_session: 1.8,
  search_rank: 4.25,
  engagement_rate: 0.03,
  er_followers: 0.3,
  click_through_rate: 0.001,
  campaign_reach: 8_000,
  sentiment: 50,
  mentions: 105,
  content_engagement: 300,
  audience_reactions: 200,
  shares: 30,
  downloads: 12,
};

describe('each KPI', () => {
  it.each(KPI_IDS)('%s follows from the base measures', (kpi) => {
    expect(computeKpi(kpi, READINGS, { checkpoint: '+7d' }).value).toBe(EXPECTED[kpi]);
  });

  it.each(KPI_IDS)('%s has no value without a reading: missing is not zero', (kpi) => {
    const figure = computeKpi(kpi, [], { checkpoint: '+7d' });
    expect(figure).toMatchObject({
      value: null,
      noValue: { code: 'missing' },
      interval: null,
      asOf: null,
    });
  });

  it.each(KPI_IDS)('%s has no value when any input it needs is missing', (kpi) => {
    const inputs = KPI_CATALOGUE[kpi].figures[0].formulas.map(({ numerator, denominator }) => [
      ...numerator.every,
      ...(denominator?.every ?? []),
    ]);
    const needed = inputs.reduce((all, some) => all.filter((input) => some.includes(input)));
    for (const input of needed) {
      const [measure, checkpoint] =
        input === 'followers_at_publish' ? ['followers', 'baseline'] : [input, '+7d'];
      const without = READINGS.filter(
        (reading) => reading.measure !== measure || reading.checkpoint !== checkpoint,
      );
      expect(computeKpi(kpi, without, { checkpoint: '+7d' }).value).toBeNull();
    }
  });

  it('zero that the source said is a value', () => {
    const figure = computeKpi('downloads', readingsOf({ downloads: 0 }));
    expect(figure).toMatchObject({ value: 0, noValue: null });
  });
});

describe('a ratio over nothing is undefined, never 0', () => {
  it.each([
    ['engagement_rate', { impressions: 0, reactions: 0 }],
    ['click_through_rate', { impressions: 0, link_clicks: 0 }],
    ['bounce_rate', { sessions: 0, engaged_sessions: 0 }],
    ['pages_per_session', { sessions: 0, pageviews: 0 }],
    ['search_rank', { search_impressions: 0, position_x_impressions: 0 }],
  ] as const)('%s', (kpi, values) => {
    expect(computeKpi(kpi, readingsOf(values))).toMatchObject({
      value: null,
      noValue: { code: 'undefined' },
    });
  });

  it('audience growth from 0 followers has only its absolute side', () => {
    const readings = [
      ...readingsOf({ followers: 0 }, { checkpoint: 'baseline' }),
      ...readingsOf({ followers: 40 }, { checkpoint: '+7d' }),
    ];
    expect(computeKpi('audience_growth', readings, { checkpoint: '+7d' }).noValue).toEqual({
      code: 'undefined',
      denominator: 'followers_at_publish',
      numerator: 40,
    });
  });
});

describe('engagement', () => {
  it('adds what the source exposes and names the rest', () => {
    const figure = computeKpi('engagement', readingsOf({ reactions: 5, shares: 2 }));
    expect(figure.value).toBe(7);
    expect(figure.notExposed).toEqual(['comments', 'saves', 'link_clicks']);
  });

  it('per impression may pass 100 %: kept, flagged, without an interval', () => {
    const figure = computeKpi(
      'engagement_rate',
      readingsOf({ impressions: 1_000, reactions: 1_200 }),
    );
    expect(figure).toMatchObject({ value: 1.2, overOne: true, interval: null });
  });

  it('by followers never fills in for engagement by impressions', () => {
    const readings = [
      ...readingsOf({ reactions: 10 }, { publicationId: 'pub_1', checkpoint: '+7d' }),
      ...readingsOf({ followers: 500 }, { channelAccountId: 'cha_1', checkpoint: 'baseline' }),
    ];
    const options = { checkpoint: '+7d', publications: [PUBLICATIONS[0]] };
    expect(computeKpi('engagement_rate', readings, options).value).toBeNull();
    expect(computeKpi('er_followers', readings, options).value).toBe(0.02);
  });
});

describe('bounce rate', () => {
  it('falls back to the bounces of sources that have no engaged sessions', () => {
    const figure = computeKpi('bounce_rate', readingsOf({ sessions: 200, bounces: 90 }));
    expect(figure.value).toBe(0.45);
    expect(figure.formula.definition).toBe('bounced');
  });

  it('never mixes two definitions in one roll-up', () => {
    const readings = [
      ...readingsOf({ sessions: 200, engaged_sessions: 120 }, { publicationId: 'pub_1' }),
      ...readingsOf({ sessions: 300, bounces: 90 }, { publicationId: 'pub_3' }),
    ];
    const figure = computeKpi('bounce_rate', readings, {
      publications: [PUBLICATIONS[0], PUBLICATIONS[2]],
    });
    expect(figure.value).toBe(0.4);
    expect(figure.coverage).toEqual({ have: 1, of: 2, missing: ['publication:pub_3'] });
  });

  it.each([
    ['bounce_rate', { sessions: 100, engaged_sessions: 120 }, 0.4],
    ['bounce_rate', { sessions: 100, bounces: 120 }, 0.4],
    ['content_engagement', { sessions: 100, engaged_sessions: 120 }, 0.4],
  ] as const)(
    '%s of readings that contradict each other is no value: %o',
    (kpi, values, target) => {
      const figure = computeKpi(kpi, readingsOf(values), { target });
      expect(figure.noValue).toMatchObject({ code: 'inconsistent' });
    },
  );
});

describe('sentiment', () => {
  it('is one rounding: 29 of 100 is 29 points', () => {
    const figure = computeKpi(
      'sentiment',
      readingsOf({ mentions_pos: 29, mentions_neu: 71, mentions_neg: 0 }),
    );
    expect(figure.value).toBe(29);
  });

  it('of fewer than 30 classified mentions is not shown', () => {
    const figure = computeKpi(
      'sentiment',
      readingsOf({ mentions_pos: 20, mentions_neu: 5, mentions_neg: 4 }),
    );
    expect(figure).toMatchObject({
      value: null,
      noValue: { code: 'hidden', floor: { have: 29, atLeast: 30 } },
    });
  });
});

describe('content engagement', () => {
  it('judges a fraction against the share of engaged sessions, anything else against the count', () => {
    const of = (target: number) =>
      computeKpi('content_engagement', READINGS, { checkpoint: '+7d', target });
    expect(of(250)).toMatchObject({ value: 300, definition: { unit: 'count' } });
    expect(of(0.6)).toMatchObject({ value: 0.7, definition: { unit: 'fraction' } });
  });
});

describe('people are never added', () => {
  const reach = [
    ...readingsOf({ reach: 700 }, { publicationId: 'pub_1' }),
    ...readingsOf({ reach: 900 }, { publicationId: 'pub_3' }),
  ];
  const publications = [PUBLICATIONS[0], PUBLICATIONS[2]];

  it('reach of two parts has no value, only a gross total', () => {
    const figure = computeKpi('campaign_reach', reach, { publications });
    expect(figure).toMatchObject({
      value: null,
      noValue: { code: 'not_additive', largest: 900, gross: 1_600 },
      gross: { gross_reach: 1_600 },
    });
  });

  it('the platform’s own figure for the wider scope is the value', () => {
    const whole = readingsOf({ reach: 1_200 });
    const figure = computeKpi('campaign_reach', [...reach, ...whole], { publications });
    expect(figure).toMatchObject({ value: 1_200, gross: {} });
  });

  it('growth over two accounts is one ratio of two gross audiences', () => {
    const readings = [
      ...readingsOf({ followers: 100 }, { channelAccountId: 'cha_1', checkpoint: 'baseline' }),
      ...readingsOf({ followers: 120 }, { channelAccountId: 'cha_1', checkpoint: '+7d' }),
      ...readingsOf({ followers: 900 }, { channelAccountId: 'cha_2', checkpoint: 'baseline' }),
      ...readingsOf({ followers: 980 }, { channelAccountId: 'cha_2', checkpoint: '+7d' }),
    ];
    const figure = computeKpi('audience_growth', readings, {
      checkpoint: '+7d',
      publications: PUBLICATIONS,
    });
    expect(figure.value).toBe(0.1);
    expect(figure.gross).toEqual({ gross_followers: 1_100, gross_followers_at_publish: 1_000 });
  });

  it('followers read with two posts of one account count once, from the first baseline to the last reading', () => {
    const at = (publicationId: string, checkpoint: string, followers: number, asOf: string) =>
      readingsOf({ followers }, { publicationId, checkpoint, asOf });
    const readings = [
      ...at('pub_1', 'baseline', 1_000, '2026-03-02T08:00:00Z'),
      ...at('pub_2', 'baseline', 1_020, '2026-03-03T08:00:00Z'),
      ...at('pub_1', '+7d', 1_080, '2026-03-09T08:00:00Z'),
      ...at('pub_2', '+7d', 1_100, '2026-03-10T08:00:00Z'),
    ];
    const figure = computeKpi('audience_growth', readings, {
      checkpoint: '+7d',
      publications: PUBLICATIONS.slice(0, 2),
    });
    expect(figure).toMatchObject({ value: 0.1, numerator: 100, denominator: 1_000, gross: {} });
  });
});

describe('a target', () => {
  it.each([
    ['click_through_rate', 3, 'a fraction'],
    ['engagement_rate', -0.1, 'at least 0'],
    ['bounce_rate', 40, 'a fraction'],
    ['audience_growth', 25, 'a fraction'],
    ['sentiment', 120, 'at most 100'],
    ['search_rank', 0, 'at least 1'],
    ['conversions', Number.NaN, 'finite'],
    ['shares', -1, 'at least 0'],
  ] as const)('of %s cannot be %d', (kpi, target, rule) => {
    expect(kpiTargetIssue(kpi, target)).toContain(rule);
  });

  it.each(KPI_IDS)('of %s may be the value it has', (kpi) => {
    expect(kpiTargetIssue(kpi, EXPECTED[kpi])).toBeNull();
  });
});

it('a count above what a double counts has a value and no interval', () => {
  const posts = PUBLICATIONS.map(({ id }) => id);
  const readings = posts.flatMap((publicationId) =>
    readingsOf({ key_events: Number.MAX_SAFE_INTEGER }, { publicationId, checkpoint: '+7d' }),
  );
  const figure = computeKpi('conversions', readings, {
    checkpoint: '+7d',
    publications: PUBLICATIONS,
  });
  expect(figure).toMatchObject({ value: 3 * Number.MAX_SAFE_INTEGER, interval: null });
});

it('people of very many parts have a largest part', () => {
  const [reading] = readingsOf({ reach: 1 });
  if (reading === undefined) throw new Error('there is one');
  const children = Array.from({ length: 200_000 }, (_, value) => ({
    scope: `publication:${value}` as const,
    cells: new Map([['reach', { value, reading }] as const]),
    children: [],
  }));
  const figure = figureOf({
    kpi: 'campaign_reach',
    tree: { scope: 'item', cells: new Map(), children },
    checkpoint: null,
    figure: KPI_CATALOGUE.campaign_reach.figures[0],
  });
  expect(figure.noValue).toMatchObject({ code: 'not_additive', largest: 199_999 });
});

it('each role has the KPIs that the field gives it', () => {
  expect(kpisOfRole('strategist')).toEqual([
    'content_traffic',
    'conversions',
    'audience_growth',
    'engagement',
    'bounce_rate',
    'pages_per_session',
    'search_rank',
  ]);
  expect(kpisOfRole('social_media_manager')).toEqual([
    'audience_growth',
    'unfollows',
    'engagement_rate',
    'er_followers',
    'click_through_rate',
    'campaign_reach',
    'sentiment',
    'mentions',
  ]);
  expect(kpisOfRole('creator')).toEqual([
    'bounce_rate',
    'pages_per_session',
    'content_engagement',
    'audience_reactions',
    'shares',
    'downloads',
  ]);
});
