import { defineConfig } from 'vitest/config';

/** `npm run test:mail`: against a real SMTP server, which it installs the first time. */
export default defineConfig({
  test: {
    name: 'mail',
    include: ['test/mail/**/*.test.ts'],
    globalSetup: ['test/support/stack-global-setup.ts'],
    pool: 'forks',
    testTimeout: 240_000,
    hookTimeout: 900_000,
  },
});
