import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readingsOf } from '../../../test/support/readings.ts';
import { KPI_IDS } from '../../domain/kpi/catalogue.ts';
import type { AlikeItems } from '../../domain/kpi/roll-up/alike-items.ts';
import { type PartsRequest, rolledParts } from './rolled-parts.ts';

interface Post {
  account: string;
  impressions: number | undefined;
  clicks: number | undefined;
}

const post = (accounts: string[]): fc.Arbitrary<Post> =>
  fc.record({
    account: fc.constantFrom(...accounts),
    impressions: fc.option(fc.integer({ min: 0, max: 9_000 }), { nil: undefined }),
    clicks: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined }),
  });

const itemsOf = (posts: readonly (readonly Post[])[]): AlikeItems[] =>
  posts.map((list, number) => ({
    itemId: `itm_${number}`,
    publications: list.map(({ account }, index) => ({
      id: `pub_${number}_${account}_${index}`,
      channelAccountId: account,
    })),
    readings: list.flatMap(({ account, impressions, clicks }, index) =>
      readingsOf(
        {
          ...(impressions !== undefined && { impressions }),
          ...(clicks !== undefined && { link_clicks: clicks }),
        },
        {
          publicationId: `pub_${number}_${account}_${index}`,
          checkpoint: '+7d',
          source: 'sandbox',
        },
      ),
    ),
  }));

const roll = (items: readonly AlikeItems[], level: PartsRequest['level'] = 'whole') =>
  rolledParts({ items, level, kpis: KPI_IDS, checkpoint: '+7d', limit: 200, after: '' }).parts;

const posts = (accounts: string[]) =>
  fc.array(fc.array(post(accounts), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 6,
  });

describe('a roll-up', () => {
  it('does not depend on the order of items', () => {
    fc.assert(
      fc.property(posts(['A', 'B']), (given) => {
        const items = itemsOf(given);
        expect(roll(items.toReversed())).toEqual(roll(items));
      }),
    );
  });

  it('of one account says the same, whatever the others do', () => {
    fc.assert(
      fc.property(posts(['A']), posts(['B']), (given, added) => {
        const both = itemsOf(given.map((list, index) => [...list, ...(added[index] ?? [])]));
        expect(roll(both, 'channel')[0]).toEqual(roll(itemsOf(given), 'channel')[0]);
      }),
    );
  });

  it('has the same sums where a post is split in two', () => {
    fc.assert(
      fc.property(posts(['A', 'B']), fc.double({ min: 0, max: 1, noNaN: true }), (given, share) => {
        const split = given.map((list) =>
          list.flatMap(({ account, impressions, clicks }) => {
            const part = (value: number | undefined) =>
              value === undefined ? undefined : Math.floor(value * share);
            const rest = (value: number | undefined) =>
              value === undefined ? undefined : value - Math.floor(value * share);
            return [
              { account, impressions: part(impressions), clicks: part(clicks) },
              { account, impressions: rest(impressions), clicks: rest(clicks) },
            ];
          }),
        );
        const sums = (items: readonly AlikeItems[]) =>
          Object.entries(roll(items)[0]?.checkpoints[0]?.measures ?? {}).map(
            ([name, { value }]) => [name, value],
          );
        expect(sums(itemsOf(split))).toEqual(sums(itemsOf(given)));
      }),
    );
  });

  it('never takes missing for 0', () => {
    fc.assert(
      fc.property(posts(['A', 'B']), (given) => {
        const known = given.flat().filter(({ impressions }) => impressions !== undefined);
        const { impressions } = roll(itemsOf(given))[0]?.checkpoints[0]?.measures ?? {};
        if (known.length === 0) expect(impressions).toBeUndefined();
        else expect(impressions?.coverage.have).toBe(known.length);
      }),
    );
  });
});
