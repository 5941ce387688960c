import { defineConfig } from 'vitest/config';

/** `npm run test:metrics`: sources of readings against real servers, installed the first time. */
export default defineConfig({
  test: {
    name: 'metrics',
    include: ['test/metrics/**/*.test.ts'],
    globalSetup: ['test/support/stack-global-setup.ts'],
    pool: 'forks',
    testTimeout: 240_000,
    hookTimeout: 900_000,
  },
});
