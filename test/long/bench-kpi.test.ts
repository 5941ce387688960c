import { expect, it } from 'vitest';
import { KPI_SCENARIOS } from '../../scripts/bench/kpi/scenarios.ts';
import { leftBehind, runBench } from '../support/bench-run.ts';

/** Every figure of each scenario, as its table names it. */
const FIGURES: Record<string, readonly string[]> = {
  'roll-up': [
    'sums compared with those of SQL',
    'of them different',
    'first answer after the import, ms',
    'GET /v1/campaigns/{id}: what any answer takes, p50 ms',
    ...besideSql('GET /v1/campaigns/cmp_bench/kpis'),
    ...besideSql('GET /v1/items/{id}/kpi-review'),
  ],
  'csv-import': [
    'COPY, rows/s',
    'import, rows/s',
    'import of COPY',
    'INSERT of the same readings, rows/s',
    'import of INSERT',
    'the same file again, rows/s',
    'peak of the API, MiB',
    'growth in the second half, MiB',
  ],
  'checkpoint-storm': [
    'lost',
    'stored twice',
    'requests above the limit',
    'requests',
    'most in any five minutes',
    'looks',
    'answered after, p50 minutes of 60',
    'answered after, p99 minutes of 60',
  ],
};

function besideSql(what: string): string[] {
  return ['p50', 'p99'].flatMap((share) => [
    `${what}, ${share} ms`,
    `plain SQL of the same sums, ${share} ms`,
    `ratio, ${share}`,
  ]);
}

/** The lines of a scenario's table: figure, what was measured, its target, whether it is met. */
function tableOf(output: string, name: string): string[][] {
  const [, after = ''] = output.split(`\n${name}: `);
  const [, rows = ''] = after.split(/\n-[- ]+\n/);
  const lines = rows.split('\n').map((line) => line.trim().split(/ {2,}/));
  // What is printed after it has one column.
  const end = lines.findIndex((columns) => columns.length < 2);
  return end === -1 ? lines : lines.slice(0, end);
}

/** Its times on a busy machine mean nothing: that it runs, reports and cleans up is what is tested. */
it('prints a table of each scenario, reports every figure, and leaves nothing behind', async () => {
  const run = await runBench('bench-kpi.ts', () => ['--small']);
  const { code, output, children } = run;
  expect(KPI_SCENARIOS.map(({ name }) => name)).toEqual(Object.keys(FIGURES));
  const missed: string[] = [];
  for (const { name, says } of KPI_SCENARIOS) {
    expect(output).toContain(`\n${name}: ${says}\n`);
    const rows = tableOf(output, name);
    expect(
      rows.map(([figure]) => figure),
      output,
    ).toEqual(FIGURES[name]);
    for (const [figure = '', measured] of rows) expect(measured, figure).toMatch(/^\d/);
    missed.push(...rows.filter((row) => row.at(-1) === 'MISSED').map(([figure = '']) => figure));
  }
  expect(output.match(/load average [\d.]+ before/g)).toHaveLength(KPI_SCENARIOS.length);
  // On a machine that is too busy a checkpoint passes its window, and the benchmark says so.
  expect(missed.filter((figure) => figure !== 'lost')).toEqual([]);
  expect(code, output).toBe(missed.length === 0 ? 0 : 1);
  expect(children.size).toBeGreaterThan(4);
  expect(await leftBehind(run)).toEqual([]);
}, 600_000);

it.each([
  [['--only', 'nothing'], '--only: there is no scenario "nothing"'],
  [['--only'], "'--only <value>' argument missing"],
  [['--small', '--rounds', '2'], "Unknown option '--rounds'"],
  [['roll-up'], "Unexpected argument 'roll-up'"],
])('refuses %j before anything is started', async (options, message) => {
  const run = await runBench('bench-kpi.ts', () => options);
  expect(run.code).toBe(1);
  expect(run.output).toContain(message);
  expect(run.output).not.toContain('Copying');
  expect(run.children.size).toBe(0);
  expect(await leftBehind(run)).toEqual([]);
});
