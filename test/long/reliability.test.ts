import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TemporaryStack } from '../../scripts/local/temporary-stack.ts';
import { LINES } from '../../scripts/reliability/lines.ts';
import { renderResult } from '../../scripts/reliability/report.ts';
import { isAsWanted, runLine, startReliabilityStack } from '../../scripts/reliability/run-line.ts';

/** Fixed, so that a red run can be repeated; any other may be tried. */
const seed = Number(process.env['RELIABILITY_SEED'] ?? 1);
const LINE_MS = 900_000;
/**
 * These end servers, cut connections or write tens of thousands of rows: beside the others they would
 * measure the machine. `npm run reliability` runs them one after the other.
 */
const ALONE: ReadonlySet<string> = new Set(['R7', 'R8', 'R9', 'R10', 'R12', 'R13', 'R14', 'R24']);

/** The lines wait most of their time, for leases and deadlines that no test may shorten: so they wait together. */
describe.concurrent('the lines of the scorecard, as small as they show anything', () => {
  let stack: TemporaryStack;
  beforeAll(async () => {
    stack = await startReliabilityStack();
  }, 120_000);
  afterAll(() => stack?.stop(), 120_000);

  async function check(id: keyof typeof LINES, control: boolean): Promise<void> {
    const line = LINES[id];
    const result = await runLine(stack, line, { n: line.small, seed, control, progress: () => {} });
    expect(isAsWanted(result), renderResult(line, result, 'in test')).toBe(true);
  }

  for (const { id, target, protection } of Object.values(LINES)) {
    if (ALONE.has(id)) continue;
    it(`${id}: ${target}`, () => check(id, false), LINE_MS);
    it(`${id} fails without ${protection}`, () => check(id, true), LINE_MS);
  }
});

describe('the command', () => {
  it.each([
    [['R99'], 'there is no line "R99"'],
    [['R1', '--n', 'many'], '--n must be a whole number from 1 to 100000, not "many"'],
    [['R1', '--fast'], '--fast'],
    [[], 'name at least one line'],
  ])('refuses %j by name', (args, message) => {
    const command = ['scripts/reliability.ts', ...args];
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});
