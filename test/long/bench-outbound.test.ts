import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Its figures on a busy machine mean nothing: that it runs and reports is what is tested. */
it('delivers few events and reports every figure', async () => {
  const args = ['scripts/bench-outbound.ts', '--small'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 200_000 });
  expect(stdout).toContain('200 events, each to one of 20 receivers of which 2 hang.');
  expect(stdout).toMatch(/^ {2}Baton \/ bare {2}\d+\.\d\d$/m);
  expect(stdout).toMatch(/^ {2}p50 \d+ {2}p95 \d+ {2}p99 \d+$/m);
}, 240_000);
