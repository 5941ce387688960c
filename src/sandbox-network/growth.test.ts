import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SANDBOX_MEASURES } from '../metrics/sandbox-protocol.ts';
import { baselineFollowers, measuresAt } from './growth.ts';

const DAY = 86_400;
const anyPost = fc.uuid();
const anyAge = fc.integer({ min: 0, max: 400 * DAY });

describe('readings of a post', () => {
  it('are the same for the same post and age', () => {
    fc.assert(
      fc.property(anyPost, anyAge, (marker, age) => {
        expect(measuresAt(marker, 'a', age)).toEqual(measuresAt(marker, 'a', age));
      }),
    );
  });

  it('never fall with age', () => {
    fc.assert(
      fc.property(anyPost, anyAge, anyAge, (marker, one, other) => {
        const earlier = measuresAt(marker, 'a', Math.min(one, other));
        const later = measuresAt(marker, 'a', Math.max(one, other));
        for (const measure of SANDBOX_MEASURES) {
          expect(later[measure]).toBeGreaterThanOrEqual(earlier[measure]);
        }
      }),
    );
  });

  it('are whole numbers that agree with one another', () => {
    fc.assert(
      fc.property(anyPost, anyAge, (marker, age) => {
        const at = measuresAt(marker, 'a', age);
        for (const measure of SANDBOX_MEASURES) {
          expect(Number.isSafeInteger(at[measure]) && at[measure] >= 0).toBe(true);
        }
        expect(at.engaged_sessions + at.bounces).toBe(at.sessions);
        expect(at.reach).toBeLessThanOrEqual(at.impressions);
        expect(at.link_clicks).toBeLessThanOrEqual(at.impressions);
        expect(at.pageviews).toBeGreaterThanOrEqual(at.sessions);
        expect(at.key_events).toBeLessThanOrEqual(at.engaged_sessions);
        expect(at.search_clicks).toBeLessThanOrEqual(at.search_impressions);
        expect(at.position_x_impressions).toBeGreaterThanOrEqual(at.search_impressions);
        expect(at.followers).toBeGreaterThanOrEqual(baselineFollowers('a'));
      }),
    );
  });

  it('start at nothing, and differ from post to post', () => {
    const { followers, ...counts } = measuresAt('one', 'a', 0);
    expect(followers).toBe(baselineFollowers('a'));
    expect(new Set(Object.values(counts))).toEqual(new Set([0]));
    expect(measuresAt('one', 'a', DAY)).not.toEqual(measuresAt('two', 'a', DAY));
  });

  it('are large enough after a week for rates to be judged', () => {
    fc.assert(
      fc.property(anyPost, (marker) => {
        const at = measuresAt(marker, 'a', 7 * DAY);
        expect(at.impressions).toBeGreaterThan(1_000);
        expect(at.link_clicks).toBeGreaterThan(100);
        expect(at.sessions).toBeGreaterThan(100);
        expect(at.search_impressions).toBeGreaterThan(100);
      }),
    );
  });
});
