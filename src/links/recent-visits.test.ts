import { expect, it } from 'vitest';
import { createRecentVisits } from './recent-visits.ts';

const ANNA = { code: 'a'.repeat(12), address: '192.0.2.1', agent: 'Firefox' };
const START = Date.parse('2026-03-02T12:00:00Z');

it('tells a visitor who comes back at once, and no other', () => {
  let now = START;
  const visits = createRecentVisits({ withinMs: 10_000 }, () => now);
  expect(visits.isRepeated(ANNA)).toBe(false);
  expect(visits.isRepeated(ANNA)).toBe(true);
  for (const other of [{ code: 'b'.repeat(12) }, { address: '192.0.2.2' }, { agent: 'Safari' }]) {
    expect(visits.isRepeated({ ...ANNA, ...other })).toBe(false);
  }
  now += 9_999;
  expect(visits.isRepeated(ANNA)).toBe(true);
  now += 10_000;
  expect(visits.isRepeated(ANNA)).toBe(false);
});

it('knows nobody of the day before', () => {
  let now = Date.parse('2026-03-02T23:59:59Z');
  const visits = createRecentVisits({ withinMs: 10_000 }, () => now);
  visits.isRepeated(ANNA);
  now += 2_000;
  expect(visits.isRepeated(ANNA)).toBe(false);
});

it('forgets the oldest when there are too many', () => {
  const visits = createRecentVisits({ withinMs: 10_000, most: 100 }, () => START);
  visits.isRepeated(ANNA);
  for (let index = 0; index < 100; index += 1) {
    visits.isRepeated({ ...ANNA, address: `198.51.100.${index}` });
  }
  expect(visits.isRepeated(ANNA)).toBe(false);
  expect(visits.isRepeated({ ...ANNA, address: '198.51.100.99' })).toBe(true);
});
