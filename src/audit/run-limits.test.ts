import { describe, expect, it } from 'vitest';
import { ITEM_BYTES } from '../domain/item/size.ts';
import { limitsNear } from './run-limits.ts';

const SMALL = { historyEvents: 8_100, historyBytes: 8_100_000, stateBytes: 9_000 };

describe('limitsNear', () => {
  it.each([
    ['a run that is about to continue', SMALL, []],
    ['one whose state nobody knows', { ...SMALL, stateBytes: null }, []],
    ['events', { ...SMALL, historyEvents: 20_000 }, ['historyEvents']],
    ['bytes', { ...SMALL, historyBytes: 20_000_000 }, ['historyBytes']],
    ['the state', { ...SMALL, stateBytes: ITEM_BYTES }, ['stateBytes']],
  ])('%s', (_, size, near) => {
    expect(limitsNear(size)).toEqual(near);
  });
});
