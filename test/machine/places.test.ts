import { describe, expect, it } from 'vitest';
import { PLACES } from '../../src/domain/item/stages.ts';
import { RUN_AT } from './item-journeys.ts';

describe('every place of the machine', () => {
  it.each(PLACES)('%s is reached by commands and time', (place) => {
    expect(RUN_AT[place]().place).toBe(place);
  });
});
