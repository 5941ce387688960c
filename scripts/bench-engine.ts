/** `npm run bench:engine`: what a command costs in Baton, beside bare Temporal on the same server. */
import { writeFileSync } from 'node:fs';
import type { BenchStack } from './bench/bench-stack.ts';
import {
  exitCodeOf,
  machineOfToday,
  onBenchStack,
  optionsOf,
  wholeNumber,
} from './bench/command-line.ts';
import { profileApi } from './bench/profile.ts';
import { renderProfile, renderReport } from './bench/report.ts';
import { runRounds } from './bench/run.ts';

const usage = `npm run bench:engine -- [options]
  --rounds <n>    rounds, each with every variant; default 5
  --items <n>     items per variant, round and concurrency (three times as many at 8); default 10
  --json <file>   write every figure as JSON
  --profile <dir> then profile the API on the same stack: a summary here, the profile in <dir>
  --help          show this`;

/** Enough for the just-in-time compilers and the caches of every program. */
const WARM_UP_ITEMS = 8;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const values = optionsOf({
    rounds: { type: 'string', default: '5' },
    items: { type: 'string', default: '10' },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const rounds = wholeNumber('--rounds', values.rounds, { from: 1, to: 100 });
  const items = wholeNumber('--items', values.items, { from: 1, to: 1_000 });
  const statementStatistics = values.profile !== undefined;
  const measured = await onBenchStack({ statementStatistics }, (stack) =>
    measure(stack, { rounds, items, json: values.json, profileInto: values.profile }),
  );
  return measured === null ? 130 : 0;
}

async function measure(
  stack: BenchStack,
  {
    rounds,
    items,
    json,
    profileInto: directory,
  }: {
    rounds: number;
    items: number;
    json: string | undefined;
    profileInto: string | undefined;
  },
): Promise<void> {
  const { results, blocks, variants } = await runRounds(stack, {
    rounds,
    items,
    warmUpItems: Math.min(WARM_UP_ITEMS, items),
    progress: (line) => console.log(line),
  });
  const profile =
    directory === undefined
      ? null
      : await profileApi(stack, { directory, items, warmUpItems: WARM_UP_ITEMS });
  const heading = [
    `Twelve commands per item, ${rounds} rounds, ${items} items a round alone and ${items * 3} at 8.`,
    `${machineOfToday()}.`,
  ].join('\n');
  console.log(`\n${renderReport(results, { variants, heading })}`);
  if (profile !== null) console.log(`\n${renderProfile(profile)}`);
  if (json !== undefined) {
    const { version: node } = process;
    const machine = machineOfToday();
    const report = { date: new Date().toISOString(), node, machine, rounds, items };
    writeFileSync(json, `${JSON.stringify({ ...report, ...results, blocks }, null, 2)}\n`);
  }
}
