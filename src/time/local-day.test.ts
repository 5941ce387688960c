import { describe, expect, it } from 'vitest';
import { localDayOf } from './local-day.ts';

describe('the day of a zone', () => {
  it.each([
    ['ends after 25 hours when clocks go back', '2030-10-27T12:00Z', 'Europe/Paris', 25],
    ['ends after 23 hours when clocks go forward', '2030-03-31T12:00Z', 'Europe/Paris', 23],
    ['has 24 hours otherwise', '2030-06-01T12:00Z', 'Europe/Paris', 24],
    ['has 24.5 hours on Lord Howe Island', '2030-04-06T22:00Z', 'Australia/Lord_Howe', 24.5],
  ])('%s', (_, at, zone, hours) => {
    const { from, until } = localDayOf({ at, zone });
    expect((Date.parse(until) - Date.parse(from)) / 3_600_000).toBe(hours);
  });

  it('begins where the wall clock begins it', () => {
    expect(localDayOf({ at: '2030-10-26T22:00:00.000Z', zone: 'Europe/Paris' })).toEqual({
      date: '2030-10-27',
      from: '2030-10-26T22:00:00.000Z',
      until: '2030-10-27T23:00:00.000Z',
    });
    expect(localDayOf({ at: '2030-10-26T21:59:59.999Z', zone: 'Europe/Paris' }).date).toBe(
      '2030-10-26',
    );
  });

  it('begins at 01:00 where clocks go forward over midnight', () => {
    const { from, until } = localDayOf({ at: '2018-11-04T12:00:00Z', zone: 'America/Sao_Paulo' });
    expect([from, until]).toEqual(['2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z']);
  });
});
