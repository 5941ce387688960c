import { join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Ends only what hangs: no verdict may depend on how busy the machine is. */
const PATIENCE = {
  testTimeout: 240_000,
  hookTimeout: 240_000,
  expect: { poll: { timeout: 60_000 } },
};

/** Modules hold no state, so that the files of a worker share them: loading took a third of the work. */
const SHARED_MODULES = { isolate: false };

const services = {
  ...PATIENCE,
  // The programs that tests start as processes find each other's compiled code.
  env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.baton', 'cache', 'node') },
  globalSetup: ['test/support/stack-global-setup.ts'],
  pool: 'forks',
} satisfies TestProjectInlineConfiguration['test'];

export default defineConfig({
  test: {
    // Two cores are enough for the whole suite; more make the services the bottleneck.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'pure',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/{machine,repository}/**/*.test.ts',
          ],
          ...PATIENCE,
          ...SHARED_MODULES,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...services,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          setupFiles: ['test/support/answers-setup.ts'],
          ...SHARED_MODULES,
          // They wait for leases, slots and graces more than they compute.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...services,
          name: 'replay',
          // `npm run histories:record` runs the recorder instead.
          include: [
            process.env['RECORD_HISTORIES'] === '1'
              ? 'test/replay/record-histories.ts'
              : 'test/replay/**/*.test.ts',
          ],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...services,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          setupFiles: ['test/support/answers-setup.ts'],
          // Each file runs whole stacks of its own, which spend much of their time waiting.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
