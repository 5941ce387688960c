import { defineConfig } from 'vitest/config';
import { PATIENCE, QUICK_PROGRAMS, REPLAYS_OF_RELEASES } from './vitest.config.ts';

/**
 * `npm run test:long`: a small run of each line of the scorecard with its negative control, releases
 * that looked harmless, and each benchmark with the smallest numbers. They wait for leases and
 * deadlines that no test may shorten.
 */
export default defineConfig({
  test: {
    ...PATIENCE,
    name: 'long',
    include: ['test/long/**/*.test.ts', REPLAYS_OF_RELEASES],
    env: QUICK_PROGRAMS,
    // Of those that look at runs of their own; the others start stacks.
    globalSetup: ['test/support/stack-global-setup.ts'],
    pool: 'forks',
    // Each file runs a stack of its own, whose programs need both cores.
    fileParallelism: false,
  },
});
