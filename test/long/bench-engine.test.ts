import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leftBehind, runBench } from '../support/bench-run.ts';

/** Its figures on a busy machine mean nothing: that it runs, reports and cleans up is what is tested. */
it('measures one item a variant, reports every figure, and leaves nothing behind', async () => {
  const options = ['--rounds', '1', '--items', '1'];
  const run = await runBench('bench-engine.ts', (directory) => [
    ...options,
    '--profile',
    directory,
    '--json',
    join(directory, 'results.json'),
  ]);
  const { code, output, children, directory } = run;
  expect(code, output).toBe(0);
  expect(output).toMatch(/accepted \(d\) \/ \(a\)/);
  expect(output).toMatch(/history events until published .*≤ 80 +met/);
  expect(output).toMatch(/statements of PostgreSQL/);
  const results = JSON.parse(readFileSync(join(directory, 'results.json'), 'utf8'));
  expect(results.variants).toHaveLength(8);
  expect(results.blocks).toHaveLength(8);
  expect(children.size).toBeGreaterThan(4);
  expect(await leftBehind(run)).toEqual([]);
}, 240_000);

it('refuses a number that is none, by the name of its option', async () => {
  const { code, output } = await runBench('bench-engine.ts', () => ['--rounds', 'many']);
  expect(code).toBe(1);
  expect(output).toContain('--rounds must be a whole number from 1 to 100, not "many"');
});
