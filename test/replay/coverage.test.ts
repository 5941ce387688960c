import { expect, it } from 'vitest';
import { missingOf, missingRecordings, WANTED } from './coverage.ts';

it('nothing that a run can do is without a recording', () => {
  expect(missingRecordings()).toEqual([]);
});

it('what has none is named', () => {
  const all = new Set(WANTED);
  all.delete('command hold');
  expect(missingOf([all])).toEqual(['command hold']);
});
