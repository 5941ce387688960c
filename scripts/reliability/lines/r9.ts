import type { TemporaryStack } from '../../local/temporary-stack.ts';
import type { Line, Outcome } from '../line.ts';
import { liveBeside } from '../outages/live-beside.ts';
import { networkTrouble, openWays, type Ways } from '../outages/network-trouble.ts';
import { openSite } from '../site.ts';

/** Items of each seed. */
const ITEMS = 12;
/** Of a single seed. */
const FEW = 6;

/** Every operation is a seed: a schedule of its own on each way, and items that live beside it. */
export const R9: Line = {
  id: 'R9',
  title: `seeds of partitions, latency, resets and lost answers between the programs, PostgreSQL, Temporal and the network; ${ITEMS} items each`,
  target: 'all end, 0 lost, every post once, every chain whole',
  protection: 'the look-up after an unknown outcome, and the one key of a post',
  full: 10,
  small: 1,
  async run(stack, options) {
    const ways = await openWays({
      engine: stack.temporal.port,
      database: stack.postgres.port,
      network: Number(new URL(stack.sandboxUrl).port),
    });
    const site = await openSite(stack, {
      workerParts: options.control ? ['blindChannels'] : [],
      environment: { ...environmentOf(stack, ways), BATON_LOCAL: '1' },
    });
    try {
      const outcomes: Outcome[] = [];
      for (let round = 0; round < options.n; round += 1) {
        const seed = options.seed + round;
        const n = options.n === 1 ? FEW : ITEMS;
        const trouble = networkTrouble(ways, seed);
        const named = { ...options, n, seed, name: 'R9', isTrusting: true };
        outcomes.push(await liveBeside(site, trouble, named));
      }
      return together(outcomes);
    } finally {
      await site.close();
      for (const way of Object.values(ways)) await way.close();
    }
  },
};

/** The programs go through the proxies; the harness and the people do not. */
function environmentOf(stack: TemporaryStack, ways: Ways): NodeJS.ProcessEnv {
  const database = new URL(stack.programDatabaseUrl);
  const sandbox = new URL(stack.sandboxUrl);
  database.port = String(ways.database.port);
  sandbox.port = String(ways.network.port);
  return {
    DATABASE_URL: database.href,
    TEMPORAL_ADDRESS: stack.temporal.address.replace(/\d+$/, String(ways.engine.port)),
    SANDBOX_URL: sandbox.origin,
  };
}

function together(outcomes: readonly Outcome[]): Outcome {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const faults: Record<string, number> = {};
  for (const [kind, count] of outcomes.flatMap((outcome) => Object.entries(outcome.faults))) {
    faults[kind] = (faults[kind] ?? 0) + count;
  }
  return {
    operations: sum(({ operations }) => operations),
    faults,
    lost: sum(({ lost }) => lost),
    duplicated: sum(({ duplicated }) => duplicated),
    unresolved: sum(({ unresolved }) => unresolved),
    recoveryMs: outcomes.flatMap(({ recoveryMs }) => recoveryMs),
    violations: outcomes.flatMap(({ violations }) => violations),
    evidence: outcomes.flatMap(({ evidence }) => evidence),
  };
}
