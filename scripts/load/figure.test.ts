import { expect, it } from 'vitest';
import { type Figure, holds, renderFigures } from './figure.ts';

const figure = (value: number): Figure => ({ what: 'a wait', value, limit: 5_000, unit: 'ms' });

it('a figure holds up to its limit, and a table says which ones do not', () => {
  expect([4_999, 5_000, 5_001].map((value) => holds(figure(value)))).toEqual([true, true, false]);
  const lines = renderFigures([figure(10.4), figure(6_000)]).split('\n');
  expect(lines[2]).toMatch(/^a wait +10 ms +5000 ms +yes$/);
  expect(lines[3]).toMatch(/^a wait +6000 ms +5000 ms +NO$/);
});
