import { describe, it } from 'vitest';
import { checkBurst } from '../support/webhook-burst.ts';

describe('a subscriber', () => {
  it('hears every event of a burst in order, while a worker is killed', () =>
    checkBurst({ kills: 1 }));
});
