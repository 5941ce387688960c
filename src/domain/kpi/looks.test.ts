import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { type ReviewInput, reviewVerdicts } from './review.ts';
import { ReviewVerdicts } from './verdict-schema.ts';

const [POST] = PUBLICATIONS;
const AT_24H = { kpi: 'click_through_rate', target: 0.02, checkpoint: '+24h' } as const;
const AT_7D = { kpi: 'click_through_rate', target: 0.02, checkpoint: '+7d' } as const;
const TARGETS = [AT_24H, AT_7D];

function at(checkpoint: string | undefined, link_clicks: number) {
  return readingsOf(
    { impressions: 10_000, link_clicks },
    { publicationId: POST.id, ...(checkpoint !== undefined && { checkpoint }) },
  );
}

function planned(checkpoint: string, state: 'due' | 'recorded' | 'missing') {
  return { publicationId: POST.id, checkpoint, state };
}

function reviewOf(change: Partial<ReviewInput>) {
  const review = reviewVerdicts({
    targets: TARGETS,
    publications: [POST],
    readings: [...at('+24h', 300), ...at('+7d', 100)],
    checkpoints: [planned('+24h', 'recorded'), planned('+7d', 'recorded')],
    ...change,
  });
  expect(ReviewVerdicts.parse(review)).toEqual(review);
  const rows = review.rows.filter(
    ({ kpi, scope }) => kpi === 'click_through_rate' && scope === 'item',
  );
  return { review, rows };
}

describe('a look before the last one', () => {
  const early = reviewOf({
    readings: at('+24h', 300),
    checkpoints: [planned('+24h', 'recorded'), planned('+7d', 'due')],
  });

  it('is marked, says which way it leans, and decides nothing', () => {
    const [first, second] = early.rows;
    expect(first).toMatchObject({
      checkpoint: '+24h',
      verdict: 'provisional',
      early: true,
      leans: 'met',
      band: null,
      primary: false,
      value: 0.03,
    });
    expect(first?.reason).toContain('An early look: the look at +7d is still to come and decides.');
    expect(first?.reason).toContain('So far: The whole interval meets the target.');
    expect(second).toMatchObject({ checkpoint: '+7d', verdict: 'provisional', primary: true });
    expect(second?.early).toBeUndefined();
    expect(early.review.combined.verdict).toBe('provisional');
  });

  it('is one even where its target is marked as primary', () => {
    const { review } = reviewOf({
      targets: [{ ...AT_24H, primary: true }, AT_7D],
      readings: at('+24h', 300),
      checkpoints: [planned('+24h', 'recorded'), planned('+7d', 'due')],
    });
    expect(review.combined.verdict).toBe('provisional');
  });

  it.each(['recorded', 'missing'] as const)('is over when the last is %s', (state) => {
    const { rows } = reviewOf({
      checkpoints: [planned('+24h', 'recorded'), planned('+7d', state)],
    });
    expect(rows.map(({ verdict, early: isEarly }) => [verdict, isEarly])).toEqual([
      ['met', undefined],
      ['missed', undefined],
    ]);
  });

  it('is one while readings without an age stand in for the age to come', () => {
    const change = { targets: [AT_7D], readings: at(undefined, 300) };
    const due = reviewOf({ ...change, checkpoints: [planned('+7d', 'due')] });
    expect(due.review.combined).toMatchObject({ verdict: 'provisional' });
    expect(due.rows[0]).toMatchObject({ early: true, leans: 'met' });
    const passed = reviewOf({ ...change, checkpoints: [planned('+7d', 'missing')] });
    expect(passed.review.combined.verdict).toBe('met');
  });

  it('is one while parts are still to come', () => {
    const { rows } = reviewOf({
      targets: [AT_7D],
      publications: [POST, PUBLICATIONS[2]],
      checkpoints: [{ publicationId: 'pub_3', checkpoint: '+7d', state: 'due' }],
    });
    expect(rows[0]).toMatchObject({ verdict: 'provisional', early: true });
    expect(rows[0]?.reason).toContain('Still to come at +7d: publication:pub_3.');
  });

  it('is no look where nothing was read', () => {
    const { rows } = reviewOf({ readings: [], checkpoints: [planned('+7d', 'due')] });
    expect(rows.map(({ verdict }) => verdict)).toEqual(['not_available', 'provisional']);
    expect(rows.every((row) => row.early === undefined)).toBe(true);
  });
});

describe('the last look', () => {
  it('leads where no target is marked', () => {
    const { review } = reviewOf({});
    expect(review.primary).toEqual({ kpi: 'click_through_rate', checkpoint: '+7d' });
    expect(review.combined.verdict).toBe('missed');
    expect(review.roles.find(({ role }) => role === 'social_media_manager')).toMatchObject({
      verdict: 'missed',
    });
  });
});

describe('false alarms', () => {
  it('are 5 % of the verdicts that rest on an interval', () => {
    const { review } = reviewOf({
      targets: [
        ...TARGETS,
        { kpi: 'bounce_rate', target: 0.4, checkpoint: '+7d' },
        { kpi: 'shares', target: 3, checkpoint: '+7d' },
      ],
      readings: [
        ...at('+24h', 300),
        ...at('+7d', 100),
        ...readingsOf({ sessions: 500, engaged_sessions: 300, shares: 9 }, { checkpoint: '+7d' }),
      ],
    });
    expect(review.falseAlarms).toEqual({
      verdicts: 3,
      expected: 0.15,
      note: '3 of the verdicts rest on a 95 % interval: by chance alone 0.15 of them would be wrong. Only click_through_rate at +7d decides; the others inform.',
    });
  });

  it.each([
    ['below its floor', { sessions: 60, engaged_sessions: 40 }, {}],
    ['that may still change', { sessions: 500, engaged_sessions: 300 }, { provisional: true }],
  ])('have no part in a figure %s: it was not judged', (_, values, change) => {
    const { review } = reviewOf({
      targets: [{ kpi: 'bounce_rate', target: 0.4, checkpoint: '+7d' }],
      readings: readingsOf(values, { checkpoint: '+7d', source: 'tool', ...change }),
    });
    expect(review.falseAlarms).toMatchObject({ verdicts: 0, expected: 0 });
  });

  it('are none where nothing is judged', () => {
    expect(reviewOf({ readings: [] }).review.falseAlarms).toMatchObject({
      verdicts: 0,
      expected: 0,
    });
    expect(reviewOf({ targets: [] }).review.falseAlarms).toBeUndefined();
  });
});
