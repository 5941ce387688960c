/** `npm run reliability -- R1 R2 …`: lines of the scorecard, on real processes with real faults. */
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { listenForInterruption } from './local/interruption.ts';
import type { TemporaryStack } from './local/temporary-stack.ts';
import type { Line, LineResult } from './reliability/line.ts';
import { LINES } from './reliability/lines.ts';
import { renderResult, versionOf } from './reliability/report.ts';
import { isAsWanted, runLine, startReliabilityStack } from './reliability/run-line.ts';

const usage = `npm run reliability -- <line> … [options]
${Object.values(LINES)
  .map(({ id, full, title }) => `  ${id}             ${full} ${title}`)
  .join('\n')}
  --control      run each line without its protection: it must then fail
  --small        as few operations as show anything
  --n <n>        so many operations in each line
  --seed <n>     which faults, in which order; printed; random when left out
  --json <file>  write every result as JSON
  --help         show this`;

const DEFAULT_SEEDS = 1_000_000;

/** What the user wrote cannot be done; its message says why. */
class UsageError extends Error {}

const INTERRUPTED = 130;

const code = await main().catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  return error instanceof UsageError ? 2 : 1;
});
// A line that was interrupted would go on waiting for its deadlines.
if (code === INTERRUPTED) process.exit(code);
process.exitCode = code;

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const lines = positionals.map(lineNamed);
  if (lines.length === 0) throw new UsageError(`name at least one line\n\n${usage}`);
  const seed =
    values.seed === undefined
      ? Math.floor(Math.random() * DEFAULT_SEEDS)
      : wholeNumber('--seed', values.seed, { from: 0, to: 2 ** 31 });
  const n = values.n === undefined ? null : wholeNumber('--n', values.n, { from: 1, to: 100_000 });
  const version = versionOf();
  console.log(`Baton ${version}, ${new Date().toISOString()}, Node ${process.version}`);
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${platform()} ${arch()}`);
  const interruption = listenForInterruption();
  const starting = startReliabilityStack();
  const stack = await Promise.race([starting, interruption.asked]);
  if (typeof stack === 'string') {
    console.log(`\n${stack}: stopping …`);
    await starting.then(({ stop }) => stop()).catch(() => {});
    return INTERRUPTED;
  }
  try {
    const { small, control } = values;
    const running = runLines(stack, lines, { seed, n, small, control, version });
    const results = await Promise.race([running, interruption.asked]);
    if (typeof results === 'string') {
      running.catch(() => {});
      console.log(`\n${results}: stopping …`);
      return INTERRUPTED;
    }
    if (values.json !== undefined) {
      const report = { version, date: new Date().toISOString(), node: process.version, results };
      writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
    }
    return results.every(isAsWanted) ? 0 : 1;
  } finally {
    await stack.stop();
    interruption.dispose();
  }
}

async function runLines(
  stack: TemporaryStack,
  lines: readonly Line[],
  {
    seed,
    n,
    small,
    control,
    version,
  }: { seed: number; n: number | null; small: boolean; control: boolean; version: string },
): Promise<LineResult[]> {
  const results: LineResult[] = [];
  for (const line of lines) {
    const result = await runLine(stack, line, {
      n: n ?? (small ? line.small : line.full),
      seed,
      control,
      progress: (text) => console.log(`${line.id}: ${text}`),
    });
    console.log(`\n${renderResult(line, result, version)}\n`);
    results.push(result);
  }
  return results;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        control: { type: 'boolean', default: false },
        small: { type: 'boolean', default: false },
        n: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

function lineNamed(name: string): Line {
  const line = Object.values(LINES).find(({ id }) => id === name.toUpperCase());
  if (line !== undefined) return line;
  throw new UsageError(`there is no line "${name}": ${Object.keys(LINES).join(', ')}`);
}

/** @throws UsageError naming the option. */
function wholeNumber(option: string, text: string, { from, to }: { from: number; to: number }) {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= from && value <= to) return value;
  throw new UsageError(`${option} must be a whole number from ${from} to ${to}, not "${text}"`);
}
