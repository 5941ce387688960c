import { defineConfig } from 'vitest/config';
import { PATIENCE } from './vitest.config.ts';

/** `npm run test:bluesky`: against a real personal data server, which it installs the first time. */
export default defineConfig({
  test: {
    ...PATIENCE,
    name: 'bluesky',
    include: ['test/bluesky/**/*.test.ts'],
    globalSetup: ['test/support/stack-global-setup.ts', 'test/bluesky/pds-global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
});
