import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const services = {
  globalSetup: ['test/support/stack-global-setup.ts'],
  pool: 'forks',
  hookTimeout: 60_000,
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
          // Property tests on a busy machine; nothing here waits for anything.
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...services,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          // They wait for leases, slots and graces more than they compute.
          maxWorkers: 3,
          testTimeout: 30_000,
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
          testTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...services,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Each file runs whole stacks and kills them: one at a time.
          fileParallelism: false,
          testTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
