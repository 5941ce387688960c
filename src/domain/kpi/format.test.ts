import { expect, it } from 'vitest';
import { formatNumber, formatValue } from './format.ts';

it.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1,000'],
  [1_234_567, '1,234,567'],
  [-1_234, '-1,234'],
  [2.998, '2.998'],
  [0.000_012_3, '0.0000123'],
  [1_234.567, '1,234.6'],
  [0.000_000_123_4, '0.0000001234'],
  [9_007_199_254_740_991, '9,007,199,254,740,991'],
])('writes %d as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

it.each([
  ['fraction', 0.03, '3 %'],
  ['fraction', 0.29, '29 %'],
  ['fraction', 0.029_98, '2.998 %'],
  ['points', -20, '-20 points'],
  ['position', 4.25, 'position 4.25'],
  ['accounts', 12_000, '12,000 accounts'],
  ['count', 12_000, '12,000'],
  ['ratio', 1.5, '1.5'],
] as const)('writes a %s of %d as %s', (unit, value, text) => {
  expect(formatValue(unit, value)).toBe(text);
});
