import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Instant, QueryInstant, WallTime } from './instant.ts';

describe('A7: an instant', () => {
  it.each([
    ['2030-06-01T12:00:00Z', '2030-06-01T12:00:00Z'],
    ['2030-06-01T12:00:00.123Z', '2030-06-01T12:00:00.123Z'],
    ['2030-06-01T14:00:00+02:00', '2030-06-01T12:00:00.000Z'],
    ['2030-06-01T06:30:00-05:30', '2030-06-01T12:00:00.000Z'],
    ['2030-06-01T12:00:00+00:00', '2030-06-01T12:00:00.000Z'],
    ['2030-06-01T12:00:00-00:00', '2030-06-01T12:00:00.000Z'],
    ['2030-01-01T01:00:00+14:00', '2029-12-31T11:00:00.000Z'],
    ['2030-06-01t14:00:00.5+02:00', '2030-06-01T12:00:00.500Z'],
    ['2030-06-01t12:00:00z', '2030-06-01T12:00:00Z'],
    ['2030-06-01T12:00:00.123456789Z', '2030-06-01T12:00:00.123Z'],
    ['2030-06-01T14:00:00.999999999+02:00', '2030-06-01T12:00:00.999Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59Z'],
    ['2017-01-01T00:59:60.5+01:00', '2016-12-31T23:59:59.500Z'],
    ['2028-02-29T00:00:00+02:00', '2028-02-28T22:00:00.000Z'],
  ])('%s is %s', (stated, stored) => {
    expect(Instant.parse(stated)).toBe(stored);
  });

  it.each([
    ['no zone', '2030-06-01T12:00:00'],
    ['a date', '2030-06-01'],
    ['a time without seconds', '2030-06-01T12:00Z'],
    ['the hour 24', '2030-06-01T24:00:00Z'],
    ['the hour 24 with an offset', '2030-06-01T24:00:00+02:00'],
    ['a leap second in the middle of a day', '2030-06-01T12:00:60Z'],
    ['a leap second where UTC has none', '2016-12-31T23:59:60+02:00'],
    ['an offset without minutes', '2030-06-01T12:00:00+02'],
    ['an offset without its colon', '2030-06-01T12:00:00+0200'],
    ['an offset of a day', '2030-06-01T12:00:00+24:00'],
    ['a zone by name', '2030-06-01T12:00:00[Europe/Paris]'],
    ['a zone by name behind its offset', '2030-06-01T12:00:00+02:00[Europe/Paris]'],
    ['a space between date and time', '2030-06-01 12:00:00Z'],
    ['a space for a sign', '2030-06-01T12:00:00 02:00'],
    ['a day that no month has', '2030-02-30T12:00:00+02:00'],
    ['a leap day of no leap year', '2030-02-29T12:00:00Z'],
    ['the 13th month', '2030-13-01T12:00:00Z'],
    ['a comma', '2030-06-01T12:00:00,5Z'],
    ['space around it', ' 2030-06-01T12:00:00Z'],
    ['a number', 1_906_545_600_000],
    ['more digits than any clock gives', `2030-06-01T12:00:00.${'1'.repeat(60)}Z`],
    ['a year before the first', '1969-12-31T23:00:00-00:30'],
    ['a year after the last', '2199-12-31T23:00:00-02:00'],
    ['nothing', ''],
  ])('is not %s', (_, stated) => {
    const { success, error } = Instant.safeParse(stated);
    expect(success).toBe(false);
    expect(error?.issues).toHaveLength(1);
  });

  it('is the one that was stated, whatever its offset', () => {
    const offset = fc.tuple(fc.constantFrom(1, -1), fc.nat(14 * 60));
    const ms = fc.integer({ min: Date.UTC(1971), max: Date.UTC(2198) });
    fc.assert(
      fc.property(ms, offset, (at, [sign, minutes]) => {
        const local = new Date(at + sign * minutes * 60_000).toISOString().slice(0, -1);
        const pad = (part: number) => String(part).padStart(2, '0');
        const zone = `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
        const stated = `${local}${sign > 0 ? '+' : '-'}${zone}`;
        expect(Instant.parse(stated)).toBe(new Date(at).toISOString());
        expect(Instant.parse(Instant.parse(stated))).toBe(Instant.parse(stated));
      }),
    );
  });

  it('in a query may have lost its plus sign', () => {
    expect(QueryInstant.parse('2030-06-01T14:00:00 02:00')).toBe('2030-06-01T12:00:00.000Z');
    expect(QueryInstant.parse('2030-06-01T14:00:00+02:00')).toBe('2030-06-01T12:00:00.000Z');
    expect(QueryInstant.safeParse('2030-06-01 14:00:00').success).toBe(false);
  });
});

it('a wall time has no zone', () => {
  expect(WallTime.parse('2030-06-01T14:00')).toBe('2030-06-01T14:00');
  for (const zoned of ['2030-06-01T14:00Z', '2030-06-01T14:00+02:00']) {
    expect(WallTime.safeParse(zoned).success).toBe(false);
  }
});
