import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf, reversed } from '../../../test/support/readings.ts';
import { KPI_IDS, kpiDefinition } from './catalogue.ts';
import { campaignVerdicts, type ReviewInput, reviewVerdicts } from './review.ts';
import { ReviewVerdicts } from './verdict-schema.ts';

const AT_7D = { checkpoint: '+7d' } as const;
const PUBLISHED = [PUBLICATIONS[0], PUBLICATIONS[2]];

function post(publicationId: string, link_clicks: number, shares: number) {
  return readingsOf({ impressions: 10_000, link_clicks, shares }, { ...AT_7D, publicationId });
}

const REVIEW = {
  targets: [
    { kpi: 'shares', target: 30, checkpoint: '+7d' },
    { kpi: 'click_through_rate', target: 0.02, checkpoint: '+7d', primary: true },
    { kpi: 'bounce_rate', target: 0.4, checkpoint: '+7d' },
  ],
  publications: PUBLISHED,
  readings: [...post('pub_1', 500, 20), ...post('pub_3', 100, 15)],
  checkpoints: PUBLISHED.map(({ id }) => ({
    publicationId: id,
    checkpoint: '+7d',
    state: 'recorded',
  })),
} satisfies ReviewInput;

function row(review: ReviewVerdicts, kpi: string, scope: string, role?: string) {
  return review.rows.find(
    (one) => one.kpi === kpi && one.scope === scope && (role === undefined || one.role === role),
  );
}

describe('the review of an item', () => {
  const review = reviewVerdicts(REVIEW);

  it('has a row per KPI and role for the item', () => {
    const ofItem = review.rows
      .filter(({ scope }) => scope === 'item')
      .map(({ kpi, role }) => `${kpi} ${role}`);
    const expected = KPI_IDS.flatMap((kpi) =>
      kpiDefinition(kpi).roles.map((role) => `${kpi} ${role}`),
    );
    expect(ofItem.toSorted()).toEqual(expected.toSorted());
  });

  it('fits the schema that the API answers with', () => {
    expect(ReviewVerdicts.parse(review)).toEqual(review);
  });

  it('judges a KPI of two roles for both, with the same figures', () => {
    const { role: _strategist, ...first } = row(review, 'bounce_rate', 'item', 'strategist') ?? {};
    const { role: _creator, ...second } = row(review, 'bounce_rate', 'item', 'creator') ?? {};
    expect(first).toEqual(second);
    expect(first).toMatchObject({ verdict: 'not_available', target: 0.4 });
  });

  it('adds counts over the posts', () => {
    expect(row(review, 'shares', 'item')).toMatchObject({
      verdict: 'met',
      value: 35,
      attainment: 35 / 30,
    });
  });

  it('judges a rate in every part', () => {
    expect(row(review, 'click_through_rate', 'item')).toMatchObject({
      verdict: 'met',
      value: 0.03,
    });
    expect(row(review, 'click_through_rate', 'channel:cha_1')).toMatchObject({
      verdict: 'met',
      value: 0.05,
    });
    expect(row(review, 'click_through_rate', 'publication:pub_3')).toMatchObject({
      verdict: 'missed',
      value: 0.01,
    });
  });

  it('keeps the target of a count for the whole', () => {
    const part = row(review, 'shares', 'publication:pub_3');
    expect(part).toMatchObject({ verdict: 'no_target', value: 15, target: null });
    expect(part?.reason).toContain('The target of 30 is set for the whole.');
  });

  it('says at each part which target it has no figure for', () => {
    expect(row(review, 'bounce_rate', 'publication:pub_1', 'creator')).toMatchObject({
      verdict: 'not_available',
    });
    expect(row(review, 'downloads', 'publication:pub_1')).toBeUndefined();
  });

  it('marks one primary KPI, which decides', () => {
    expect(review.rows.filter(({ primary }) => primary)).toHaveLength(1);
    expect(review.primary).toEqual({ kpi: 'click_through_rate', checkpoint: '+7d' });
    expect(review.combined).toMatchObject({ verdict: 'met', kpi: 'click_through_rate' });
  });

  it('has one verdict per role', () => {
    expect(review.roles).toEqual([
      {
        role: 'strategist',
        verdict: 'not_available',
        kpi: 'bounce_rate',
        counts: { not_available: 1 },
      },
      { role: 'creator', verdict: 'met', kpi: 'shares', counts: { met: 1, not_available: 1 } },
      {
        role: 'social_media_manager',
        verdict: 'met',
        kpi: 'click_through_rate',
        counts: { met: 1 },
      },
    ]);
  });

  it('lists the readings it stands on', () => {
    expect(review.readings).toEqual(REVIEW.readings.map(({ id }) => id).toSorted());
  });

  it('does not depend on the order of readings, publications or checkpoints', () => {
    const other = reviewVerdicts({
      targets: REVIEW.targets,
      publications: reversed(REVIEW.publications),
      readings: reversed(REVIEW.readings),
      checkpoints: reversed(REVIEW.checkpoints),
    });
    expect(JSON.stringify(other)).toBe(JSON.stringify(review));
  });

  it('can be narrowed to a role', () => {
    const narrow = reviewVerdicts({ ...REVIEW, roles: ['creator'] });
    expect(new Set(narrow.rows.map(({ role }) => role))).toEqual(new Set(['creator']));
    expect(narrow.roles.map(({ role }) => role)).toEqual(['creator']);
  });
});

describe('targets', () => {
  it('without any, nothing is judged', () => {
    const review = reviewVerdicts({ ...REVIEW, targets: [] });
    expect(review.combined).toEqual({
      verdict: 'no_target',
      kpi: null,
      reason: 'No target was set.',
    });
    expect(new Set(review.rows.map(({ verdict }) => verdict))).toEqual(new Set(['no_target']));
  });

  it('the first leads where none is primary', () => {
    const targets = REVIEW.targets.map(({ kpi, target, checkpoint }) => ({
      kpi,
      target,
      checkpoint,
    }));
    expect(reviewVerdicts({ ...REVIEW, targets }).primary).toEqual({
      kpi: 'shares',
      checkpoint: '+7d',
    });
  });

  it('of one KPI at two ages have a row each', () => {
    const targets = [
      { kpi: 'shares', target: 10, checkpoint: '+28d' },
      { kpi: 'shares', target: 30, checkpoint: '+7d' },
    ] as const;
    const rows = reviewVerdicts({ ...REVIEW, targets }).rows.filter(
      ({ kpi, scope }) => kpi === 'shares' && scope === 'item',
    );
    expect(rows.map(({ checkpoint, verdict }) => [checkpoint, verdict])).toEqual([
      ['+7d', 'met'],
      ['+28d', 'not_available'],
    ]);
  });
});

describe('checkpoints', () => {
  const half = { ...REVIEW, readings: post('pub_1', 500, 20) };
  const withState = (state: 'due' | 'missing') => ({
    ...half,
    checkpoints: [{ publicationId: 'pub_3', checkpoint: '+7d', state }],
  });

  it('still due make the verdict provisional', () => {
    expect(reviewVerdicts(withState('due')).combined.verdict).toBe('provisional');
  });

  it('of followers are those of the account’s posts', () => {
    const targets = [{ kpi: 'audience_growth', target: 0.1, checkpoint: '+7d' }] as const;
    expect(reviewVerdicts({ ...withState('due'), targets }).combined.verdict).toBe('provisional');
    expect(reviewVerdicts({ ...withState('missing'), targets }).combined).toMatchObject({
      verdict: 'not_available',
      reason: expect.stringContaining('was missed'),
    });
  });

  it('that passed without a reading leave the parts that have one', () => {
    const review = reviewVerdicts(withState('missing'));
    expect(row(review, 'click_through_rate', 'item')).toMatchObject({
      verdict: 'met',
      flags: ['partial', 'stated'],
    });
    expect(row(review, 'click_through_rate', 'publication:pub_3')?.reason).toContain('was missed');
  });

  it('without a target, the oldest one with a value is shown', () => {
    const readings = [
      ...readingsOf({ downloads: 5 }, { checkpoint: '+24h' }),
      ...readingsOf({ downloads: 9 }, AT_7D),
    ];
    expect(row(reviewVerdicts({ ...REVIEW, readings }), 'downloads', 'item')).toMatchObject({
      verdict: 'no_target',
      checkpoint: '+7d',
      value: 9,
    });
  });
});

describe('the two figures of content engagement', () => {
  const readings = readingsOf(
    { reactions: 300, impressions: 5_000, sessions: 1_000, engaged_sessions: 700 },
    AT_7D,
  );

  it('stand side by side and are never added', () => {
    const targets = [{ kpi: 'content_engagement', target: 250, checkpoint: '+7d' }] as const;
    const found = row(
      reviewVerdicts({ ...REVIEW, targets, readings }),
      'content_engagement',
      'item',
    );
    expect(found).toMatchObject({
      verdict: 'met',
      value: 300,
      figures: [
        { name: 'engagements', value: 300 },
        { name: 'engaged sessions', value: 0.7, numerator: 700, denominator: 1_000 },
      ],
    });
  });
});

describe('the verdicts of a campaign', () => {
  const items = [
    {
      itemId: 'itm_1',
      publications: [PUBLICATIONS[0]],
      readings: post('pub_1', 500, 20),
    },
    {
      itemId: 'itm_2',
      publications: [PUBLICATIONS[1]],
      readings: post('pub_2', 100, 15),
    },
  ];
  const review = campaignVerdicts({ targets: REVIEW.targets, items });

  it('add both sides before they divide', () => {
    expect(row(review, 'click_through_rate', 'campaign')).toMatchObject({
      value: 0.03,
      numerator: 600,
    });
  });

  it('have a row for every item, account and publication', () => {
    expect(new Set(review.rows.map(({ scope }) => scope))).toEqual(
      new Set([
        'campaign',
        'channel:cha_1',
        'item:itm_1',
        'item:itm_2',
        'publication:pub_1',
        'publication:pub_2',
      ]),
    );
    expect(row(review, 'click_through_rate', 'channel:cha_1')).toMatchObject({ numerator: 600 });
  });

  it('fit the schema', () => {
    expect(ReviewVerdicts.parse(review)).toEqual(review);
  });
});
