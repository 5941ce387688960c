import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NumberText, readNumber } from './number-text.ts';

const LOCALES = [
  'de-AT',
  'de-CH',
  'de-DE',
  'de-LI',
  'en-GB',
  'en-IN',
  'en-US',
  'en-ZA',
  'fr-BE',
  'fr-CA',
  'fr-CH',
  'fr-FR',
];

describe('readNumber', () => {
  it.each([
    ['0', 0],
    ['12', 12],
    ['007', 7],
    ['12000', 12_000],
    ['-5', -5],
    ['−5', -5],
    ['1.5', 1.5],
    ['1,5', 1.5],
    ['0,500', 0.5],
    ['1.0000', 1],
    ['1234.567', 1_234.567],
    ['1 000', 1_000],
    ['1\u00A0000', 1_000],
    ['1\u202F000', 1_000],
    ['1\u2009234\u2009567', 1_234_567],
    ["1'000", 1_000],
    ['1’000.5', 1_000.5],
    ['1.000,5', 1_000.5],
    ['1,000.5', 1_000.5],
    ['1 234,567', 1_234.567],
    ['1.234,567', 1_234.567],
    ['1.234.567', 1_234_567],
    ['1,234,567', 1_234_567],
    ['999999999999999', 999_999_999_999_999],
  ])('reads %j', (text, value) => {
    expect(readNumber(text)).toEqual({ value });
  });

  it.each([
    ['1.000', '1', '1000'],
    ['1,000', '1', '1000'],
    ['-1.000', '-1', '-1000'],
    ['12.345', '12.3450', '12345'],
    ['12,345', '12.3450', '12345'],
    ['100,250', '100.2500', '100250'],
  ])('does not choose between the two readings of %j', (text, small, large) => {
    expect(readNumber(text)).toEqual({ readings: [small, large] });
    for (const reading of [small, large]) {
      expect(readNumber(reading)).toEqual({ value: Number(reading) });
    }
  });

  it.each([
    ['', 'number'],
    ['many', 'number'],
    ['12 34', 'number'],
    ['12\r34', 'number'],
    ['12\n34', 'number'],
    ['1 0000', 'number'],
    ['1,00,000', 'number'],
    ['1.000.5', 'number'],
    ['1,000,5', 'number'],
    ['1.000 000', 'number'],
    ['1\u200B000', 'number'],
    ['01.000', 'number'],
    ['00,5', 'number'],
    ['.5', 'number'],
    ['5.', 'number'],
    ['+5', 'number'],
    ['(5)', 'number'],
    ['5-', 'number'],
    ['- 5', 'number'],
    ['1_000', 'number'],
    ['1k', 'number'],
    ['0x10', 'number'],
    ['12 Mio.', 'number'],
    ['١٢', 'number'],
    ['１２', 'number'],
    ['NaN', 'number'],
    ['Infinity', 'number'],
    ['=1000', 'number'],
    ["'1000", 'number'],
    ['1e3', 'exponent'],
    ['1,23E+05', 'exponent'],
    ['3%', 'percentage'],
    ['3,5 %', 'percentage'],
    ['9007199254740993', 'digits'],
    ['0.12345678901234567', 'digits'],
  ])('refuses %j', (text, kind) => {
    expect(readNumber(text)).toMatchObject({ problem: { kind } });
  });

  it('never takes what French, German or English texts write for another number', () => {
    const amount = fc.integer({ min: -99_999_999_999, max: 99_999_999_999 });
    const written = fc.record({
      amount,
      decimals: fc.integer({ min: 0, max: 4 }),
      locale: fc.constantFrom(...LOCALES),
      useGrouping: fc.constantFrom('always' as const, 'auto' as const, false),
    });
    let unread = 0;
    fc.assert(
      fc.property(written, ({ amount: digits, decimals, locale, useGrouping }) => {
        const number = digits / 10 ** decimals;
        const { format } = new Intl.NumberFormat(locale, {
          useGrouping,
          minimumFractionDigits: decimals,
          maximumFractionDigits: decimals,
        });
        const read = readNumber(format(number));
        expect(numbersOf(read, number)).toContain(number);
        if ('problem' in read) unread += 1;
      }),
      { numRuns: 5_000 },
    );
    // Only groups that are not of three, as English texts of India have them.
    expect(unread).toBeLessThan(1_000);
  });
});

/** What the text may be; what is refused says nothing wrong. */
function numbersOf(read: NumberText, written: number): number[] {
  if ('problem' in read) return [written];
  return 'value' in read ? [read.value] : read.readings.map(Number);
}
