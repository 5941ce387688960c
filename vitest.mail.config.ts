import { defineConfig } from 'vitest/config';
import { PATIENCE } from './vitest.config.ts';

/** `npm run test:mail`: against a real SMTP server, which it installs the first time. */
export default defineConfig({
  test: {
    ...PATIENCE,
    name: 'mail',
    include: ['test/mail/**/*.test.ts'],
    globalSetup: ['test/support/stack-global-setup.ts'],
    pool: 'forks',
    hookTimeout: 900_000,
  },
});
