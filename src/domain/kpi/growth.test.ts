import { describe, expect, it } from 'vitest';
import { readingsOf } from '../../../test/support/readings.ts';
import { besideOwn, comparedGrowth, growthOf, ownGrowth, withGrown } from './growth.ts';
import type { Reading } from './measures.ts';

const [FIRST, SECOND] = ['pub_1', 'pub_2'];

const READINGS = [
  ...readingsOf({ impressions: 10 }, { publicationId: FIRST, checkpoint: '+1h' }),
  ...readingsOf({ impressions: 90 }, { publicationId: FIRST, checkpoint: '+7d' }),
  ...readingsOf({ impressions: 50 }, { publicationId: SECOND, checkpoint: '+7d' }),
  ...readingsOf({ link_clicks: 0 }, { publicationId: FIRST, checkpoint: '+7d' }),
];
const IMPRESSIONS = 'growth:impressions';

it('grows from age to age, and says how many posts are in a sum', () => {
  expect(growthOf(READINGS, 2)).toEqual({
    measure: 'impressions',
    points: [
      { checkpoint: '+1h', value: 10, have: 1, of: 2 },
      { checkpoint: '+7d', value: 140, have: 2, of: 2 },
    ],
  });
  expect(growthOf([], 2)).toBeNull();
});

describe('what later pieces are compared with', () => {
  const grown = (readings: Reading[], posts: number) => withGrown([], { readings, posts });

  it('is every sum that lacks no post and may not change any more', () => {
    const at7d = { scope: 'item', ageHours: 168, figures: { [IMPRESSIONS]: 140 } };
    expect(grown(READINGS, 2)).toEqual([at7d]);
    const early = { publicationId: FIRST, checkpoint: '+24h', source: 'tool', provisional: true };
    expect(grown([...READINGS, ...readingsOf({ impressions: 70 }, early)], 2)).toEqual([at7d]);
  });

  it('stands beside the figures of the item, and leaves those of its parts', () => {
    const own = { scope: 'item', ageHours: 168, figures: { 'shares:shares': 3 } } as const;
    const part = { ...own, scope: 'publication:pub_1' } as const;
    expect(withGrown([own, part], { readings: READINGS, posts: 2 })).toEqual([
      part,
      { ...own, figures: { 'shares:shares': 3, [IMPRESSIONS]: 140 } },
    ]);
  });

  it('is of one definition: another one begins a new series', () => {
    const [figure] = comparedGrowth(
      READINGS.map((reading) => ({ ...reading, definition: 'views:tool' })),
    );
    expect(figure).toEqual({ ageHours: 1, figure: `${IMPRESSIONS} views:tool` });
  });
});

describe('own pieces beside a growth', () => {
  const compared = comparedGrowth(READINGS);
  const eight = [10, 20, 30, 40, 50, 60, 70, 80];

  it('are a band from eight on, and fewer are counted', () => {
    const own = ownGrowth(compared, [
      { ageHours: 1, figure: IMPRESSIONS, values: eight.slice(1) },
      { ageHours: 168, figure: IMPRESSIONS, values: eight },
    ]);
    expect(besideOwn(growthOf(READINGS, 2), own)?.points).toMatchObject([
      { checkpoint: '+1h', ownPieces: { pieces: 7, median: null, low: null, high: null } },
      { checkpoint: '+7d', ownPieces: { pieces: 8, median: 45, low: 10, high: 80 } },
    ]);
  });

  it('are none where a review was frozen before they were compared', () => {
    expect(besideOwn(growthOf(READINGS, 2), [])).toEqual(growthOf(READINGS, 2));
  });

  it('are asked for at twenty ages at most', () => {
    const daily = Array.from({ length: 900 }, (_, day) =>
      readingsOf({ impressions: day }, { publicationId: FIRST, checkpoint: `+${day + 1}d` }),
    ).flat();
    expect(comparedGrowth(daily).map(({ ageHours }) => ageHours / 24)).toEqual(
      Array.from({ length: 20 }, (_, index) => 881 + index),
    );
  });
});
