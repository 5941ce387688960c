import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { computeKpi } from './kpi.testsuite.ts';
import type { MeasureId } from './measures.ts';
import { comparableFigures, type PastFigures, pastBy } from './past-figures.ts';

const AT_7D = { checkpoint: '+7d' } as const;
const publications = PUBLICATIONS.slice(0, 1);
type Values = Partial<Record<MeasureId, number>>;

const measured = (values: Values, definitions: Partial<Record<MeasureId, string>> = {}) =>
  readingsOf(values, { ...AT_7D, publicationId: 'pub_1', source: 'tool' }).map((reading) => {
    const definition = definitions[reading.measure];
    return { ...reading, ...(definition !== undefined && { definition }) };
  });

/** What earlier pieces with these readings are to later ones. */
function pastOf(...pieces: ReturnType<typeof measured>[]): PastFigures[] {
  const values = new Map<string, number[]>();
  for (const readings of pieces) {
    const figures = comparableFigures({ publications, readings }).find(
      ({ scope }) => scope === 'item',
    );
    for (const [figure, value] of Object.entries(figures?.figures ?? {})) {
      values.set(figure, [...(values.get(figure) ?? []), value]);
    }
  }
  return [...values].map(([figure, list]) => ({
    scope: 'item',
    ageHours: 168,
    figure,
    values: list,
  }));
}

const BOUNCES = { sessions: 200, bounces: 80 };
const PLAUSIBLE = { sessions: 'sessions:plausible-visits', bounces: 'bounces:plausible-one-view' };
const MATOMO = { sessions: 'sessions:matomo-visits', bounces: 'bounces:matomo-one-page' };
const bounceRate = (readings: ReturnType<typeof measured>) =>
  computeKpi('bounce_rate', readings, { ...AT_7D, publications });

describe('a figure is compared with those', () => {
  it('of the same definition of its measures, whatever other tools call the same', () => {
    const past = pastBy(pastOf(measured(BOUNCES, PLAUSIBLE), measured(BOUNCES, MATOMO)));
    expect(past(bounceRate(measured(BOUNCES, PLAUSIBLE)))).toEqual([0.4]);
    expect(past(bounceRate(measured(BOUNCES, MATOMO)))).toEqual([0.4]);
    expect(past(bounceRate(measured(BOUNCES)))).toEqual([]);
  });

  it('of the same terms of its sum', () => {
    const alone = measured({ reactions: 5, comments: 1 });
    const withClicks = measured({ reactions: 5, comments: 1, link_clicks: 50 });
    const past = pastBy(pastOf(alone, withClicks));
    const engagement = (readings: ReturnType<typeof measured>) =>
      computeKpi('engagement', readings, { ...AT_7D, publications });
    expect(past(engagement(alone))).toEqual([6]);
    expect(past(engagement(withClicks))).toEqual([56]);
  });

  it('that were frozen before definitions were kept, as long as there are no others', () => {
    const earlier: PastFigures = {
      scope: 'item',
      ageHours: 168,
      figure: 'bounce_rate:bounced',
      values: [0.3],
    };
    const figure = bounceRate(measured(BOUNCES, PLAUSIBLE));
    expect(pastBy([earlier])(figure)).toEqual([0.3]);
    expect(pastBy([earlier, ...pastOf(measured(BOUNCES, PLAUSIBLE))])(figure)).toEqual([0.4]);
    expect(pastBy([earlier, ...pastOf(measured(BOUNCES, MATOMO))])(figure)).toEqual([]);
  });
});
