/** `npm run bench:kpi`: what reading, importing and adding up numbers costs, beside plain SQL. */
import {
  exitCodeOf,
  loadOfMachine,
  machineOfToday,
  optionsOf,
  UsageError,
} from './bench/command-line.ts';
import { KPI_SCENARIOS } from './bench/kpi/scenarios.ts';
import { table } from './bench/table.ts';

const usage = `npm run bench:kpi -- [options]
  --only <name>  one scenario
  --small        the same work in little, no limits on times
  --list         say which scenarios there are
  --help         show this`;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const { only, small, list, help } = optionsOf({
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (help || list) {
    console.log(
      help ? usage : KPI_SCENARIOS.map(({ name, says }) => `${name}: ${says}`).join('\n'),
    );
    return 0;
  }
  const scenarios = KPI_SCENARIOS.filter(({ name }) => only === undefined || name === only);
  if (scenarios.length === 0) throw new UsageError(`--only: there is no scenario "${only}"`);
  let isMissed = false;
  for (const { name, says, measure } of scenarios) {
    const before = loadOfMachine();
    const lines = await measure({ small });
    console.log(`\n${name}: ${says}\n${machineOfToday()}, ${before} before.\n`);
    console.log(
      table(
        ['figure', 'measured', 'target', ''],
        lines.map(({ what, figure, target, isMet }) => [
          what,
          figure,
          target ?? '',
          target === null ? '' : isMet ? 'met' : 'MISSED',
        ]),
      ),
    );
    isMissed ||= lines.some(({ isMet }) => !isMet);
  }
  return isMissed ? 1 : 0;
}
