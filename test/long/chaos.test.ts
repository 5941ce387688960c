import { describe, it } from 'vitest';
import { livesThroughChaos } from '../support/chaos.ts';

/** What `npm test` has with eight items and one kill of each component. */
describe('kill -9 at random', () => {
  it(
    '20 items and more finish, each command has one verdict, each post is out once',
    () => livesThroughChaos({ items: 20, kills: 8 }),
    420_000,
  );
});
