import type { Line } from '../line.ts';
import { runAcceptThenFail } from './accept-then-fail.ts';

export const R4: Line = {
  id: 'R4',
  title: 'publishes, 30 % accepted and then failed in 5 ways, on networks that honour no key',
  target: 'none twice, none lost; left open are exactly those that nothing proves, with evidence',
  protection: 'that nothing is sent again in doubt',
  full: 500,
  small: 20,
  run: (stack, options) =>
    runAcceptThenFail(stack, options, {
      name: 'R4',
      accounts: [
        { settings: { idempotency: 'match' }, rate: 0.2, unlistedRate: 0.1 },
        { settings: { idempotency: 'none' }, rate: 0.3, unlistedRate: 0 },
      ],
      // A post that failed is proven by the look-up alone: where there is none, or it does not show it, by nothing.
      isUnprovable: ({ faults }, { idempotency }) =>
        faults.some((one) => idempotency === 'none' || one.listedAfterMs !== undefined),
    }),
};
