import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leftBehind, runBench } from '../support/bench-run.ts';

/** Its figures on a busy machine mean nothing: that it runs, reports and cleans up is what is tested. */
it('raises one small storm a variant, reports every figure, and leaves nothing behind', async () => {
  const options = ['--posts', '4', '--rounds', '1', '--accounts', '2', '--waiting', '3'];
  const run = await runBench('bench-due-storm.ts', (directory) => [
    ...options,
    '--json',
    join(directory, 'results.json'),
  ]);
  const { code, output, children, directory } = run;
  expect(code, output).toBe(0);
  expect(output).toContain('4 posts due in the same second over 2 accounts, 1 rounds.');
  expect(output).toMatch(/load average [\d.]+ before/);
  expect(output).toMatch(/not sent one by one/);
  expect(output).toMatch(/^bare workflow: .*( +[\d.]+){5} +0 +0 +0$/m);
  expect(output).toMatch(/^Baton: .*( +[\d.]+){5} +0 +0 +0$/m);
  expect(output).toMatch(/^posts\/s Baton \/ bare( +[\d.]+){3} +≥ 0.5 +(met|MISSED)$/m);
  expect(output).toMatch(/^bare +2 +1 +0 +\d+$/m);
  expect(output).toMatch(/^3 items wait for slots, MiB/m);
  expect(output).toMatch(/^Baton worker( +[-\d.]+){3}$/m);
  const results = JSON.parse(readFileSync(join(directory, 'results.json'), 'utf8'));
  expect(results.storms).toHaveLength(2);
  expect(results.sound).toBe(true);
  expect(results.waiting.memory.map(({ part }: { part: string }) => part)).toContain('Baton API');
  expect(children.size).toBeGreaterThan(4);
  expect(await leftBehind(run)).toEqual([]);
}, 240_000);

it.each([
  [['--posts', '0'], '--posts must be a whole number from 1 to 20000, not "0"'],
  [['--rounds', 'many'], '--rounds must be a whole number from 1 to 100, not "many"'],
  [['--waiting'], "'--waiting <value>' argument missing"],
  [['--speed', '1'], "Unknown option '--speed'"],
])('refuses %j before anything is started', async (options, message) => {
  const { code, output, children } = await runBench('bench-due-storm.ts', () => options);
  expect(code).toBe(1);
  expect(output).toContain(message);
  expect(output).not.toContain('Starting');
  expect(children.size).toBe(0);
});
