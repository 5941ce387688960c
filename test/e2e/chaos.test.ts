import { describe, it } from 'vitest';
import { livesThroughChaos } from '../support/chaos.ts';

/** Each component is killed once; `npm run test:long` has more items, and two kills of each. */
describe('kill -9 at random', () => {
  it(
    '8 items and more finish, each command has one verdict, each post is out once',
    () => livesThroughChaos({ items: 8, kills: 4 }),
    420_000,
  );
});
