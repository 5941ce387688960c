/** `npm run bench:engine`: what a command costs in Baton, beside bare Temporal on the same server. */
import { writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { type BenchStack, startBenchStack } from './bench/bench-stack.ts';
import { profileApi } from './bench/profile.ts';
import { renderProfile, renderReport } from './bench/report.ts';
import { runRounds } from './bench/run.ts';
import { listenForInterruption } from './local/interruption.ts';

const usage = `npm run bench:engine -- [options]
  --rounds <n>    rounds, each with every variant; default 5
  --items <n>     items per variant, round and concurrency (three times as many at 8); default 10
  --json <file>   write every figure as JSON
  --profile <dir> then profile the API on the same stack: a summary here, the profile in <dir>
  --help          show this`;

/** Enough for the just-in-time compilers and the caches of every program. */
const WARM_UP_ITEMS = 8;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    items: { type: 'string', default: '10' },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** What the user wrote cannot be done; its message says why. */
class UsageError extends Error {}

if (values.help) console.log(usage);
else
  process.exitCode = await main().catch((error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    return 1;
  });

async function main(): Promise<number> {
  const rounds = wholeNumber('--rounds', values.rounds, 100);
  const items = wholeNumber('--items', values.items, 1_000);
  const interruption = listenForInterruption();
  console.log('Starting PostgreSQL, Temporal, two workers and the API …');
  const starting = startBenchStack({ statementStatistics: values.profile !== undefined });
  const stack = await Promise.race([starting, interruption.asked]);
  if (typeof stack === 'string') {
    console.log(`\n${stack}: stopping …`);
    await starting.then(({ stop }) => stop()).catch(() => {});
    return 130;
  }
  try {
    const measuring = measure(stack, { rounds, items });
    const ended = await Promise.race([measuring, interruption.asked]);
    if (typeof ended !== 'string') return 0;
    measuring.catch(() => {});
    console.log(`\n${ended}: stopping …`);
    return 130;
  } finally {
    await stack.stop();
    interruption.dispose();
  }
}

async function measure(
  stack: BenchStack,
  { rounds, items }: { rounds: number; items: number },
): Promise<void> {
  const { results, blocks, variants } = await runRounds(stack, {
    rounds,
    items,
    warmUpItems: Math.min(WARM_UP_ITEMS, items),
    progress: (line) => console.log(line),
  });
  const profile =
    values.profile === undefined
      ? null
      : await profileApi(stack, { directory: values.profile, items, warmUpItems: WARM_UP_ITEMS });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${platform()} ${arch()}`;
  const heading = [
    `Twelve commands per item, ${rounds} rounds, ${items} items a round alone and ${items * 3} at 8.`,
    `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${machine}.`,
  ].join('\n');
  console.log(`\n${renderReport(results, { variants, heading })}`);
  if (profile !== null) console.log(`\n${renderProfile(profile)}`);
  if (values.json !== undefined) {
    const report = {
      date: new Date().toISOString(),
      node: process.version,
      machine,
      rounds,
      items,
    };
    writeFileSync(values.json, `${JSON.stringify({ ...report, ...results, blocks }, null, 2)}\n`);
  }
}

/** @throws UsageError naming the option. */
function wholeNumber(option: string, text: string, to: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= to) return value;
  throw new UsageError(`${option} must be a whole number from 1 to ${to}, not "${text}"`);
}
