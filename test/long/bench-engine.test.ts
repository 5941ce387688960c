import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { descendantsOf, isRunning, until } from '../support/stack-local.ts';

/** Its figures on a busy machine mean nothing: that it runs, reports and cleans up is what is tested. */
it('measures one item a variant, reports every figure, and leaves nothing behind', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'baton test-bench-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const json = join(directory, 'results.json');
  const options = ['--rounds', '1', '--items', '1', '--json', json, '--profile', directory];
  const bench = spawn(process.execPath, ['scripts/bench-engine.ts', ...options], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
  expect(output).toMatch(/accepted \(d\) \/ \(a\)/);
  expect(output).toMatch(/history events until published .*≤ 80 +met/);
  expect(output).toMatch(/statements of PostgreSQL/);
  const results = JSON.parse(readFileSync(json, 'utf8'));
  expect(results.variants).toHaveLength(8);
  expect(results.blocks).toHaveLength(8);
  expect(children.size).toBeGreaterThan(4);
  await until(
    () => ![...children].some(isRunning),
    () => 'a process of the benchmark still runs',
  );
  expect(readdirSync(directory).filter((name) => name.startsWith('baton-bench-'))).toEqual([]);
}, 240_000);

it('refuses a number that is none, by the name of its option', async () => {
  const bench = spawn(process.execPath, ['scripts/bench-engine.ts', '--rounds', 'many'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  bench.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = await once(bench, 'close');
  expect(code).not.toBe(0);
  expect(errors).toContain('--rounds must be a whole number from 1 to 100, not "many"');
});
