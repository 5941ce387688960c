/**
 * `npm test`: the whole suite, with `N passed, N failed` as its last line.
 * Arguments go to vitest: `npm test -- --project pure`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';

/** What vitest's JSON reporter says that is needed here. */
const Results = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string().default(''),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

const root = dirname(import.meta.dirname);
const directory = mkdtempSync(join(tmpdir(), 'baton-test-'));
const file = join(directory, 'results.json');
const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => vitest.kill(signal));
const [code] = await once(vitest, 'exit');
const results = readResults();
rmSync(directory, { recursive: true, force: true });
const { passed, failed } = count(code === 0);
listFailures();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && code === 0 ? 0 : 1;

function readResults(): z.infer<typeof Results> | undefined {
  try {
    return Results.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** A file that does not load, and a run that ends badly without a failed test, count as one failure. */
function count(endedWell: boolean): { passed: number; failed: number } {
  if (results === undefined) return { passed: 0, failed: 1 };
  const failed = results.numFailedTests + results.testResults.filter(isBroken).length;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && !(endedWell && results.success) ? 1 : failed,
  };
}

/** Failed without a failed test: the file does not load, or a hook of it threw. */
function isBroken({
  status,
  assertionResults,
}: z.infer<typeof Results>['testResults'][number]): boolean {
  return status === 'failed' && assertionResults.every((test) => test.status !== 'failed');
}

/** One line per failure, last of all: who sees only the end of a long log still learns which. */
function listFailures(): void {
  for (const result of results?.testResults ?? []) {
    const path = relative(root, result.name);
    if (isBroken(result)) console.log(`FAILED ${path}: ${firstLine(result.message)}`);
    for (const test of result.assertionResults) {
      if (test.status !== 'failed') continue;
      const [message = ''] = test.failureMessages ?? [];
      console.log(`FAILED ${path} > ${test.fullName}: ${firstLine(message)}`);
    }
  }
}

function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').slice(0, 300);
}
