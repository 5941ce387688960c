import { describe, expect, it } from 'vitest';
import { daysAnswer, wholeDays } from './whole-days.ts';

describe('whole days', () => {
  it.each([
    ['2026-03-02T10:00:00Z', '2026-03-03T10:00:00Z', 'UTC', '2026-03-02', '2026-03-03'],
    // A window that ends at midnight has nothing of the next day.
    ['2026-03-02T10:00:00Z', '2026-03-03T00:00:00Z', 'UTC', '2026-03-02', '2026-03-02'],
    ['2026-03-02T10:00:00Z', '2026-03-02T10:00:00Z', 'UTC', '2026-03-02', '2026-03-02'],
    ['2026-03-02T00:00:00Z', '2026-03-02T00:00:00Z', 'UTC', '2026-03-02', '2026-03-02'],
    ['2026-03-02T23:30:00Z', '2026-03-03T10:00:00Z', 'Europe/Paris', '2026-03-03', '2026-03-03'],
    [
      '2026-03-02T07:59:59Z',
      '2026-03-03T08:00:00Z',
      'America/Los_Angeles',
      '2026-03-01',
      '2026-03-02',
    ],
    [
      '2026-12-31T12:00:00Z',
      '2027-01-01T12:00:00Z',
      'Pacific/Kiritimati',
      '2027-01-01',
      '2027-01-02',
    ],
  ])('of %s to %s in %s are %s to %s', (from, to, zone, first, last) => {
    expect(wholeDays({ from, to }, zone)).toMatchObject({ first, last });
  });

  it('end when the clock of the zone says so, also where it changes', () => {
    const window = { from: '2026-03-28T12:00:00Z', to: '2026-03-29T12:00:00Z' };
    // 29 March has 23 hours in Paris.
    expect(wholeDays(window, 'Europe/Paris').until).toBe('2026-03-29T22:00:00.000Z');
  });

  it('are known up to now, and settled some time after they are over', () => {
    const days = wholeDays({ from: '2026-03-02T08:00:00Z', to: '2026-03-02T09:00:00Z' }, 'UTC');
    const at = (text: string) => daysAnswer(days, { at: text, settlingMs: 3_600_000 });
    expect(at('2026-03-02T09:00:00.000Z')).toEqual({
      asOf: '2026-03-02T09:00:00.000Z',
      settled: false,
      settlesAt: '2026-03-03T01:00:00.000Z',
    });
    expect(at('2026-03-03T00:59:59.999Z').settled).toBe(false);
    expect(at('2026-03-03T01:00:00.000Z')).toEqual({
      asOf: '2026-03-03T00:00:00.000Z',
      settled: true,
      settlesAt: '2026-03-03T01:00:00.000Z',
    });
  });
});
