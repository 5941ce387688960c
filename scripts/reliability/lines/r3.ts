import type { Line } from '../line.ts';
import { runAcceptThenFail } from './accept-then-fail.ts';

const WINDOW_MS = 3_600_000;

export const R3: Line = {
  id: 'R3',
  title: 'publishes, 30 % accepted and then failed in 5 ways, on networks that honour a key',
  target: 'every post out once, none lost, none left open',
  protection: 'the look-up after an unknown outcome, and the one key of a post',
  full: 500,
  small: 20,
  run: (stack, options) =>
    runAcceptThenFail(stack, options, {
      name: 'R3',
      accounts: [
        { settings: {}, rate: 0.25, unlistedRate: 0.05 },
        {
          settings: { idempotency: 'exact_for', windowMs: WINDOW_MS },
          rate: 0.25,
          unlistedRate: 0.05,
        },
      ],
      isUnprovable: () => false,
    }),
};
