import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { descendantsOf, isRunning, until } from '../support/stack-local.ts';

/** Its figures on a busy machine mean nothing: that it runs, reports and cleans up is what is tested. */
it('raises one small storm a variant, reports every figure, and leaves nothing behind', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'baton test-storm-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const json = join(directory, 'results.json');
  const options = ['--posts', '4', '--rounds', '1', '--accounts', '2', '--waiting', '3'];
  const bench = spawn(
    process.execPath,
    ['scripts/bench-due-storm.ts', ...options, '--json', json],
    { env: { ...process.env, TMPDIR: directory }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void bench.kill('SIGKILL'));
  let output = '';
  const children = new Set<number>();
  for (const stream of [bench.stdout, bench.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const pid of descendantsOf(bench.pid ?? 0)) children.add(pid);
    });
  }
  const [code] = await once(bench, 'close');
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
  const results = JSON.parse(readFileSync(json, 'utf8'));
  expect(results.storms).toHaveLength(2);
  expect(results.sound).toBe(true);
  expect(results.waiting.memory.map(({ part }: { part: string }) => part)).toContain('Baton API');
  expect(children.size).toBeGreaterThan(4);
  await until(
    () => ![...children].some(isRunning),
    () => 'a process of the benchmark still runs',
  );
  expect(readdirSync(directory).filter((name) => name.startsWith('baton-bench-'))).toEqual([]);
}, 240_000);

it.each([
  [['--posts', '0'], '--posts must be a whole number from 1 to 20000, not "0"'],
  [['--rounds', 'many'], '--rounds must be a whole number from 1 to 100, not "many"'],
  [['--waiting'], "'--waiting <value>' argument missing"],
  [['--speed', '1'], "Unknown option '--speed'"],
])('refuses %j before anything is started', async (options, message) => {
  const bench = spawn(process.execPath, ['scripts/bench-due-storm.ts', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [bench.stdout, bench.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = await once(bench, 'close');
  expect(code).toBe(1);
  expect(said).toContain(message);
  expect(said).not.toContain('Starting');
});
