import { join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { SlowFirst } from './test/support/slow-first.ts';

/** Ends only what hangs: no verdict may depend on how busy the machine is. */
export const PATIENCE = {
  testTimeout: 240_000,
  hookTimeout: 240_000,
  expect: { poll: { timeout: 60_000 } },
};

/** Modules hold no state, so that the files of a worker share them: loading took a third of the work. */
const SHARED_MODULES = { isolate: false };

/** For the programs that tests start as processes. */
export const QUICK_PROGRAMS = {
  // They find each other's compiled code.
  NODE_COMPILE_CACHE: join(import.meta.dirname, '.baton', 'cache', 'node'),
  NODE_OPTIONS: `--import=${new URL('test/support/quick-packages.mjs', import.meta.url)}`,
};

/** They bundle and replay release after release, so they are of `npm run test:long`. */
export const REPLAYS_OF_RELEASES = 'test/replay/{admitted,harmless-looking}.test.ts';

const services = {
  ...PATIENCE,
  env: QUICK_PROGRAMS,
  globalSetup: ['test/support/stack-global-setup.ts'],
  pool: 'forks',
  // They wait for leases, slots and graces, or for the stacks they start, more than they compute: so many
  // keep two cores busy.
  maxWorkers: 6,
  maxConcurrency: 12,
  sequence: { groupOrder: 1 },
} satisfies TestProjectInlineConfiguration['test'];

export default defineConfig({
  test: {
    sequence: { sequencer: SlowFirst },
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
          // They compute all the time.
          maxWorkers: 3,
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
          exclude: [REPLAYS_OF_RELEASES],
        },
      },
      {
        test: {
          ...services,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          setupFiles: ['test/support/answers-setup.ts'],
        },
      },
    ],
  },
});
