import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Duration } from '../domain/playbook/playbook.ts';
import { type BusinessCalendar, clockSteps } from './business-calendar.ts';
import { isHolidaysCountry, publicHolidays } from './public-holidays.ts';

const PARIS: BusinessCalendar = {
  zone: 'Europe/Paris',
  workdays: [1, 2, 3, 4, 5],
  from: '09:00',
  to: '18:00',
  holidaysCountry: 'FR',
};
const days = (amount: number): Duration => ({ amount, unit: 'business_days' });
/** The whole of a duration. */
function businessDeadline(...question: Parameters<typeof clockSteps>): string {
  return clockSteps(...question)[2];
}
const hours = (amount: number): Duration => ({ amount, unit: 'business_hours' });

describe('business days', () => {
  it.each([
    ['the same time two days later', '2026-11-23T10:30:00Z', 2, '2026-11-25T10:30:00.000Z'],
    ['over a weekend', '2026-11-26T10:30:00Z', 2, '2026-11-30T10:30:00.000Z'],
    ['from a Saturday: Monday and Tuesday', '2026-11-28T10:30:00Z', 2, '2026-12-01T17:00:00.000Z'],
    ['from an evening: the next two days', '2026-11-23T20:00:00Z', 2, '2026-11-25T17:00:00.000Z'],
    ['from before opening: that day counts', '2026-11-23T05:00:00Z', 1, '2026-11-23T17:00:00.000Z'],
    ['at closing time', '2026-11-23T17:00:00Z', 1, '2026-11-24T17:00:00.000Z'],
    ['over a public holiday', '2026-11-10T10:00:00Z', 1, '2026-11-12T10:00:00.000Z'],
    ['over the end of the year', '2026-12-31T10:00:00Z', 1, '2027-01-04T10:00:00.000Z'],
    ['over the start of summer time', '2026-03-27T11:00:00Z', 1, '2026-03-30T10:00:00.000Z'],
    ['over its end', '2026-10-23T10:00:00Z', 1, '2026-10-26T11:00:00.000Z'],
  ])('%s', (_, start, amount, expected) => {
    expect(businessDeadline(start, days(amount), PARIS)).toBe(expected);
  });

  it('without a country public holidays are worked', () => {
    const calendar = { ...PARIS, holidaysCountry: null };
    expect(businessDeadline('2026-11-10T10:00:00Z', days(1), calendar)).toBe(
      '2026-11-11T10:00:00.000Z',
    );
  });
});

describe('business hours', () => {
  it.each([
    ['within a day', '2026-11-23T10:00:00Z', 3, '2026-11-23T13:00:00.000Z'],
    ['into the next day', '2026-11-23T16:00:00Z', 3, '2026-11-24T10:00:00.000Z'],
    ['exactly to closing', '2026-11-23T16:00:00Z', 1, '2026-11-23T17:00:00.000Z'],
    ['over a weekend and a holiday', '2026-05-07T15:00:00Z', 2, '2026-05-11T08:00:00.000Z'],
  ])('%s', (_, start, amount, expected) => {
    expect(businessDeadline(start, hours(amount), PARIS)).toBe(expected);
  });

  it('elapse: the night shift of a changing clock has seven or nine of them', () => {
    const nights = { ...PARIS, workdays: [7], from: '00:00', to: '08:00' };
    const from = (start: string) => businessDeadline(start, hours(7), nights);
    expect(from('2026-03-28T23:00:00Z')).toBe('2026-03-29T06:00:00.000Z');
    expect(from('2026-10-24T22:00:00Z')).toBe('2026-10-25T05:00:00.000Z');
  });
});

it('hours and minutes know no calendar', () => {
  const start = '2026-03-28T23:30:00Z';
  expect(businessDeadline(start, { amount: 24, unit: 'hours' }, PARIS)).toBe(
    '2026-03-29T23:30:00.000Z',
  );
  expect(businessDeadline(start, { amount: 15, unit: 'minutes' }, PARIS)).toBe(
    '2026-03-28T23:45:00.000Z',
  );
});

it('the steps of a clock are half, four fifths, all and one and a half of it', () => {
  expect(clockSteps('2026-11-23T08:00:00Z', days(2), PARIS)).toEqual([
    '2026-11-23T17:00:00.000Z',
    '2026-11-24T13:24:00.000Z',
    '2026-11-24T17:00:00.000Z',
    '2026-11-25T17:00:00.000Z',
  ]);
  expect(clockSteps('2026-11-23T08:00:00Z', { amount: 24, unit: 'hours' }, PARIS)).toEqual([
    '2026-11-23T20:00:00.000Z',
    '2026-11-24T03:12:00.000Z',
    '2026-11-24T08:00:00.000Z',
    '2026-11-24T20:00:00.000Z',
  ]);
});

describe('a calendar that is not one', () => {
  it.each<[Partial<BusinessCalendar>, string]>([
    [{ zone: 'Europe/Pariss' }, 'zone: '],
    [{ workdays: [] }, 'workdays: '],
    [{ workdays: [0] }, 'workdays: '],
    [{ from: '9:00' }, 'from: 9:00'],
    [{ to: '24:01' }, 'to: 24:01'],
    [{ from: '18:00' }, 'to: 18:00 is not after from, 18:00'],
    [{ holidaysCountry: 'XX' }, 'holidaysCountry: '],
    [{ holidaysCountry: 'FR-99' }, 'holidaysCountry: '],
  ])('%j is named', (wrong, message) => {
    const make = () => businessDeadline('2026-11-23T08:00:00Z', days(1), { ...PARIS, ...wrong });
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });

  it('nor is a start that is no instant', () => {
    expect(() => businessDeadline('tomorrow', days(1), PARIS)).toThrow('start: tomorrow');
  });
});

it('public holidays are whole local days, regions included', () => {
  expect([...publicHolidays('FR', 2026)]).toContain('2026-05-14');
  expect(publicHolidays('FR', 2026).has('2026-12-26')).toBe(false);
  expect(publicHolidays('FR-57', 2026).has('2026-12-26')).toBe(true);
  expect(publicHolidays('US', 2026).has('2026-07-03')).toBe(true);
  expect(isHolidaysCountry('FR')).toBe(true);
  expect(isHolidaysCountry('constructor')).toBe(false);
});

describe('whatever the calendar and the start', () => {
  const anyCalendar = fc
    .record({
      zone: fc.constantFrom('Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia'),
      workdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      window: fc.uniqueArray(fc.integer({ min: 0, max: 24 }), { minLength: 2, maxLength: 2 }),
      holidaysCountry: fc.constantFrom(null, 'FR', 'US', 'IN'),
    })
    .map(({ window, ...calendar }): BusinessCalendar => {
      const [from = 0, to = 24] = window.toSorted((a, b) => a - b);
      const time = (hour: number) => `${String(hour).padStart(2, '0')}:00`;
      return { ...calendar, from: time(from), to: time(to) };
    });
  const anyStart = fc
    .date({
      min: new Date('2024-01-01T00:00:00Z'),
      max: new Date('2032-01-01T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString());
  const anyDuration = fc.record({
    amount: fc.integer({ min: 1, max: 60 }),
    unit: fc.constantFrom<Duration['unit']>('minutes', 'hours', 'business_hours', 'business_days'),
  });

  it('steps come in order and never before the start', () => {
    fc.assert(
      fc.property(anyStart, anyDuration, anyCalendar, (start, duration, calendar) => {
        const all = [start, ...clockSteps(start, duration, calendar)];
        expect(all).toEqual(all.toSorted());
      }),
    );
  });

  it('a business deadline lies between opening and closing of a working day', () => {
    const business = anyDuration.filter(({ unit }) => unit.startsWith('business_'));
    fc.assert(
      fc.property(anyStart, business, anyCalendar, (start, duration, calendar) => {
        const at = Date.parse(businessDeadline(start, duration, calendar));
        // Just before: a deadline at closing time belongs to the day that closes.
        const wall = new Intl.DateTimeFormat('sv-SE', {
          timeZone: calendar.zone,
          dateStyle: 'short',
          timeStyle: 'short',
        }).format(at - 1);
        const [date = '', time = ''] = wall.split(' ');
        const weekday = new Date(`${date}T12:00:00Z`).getUTCDay() || 7;
        expect(calendar.workdays).toContain(weekday);
        expect(time >= calendar.from && time < calendar.to).toBe(true);
        if (calendar.holidaysCountry) {
          const year = Number(date.slice(0, 4));
          expect(publicHolidays(calendar.holidaysCountry, year).has(date)).toBe(false);
        }
      }),
    );
  });

  it('starting later never ends earlier', () => {
    fc.assert(
      fc.property(
        anyStart,
        anyStart,
        anyDuration,
        anyCalendar,
        (one, other, duration, calendar) => {
          const [earlier = one, later = one] = [one, other].toSorted();
          expect(
            businessDeadline(earlier, duration, calendar) <=
              businessDeadline(later, duration, calendar),
          ).toBe(true);
        },
      ),
    );
  });
});
