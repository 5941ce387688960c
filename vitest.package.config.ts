import { defineConfig } from 'vitest/config';
import { PATIENCE } from './vitest.config.ts';

/** `npm run test:package`: packs the packages and installs them as a stranger would, with npm's registry. */
export default defineConfig({
  test: {
    ...PATIENCE,
    name: 'package',
    include: ['test/package/**/*.test.ts'],
    globalSetup: ['test/package/packed-global-setup.ts'],
    pool: 'forks',
    // Each installs and starts a whole stack.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
