import { describe, expect, it } from 'vitest';
import type { Reading } from './measures.ts';
import {
  cellsOf,
  checkpointAgeHours,
  checkpointsOf,
  isAhead,
  isStated,
  latestOfEachOrigin,
  latestReadings,
} from './readings.ts';

function reading(change: Partial<Reading>): Reading {
  return {
    id: 'rdg_1',
    measure: 'impressions',
    value: 1,
    asOf: '2026-03-02T08:00:00Z',
    source: 'sandbox',
    provisional: false,
    ...change,
  };
}

describe('the reading that counts', () => {
  it('is the latest of its measure, scope and checkpoint', () => {
    const older = reading({ id: 'rdg_9', value: 1, asOf: '2026-03-02T08:00:00Z' });
    const newer = reading({ id: 'rdg_1', value: 2, asOf: '2026-03-02T08:00:00.001Z' });
    expect(latestReadings([newer, older])).toEqual([newer]);
    expect(latestReadings([older, newer])).toEqual([newer]);
  });

  it('may be lower than the one before: deleted likes, purged bots', () => {
    const before = reading({ value: 50, asOf: '2026-03-02T08:00:00Z' });
    const after = reading({ id: 'rdg_2', value: 40, asOf: '2026-03-03T08:00:00Z' });
    expect(latestReadings([before, after])).toEqual([after]);
  });

  it('is the one recorded last when two are as of one instant', () => {
    const first = reading({ id: 'rdg_01', value: 1, asOf: '2026-03-02T08:00:00Z' });
    const second = reading({ id: 'rdg_02', value: 2, asOf: '2026-03-02T08:00:00.000Z' });
    expect(latestReadings([second, first])).toEqual([second]);
  });

  it('takes +1d and +24h for one checkpoint', () => {
    const day = reading({ id: 'rdg_1', checkpoint: '+1d', asOf: '2026-03-02T08:00:00Z' });
    const hours = reading({ id: 'rdg_2', checkpoint: '+24h', asOf: '2026-03-02T09:00:00Z' });
    expect(latestReadings([day, hours])).toEqual([hours]);
  });

  it('is one per scope', () => {
    const scopes = [{}, { publicationId: 'pub_1' }, { channelAccountId: 'cha_1' }];
    expect(latestReadings(scopes.map((scope) => reading(scope)))).toHaveLength(3);
  });
});

describe('who says a number', () => {
  it('is a person by the name of the source, or by whom it was stored for', () => {
    expect(isStated({ source: 'manual' })).toBe(true);
    expect(isStated({ source: 'csv' })).toBe(true);
    expect(isStated({ source: 'sandbox' })).toBe(false);
    expect(isStated({ source: 'sandbox', createdBy: 'mem_1' })).toBe(true);
  });

  it('has the latest of people and of sources, whichever counts', () => {
    const early = reading({ id: 'rdg_1', asOf: '2026-03-02T08:00:00Z' });
    const measured = reading({ id: 'rdg_2', asOf: '2026-03-02T09:00:00Z' });
    const wrong = reading({ id: 'rdg_3', source: 'manual', asOf: '2026-03-02T08:30:00Z' });
    const stated = reading({ id: 'rdg_4', source: 'csv', asOf: '2026-03-02T10:00:00Z' });
    const all = [stated, early, wrong, measured];
    expect(latestReadings(all)).toEqual([stated]);
    expect(new Set(latestOfEachOrigin(all))).toEqual(new Set([measured, stated]));
    expect(latestOfEachOrigin(all.toReversed())).toEqual(latestOfEachOrigin(all));
  });

  it('may be ahead of the clock by a minute', () => {
    const nowMs = Date.parse('2026-03-02T08:00:00Z');
    expect(isAhead('2026-03-02T08:01:00Z', nowMs)).toBe(false);
    expect(isAhead('2026-03-02T08:01:00.001Z', nowMs)).toBe(true);
  });
});

describe('the cells of a checkpoint', () => {
  it('take a reading without a checkpoint where the checkpoint has none', () => {
    const unlabelled = reading({ id: 'rdg_1', value: 7 });
    expect(cellsOf([unlabelled])('+7d').get('item')?.get('impressions')?.value).toBe(7);
    const exact = reading({
      id: 'rdg_2',
      value: 3,
      checkpoint: '+7d',
      asOf: '2026-01-01T00:00:00Z',
    });
    expect(cellsOf([unlabelled, exact])('+7d').get('item')?.get('impressions')?.value).toBe(3);
  });

  it('leave another age out', () => {
    expect(cellsOf([reading({ checkpoint: '+24h' })])('+7d').size).toBe(0);
  });

  it('hold the followers of the baseline beside those of the checkpoint', () => {
    const cellsAt = cellsOf([
      reading({ id: 'rdg_1', measure: 'followers', value: 100, checkpoint: 'baseline' }),
      reading({ id: 'rdg_2', measure: 'followers', value: 120, checkpoint: '+7d' }),
    ]);
    const cells = cellsAt('+7d').get('item');
    expect(cells?.get('followers_at_publish')?.value).toBe(100);
    expect(cells?.get('followers')?.value).toBe(120);
    expect(cellsAt('baseline').get('item')?.get('followers')?.value).toBe(100);
    expect(cellsAt(null).get('item')?.has('followers')).toBe(false);
  });
});

it.each([
  ['baseline', 0],
  ['+1h', 1],
  ['+24h', 24],
  ['+7d', 168],
  ['7d', null],
  ['+7w', null],
])('the age of %s is %s hours', (checkpoint, hours) => {
  expect(checkpointAgeHours(checkpoint)).toBe(hours);
});

it('checkpoints are listed oldest age first, without the baseline', () => {
  const named = ['+24h', 'baseline', '+28d', '+1d', undefined, '+1h'];
  expect(
    checkpointsOf(
      named.map((checkpoint) => reading(checkpoint === undefined ? {} : { checkpoint })),
    ),
  ).toEqual(['+28d', '+1d', '+1h']);
});
