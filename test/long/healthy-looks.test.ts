import { expect, it } from 'vitest';
import { checkHealthyRuns } from '../support/healthy-runs.ts';

/** Items of a workspace, of which some are sent at any time. `HEALTHY_ITEMS=200` takes ten minutes. */
const ITEMS = Number(process.env['HEALTHY_ITEMS'] ?? 40);
const SEED = Number(process.env['HEALTHY_SEED'] ?? 11);
const ROUNDS = 4;
const LOOKS = 100;

it(`finds nothing at ${LOOKS} looks at ${ITEMS} items in all stages, some of them on their way (issue 11)`, async () => {
  const items = Math.ceil(ITEMS / 20);
  const looks = await checkHealthyRuns({
    items,
    rounds: ROUNDS,
    seed: SEED,
    resting: ITEMS - items * ROUNDS,
    looks: LOOKS / ROUNDS,
  });
  expect(looks).toBeGreaterThanOrEqual(LOOKS);
}, 1_200_000);
