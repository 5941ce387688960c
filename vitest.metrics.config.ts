import { defineConfig } from 'vitest/config';
import { PATIENCE } from './vitest.config.ts';

/** `npm run test:metrics`: sources of readings against real servers, installed the first time. */
export default defineConfig({
  test: {
    ...PATIENCE,
    name: 'metrics',
    include: ['test/metrics/**/*.test.ts'],
    globalSetup: ['test/support/stack-global-setup.ts'],
    pool: 'forks',
    hookTimeout: 900_000,
  },
});
