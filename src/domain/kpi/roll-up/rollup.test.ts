import { describe, expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../../test/support/readings.ts';
import type { Reading } from '../measures.ts';
import { rollUp } from './base-sums.ts';
import { campaignTree, gather, nodeOf, scopeTrees } from './rollup.ts';

function tree(
  readings: Reading[],
  publications: Parameters<typeof scopeTrees>[0]['publications'] = PUBLICATIONS,
) {
  return scopeTrees({ readings, ...(publications && { publications }) })(null);
}

describe('roll-up', () => {
  it('adds counters from posts to accounts to the item', () => {
    const item = tree([
      ...readingsOf({ impressions: 100, shares: 1 }, { publicationId: 'pub_1' }),
      ...readingsOf({ impressions: 200, shares: 2 }, { publicationId: 'pub_2' }),
      ...readingsOf({ impressions: 400, shares: 4 }, { publicationId: 'pub_3' }),
    ]);
    expect(rollUp(item).values).toEqual({ impressions: 700, shares: 7 });
    const account = nodeOf(item, 'channel:cha_1');
    expect(account && rollUp(account).values).toEqual({ impressions: 300, shares: 3 });
  });

  it('says which parts a sum does not have', () => {
    const { values, coverage } = rollUp(
      tree(readingsOf({ impressions: 100 }, { publicationId: 'pub_1' })),
    );
    expect(values).toEqual({ impressions: 100 });
    expect(coverage.impressions).toEqual({
      have: 1,
      of: 3,
      missing: ['publication:pub_2', 'publication:pub_3'],
    });
  });

  it('leaves a measure out that no part has', () => {
    expect(rollUp(tree([])).values).toEqual({});
  });

  it('adds people only under a gross name', () => {
    const { values, gross } = rollUp(
      tree([
        ...readingsOf({ reach: 10, users: 3 }, { publicationId: 'pub_1' }),
        ...readingsOf({ reach: 20, users: 4 }, { publicationId: 'pub_3' }),
        ...readingsOf({ followers: 500 }, { channelAccountId: 'cha_1' }),
        ...readingsOf({ followers: 700 }, { channelAccountId: 'cha_2' }),
      ]),
    );
    expect(values).toEqual({});
    expect(gross).toEqual({ gross_reach: 30, gross_users: 7, gross_followers: 1_200 });
  });

  it('counts the followers of an account once, however many posts it has', () => {
    const { values } = rollUp(
      tree(
        [
          ...readingsOf(
            { followers: 500 },
            { publicationId: 'pub_1', asOf: '2026-03-09T08:00:00Z' },
          ),
          ...readingsOf(
            { followers: 510 },
            { publicationId: 'pub_2', asOf: '2026-03-10T08:00:00Z' },
          ),
        ],
        PUBLICATIONS.slice(0, 2),
      ),
    );
    expect(values).toEqual({ followers: 510 });
  });

  it('lets a figure of the wider scope win over the sum of its parts', () => {
    const readings = [
      ...readingsOf({ sessions: 100 }, { publicationId: 'pub_1' }),
      ...readingsOf({ sessions: 100 }, { publicationId: 'pub_2' }),
      ...readingsOf({ sessions: 150 }, { channelAccountId: 'cha_1' }),
      ...readingsOf({ sessions: 50 }, { publicationId: 'pub_3' }),
    ];
    expect(rollUp(tree(readings)).values).toEqual({ sessions: 200 });
    expect(rollUp(tree([...readings, ...readingsOf({ sessions: 180 })])).values).toEqual({
      sessions: 180,
    });
  });

  it('counts only what was published', () => {
    const readings = [
      ...readingsOf({ shares: 1 }, { publicationId: 'pub_1' }),
      ...readingsOf({ shares: 9 }, { publicationId: 'pub_9' }),
    ];
    const publications = [
      PUBLICATIONS[0],
      { id: 'pub_9', channelAccountId: 'cha_1', state: 'rejected' },
    ];
    expect(rollUp(tree(readings, publications))).toMatchObject({
      values: { shares: 1 },
      coverage: { shares: { have: 1, of: 1 } },
    });
  });

  it('adds fractions to the same bits in every order', () => {
    const parts = [0.1, 0.2, 0.3].map((value, index) =>
      readingsOf({ position_x_impressions: value }, { publicationId: `pub_${index}` }),
    );
    const sums = [parts, parts.toReversed()].map((list) => {
      const publications = list.map((_, index) => ({
        id: `pub_${index}`,
        channelAccountId: 'cha_1',
      }));
      return rollUp(tree(list.flat(), publications)).values.position_x_impressions;
    });
    expect(sums[0]).toBe(sums[1]);
  });
});

describe('both sides of a ratio', () => {
  it('cover the same parts', () => {
    const { sums, coverage } = gather(
      tree([
        ...readingsOf({ link_clicks: 10, impressions: 100 }, { publicationId: 'pub_1' }),
        ...readingsOf({ link_clicks: 90 }, { publicationId: 'pub_2' }),
      ]),
      { required: ['link_clicks', 'impressions'], exposed: [] },
    );
    expect(sums).toEqual({ link_clicks: 10, impressions: 100 });
    expect(coverage.missing).toEqual(['publication:pub_2', 'publication:pub_3']);
  });

  it('may come from different scopes where both cover everything', () => {
    const { sums, coverage } = gather(
      tree([
        ...readingsOf({ link_clicks: 12 }),
        ...readingsOf({ impressions: 100 }, { channelAccountId: 'cha_1' }),
        ...readingsOf({ impressions: 300 }, { publicationId: 'pub_3' }),
      ]),
      { required: ['link_clicks', 'impressions'], exposed: [] },
    );
    expect(sums).toEqual({ link_clicks: 12, impressions: 400 });
    expect(coverage.missing).toEqual([]);
  });

  it('do not set a figure of the whole against a part of the other side', () => {
    const { sums, coverage } = gather(
      tree([
        ...readingsOf({ link_clicks: 12 }),
        ...readingsOf({ impressions: 100 }, { publicationId: 'pub_1' }),
      ]),
      { required: ['link_clicks', 'impressions'], exposed: [] },
    );
    expect(sums).toEqual({});
    expect(coverage.have).toBe(0);
  });
});

describe('a campaign', () => {
  it('adds its items and counts an account that two of them use once', () => {
    const itemOf = (itemId: string, publication: string, followers: number) => ({
      itemId,
      tree: tree(
        [...readingsOf({ impressions: 100, followers }, { publicationId: publication })],
        [{ id: publication, channelAccountId: 'cha_1' }],
      ),
    });
    const campaign = campaignTree([itemOf('itm_1', 'pub_1', 500), itemOf('itm_2', 'pub_2', 500)]);
    expect(rollUp(campaign)).toMatchObject({
      scope: 'campaign',
      values: { impressions: 200, followers: 500 },
    });
    const account = nodeOf(campaign, 'channel:cha_1');
    expect(account && rollUp(account).values).toEqual({ impressions: 200, followers: 500 });
  });
});
