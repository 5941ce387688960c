import { it } from 'vitest';
import { checkBurst } from '../support/webhook-burst.ts';

/** What `npm test` has with one kill. */
it('a subscriber hears every event of a burst in order, while workers are killed', () =>
  checkBurst({ kills: 3 }));
