import { describe, expect, it } from 'vitest';
import { weekBefore, weekOf } from './iso-week.ts';

const hours = ({ from, until }: { from: string; until: string }) =>
  (Date.parse(until) - Date.parse(from)) / 3_600_000;

describe('a week of a zone', () => {
  it('begins on Monday at midnight there', () => {
    expect(weekOf({ week: '2026-W49', zone: 'Europe/Paris' })).toEqual({
      week: '2026-W49',
      from: '2026-11-29T23:00:00.000Z',
      until: '2026-12-06T23:00:00.000Z',
    });
  });

  it('is an hour shorter or longer where clocks are changed', () => {
    const zone = 'Europe/Paris';
    expect(hours(weekOf({ week: '2026-W13', zone }) ?? { from: '', until: '' })).toBe(167);
    expect(hours(weekOf({ week: '2026-W43', zone }) ?? { from: '', until: '' })).toBe(169);
  });

  it('follows the last one of the year before', () => {
    const first = weekOf({ week: '2027-W01', zone: 'UTC' });
    expect(first?.from).toBe('2027-01-04T00:00:00.000Z');
    expect(first && weekBefore(first, 'UTC').week).toBe('2026-W53');
  });

  it.each(['2026-W00', '2026-W54', '2027-W53', '2026-49', '0000-W01', 'W49', '2026-W49 '])(
    'is none for %j',
    (week) => expect(weekOf({ week, zone: 'UTC' })).toBeNull(),
  );
});
