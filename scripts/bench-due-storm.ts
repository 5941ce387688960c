/** `npm run bench:due-storm`: how late posts are that are all due at once, beside bare Temporal on the same server. */
import { writeFileSync } from 'node:fs';
import {
  exitCodeOf,
  loadOfMachine,
  machineOfToday,
  onBenchStack,
  optionsOf,
  wholeNumber,
} from './bench/command-line.ts';
import { renderStorms, renderWaiting } from './bench/storm-report.ts';
import { summariseStorms } from './bench/storm-results.ts';
import { runStorms } from './bench/storm-rounds.ts';
import { measureWaiting } from './bench/waiting-memory.ts';

const usage = `npm run bench:due-storm -- [options]
  --posts <n>     posts due in the same second, per variant and round; default 1000
  --rounds <n>    rounds, each with both variants; default 3
  --accounts <n>  channel accounts that the posts are spread over; default 5
  --waiting <n>   items that wait for slots while memory is measured; default 5000, 0 leaves it out
  --json <file>   write every figure as JSON
  --help          show this`;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const values = optionsOf({
    posts: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
    accounts: { type: 'string', default: '5' },
    waiting: { type: 'string', default: '5000' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const posts = wholeNumber('--posts', values.posts, { from: 1, to: 20_000 });
  const rounds = wholeNumber('--rounds', values.rounds, { from: 1, to: 100 });
  const accounts = wholeNumber('--accounts', values.accounts, { from: 1, to: 1_000 });
  const waiting = wholeNumber('--waiting', values.waiting, { from: 0, to: 100_000 });
  const progress = (line: string) => console.log(line);

  const before = loadOfMachine();
  const raised = await onBenchStack({ statementStatistics: false }, (stack, signal) =>
    runStorms(stack, { rounds, posts, accounts, signal, progress }),
  );
  if (raised === null) return 130;
  const { storms, engineWork } = raised.done;
  const results = summariseStorms(storms);
  const heading = [
    `${posts} posts due in the same second over ${accounts} accounts, ${rounds} rounds.`,
    `${machineOfToday()}, ${before} before.`,
  ].join('\n');
  console.log(`\n${renderStorms(results, { heading, engineWork })}\n`);

  const memory = waiting === 0 ? [] : await memoryOfWaiting({ items: waiting, accounts });
  if (memory === null) return 130;
  if (values.json !== undefined) {
    const report = { date: new Date().toISOString(), machine: machineOfToday(), load: before };
    const whole = { ...report, posts, rounds, accounts, ...results, engineWork, storms };
    const json = { ...whole, waiting: { items: waiting, memory } };
    writeFileSync(values.json, `${JSON.stringify(json, null, 2)}\n`);
  }
  if (results.sound) return 0;
  console.error('The ledger shows posts that were lost, sent twice or sent early.');
  return 1;
}

/** On a stack of its own: programs that have raised storms have grown already. */
async function memoryOfWaiting(options: { items: number; accounts: number }) {
  const measured = await onBenchStack({ statementStatistics: false }, (stack, signal) =>
    measureWaiting(stack, { ...options, signal }),
  );
  if (measured === null) return null;
  console.log(`\n${renderWaiting(options.items, measured.done)}`);
  return measured.done;
}
