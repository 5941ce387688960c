/** `npm run bench:audit`: what the audit costs a large workspace, beside the SQL that its answer rests on. */
import { writeFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { createWatch } from '../src/audit/watch/watch.ts';
import { createDb } from '../src/db/client.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../src/engine/interceptors.ts';
import { scheduleId } from '../src/engine/schedules.ts';
import { type AuditGround, fillForAudit, startIdleRuns } from './bench/audit-ground.ts';
import { bareAnswer, type Lane, measurePages, pagesOf } from './bench/audit-pages.ts';
import {
  exitCodeOf,
  loadOfMachine,
  machineOfToday,
  optionsOf,
  wholeNumber,
} from './bench/command-line.ts';
import { residentMemoryMib } from './bench/process-usage.ts';
import { readCast } from './bench/run.ts';
import { latencyOf } from './bench/statistics.ts';
import { table } from './bench/table.ts';
import { startTemporaryStack, type TemporaryStack } from './local/temporary-stack.ts';

const usage = `npm run bench:audit -- [options]
  --items <n>   items, a tenth of them open; default 100000
  --calls <n>   requests for each page; default 500
  --small       2000 items, 10 requests, no limits on times
  --json <file> write every figure as JSON
  --help        show this`;

const TASK_QUEUE = 'bench-audit';
const STUCK_SHARE = 0.05;
/** Some of each code. */
const FEW_STUCK = 60;
const PAGE_P99_MS = 50;
const TO_BARE_SQL = 2;
/** Of a round, whatever the number of items. */
const ENGINE_CALLS = 1_200;
const ROUND_SECONDS = 50;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const values = optionsOf({
    items: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '500' },
    small: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const { small } = values;
  const items = small
    ? 2_000
    : wholeNumber('--items', values.items, { from: 2_000, to: 1_000_000 });
  const calls = small ? 10 : wholeNumber('--calls', values.calls, { from: 10, to: 100_000 });
  const before = loadOfMachine();
  const stack = await startTemporaryStack({ prefix: 'baton-bench-', taskQueue: TASK_QUEUE });
  try {
    const results = await measure(stack, { items, calls });
    console.log(`\n${machineOfToday()}, ${before} before.\n\n${report(results)}`);
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2));
    const missed = missedLimits(results, { small });
    for (const line of missed) console.log(`MISSED  ${line}`);
    return missed.length === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

interface Round {
  name: string;
  seconds: number;
  engineCalls: number;
  residentMib: number;
}

interface Results {
  ground: AuditGround;
  rounds: Round[];
  pages: Lane[];
  findings: Record<string, number>;
}

async function measure(
  stack: TemporaryStack,
  { items, calls }: { items: number; calls: number },
): Promise<Results> {
  const { cast } = await readCast(stack);
  const { memberId, key } = cast.members.strategist;
  const open = items / 10;
  const { workspaceId } = cast;
  const stuck = Math.max(Math.round(open * STUCK_SHARE), FEW_STUCK);
  const ground = { workspaceId, memberId, items, open, stuck };
  const owner = createDb(stack.databaseUrl, { max: 2, statementTimeoutMs: 600_000 });
  const program = createDb(stack.databaseUrl, { max: 8, scopedOnly: true });
  let engineCalls = 0;
  const connection = await Connection.connect({
    address: stack.temporal.address,
    channelArgs: CLIENT_CHANNEL_ARGS,
    interceptors: CLIENT_INTERCEPTORS.map((interceptor, index) => (options, next) => {
      // The last one is below the retries.
      if (index === CLIENT_INTERCEPTORS.length - 1) engineCalls += 1;
      return interceptor(options, next);
    }),
  });
  const temporal = new Client({ connection });
  try {
    console.log(`Filling ${items} items, ${open} of them open, ${stuck} stuck …`);
    await fillForAudit(owner.db, ground);
    console.log('Starting the runs of the open ones …');
    await startIdleRuns(temporal, ground);
    const watch = createWatch({ db: program.db, temporal, taskQueue: TASK_QUEUE });
    const rounds: Round[] = [];
    for (const name of ['first round', 'second round', 'third round']) {
      engineCalls = 0;
      const began = performance.now();
      for (const shard of await watch.listShards()) {
        const { failed } = await watch.lookAtShard(shard);
        if (failed > 0) throw new Error(`${failed} workspaces could not be looked at`);
      }
      const seconds = (performance.now() - began) / 1_000;
      const residentMib = residentMemoryMib(process.pid) ?? 0;
      rounds.push({ name, seconds, engineCalls, residentMib });
      console.log(`${name}: ${seconds.toFixed(1)} s, ${engineCalls} calls of the engine`);
    }
    const findings = await countFindings();
    // Its own watch would run beside what is measured.
    await stack.start({ name: 'Worker', script: 'worker.ts' });
    const api = await stack.startApi({ name: 'API' });
    await temporal.schedule.getHandle(scheduleId(TASK_QUEUE, 'watch')).pause('measuring');
    const pages = await measurePages(calls, [
      await bareAnswer(stack.databaseUrl, { ...ground, keyId: key.split('_')[1] ?? '' }),
      ...(await pagesOf(api.url, key)),
    ]);
    return { ground, rounds, pages, findings };
  } finally {
    await connection.close();
    await program.close();
    await owner.close();
  }

  async function countFindings(): Promise<Record<string, number>> {
    const { rows } = await owner.db.$client.query(
      'select code, count(*)::integer as count from findings where closed_at is null group by 1 order by 1',
    );
    return Object.fromEntries(rows.map(({ code, count }) => [code, count]));
  }
}

function report({ rounds, pages, findings }: Results): string {
  const scheduled = table(
    ['one scheduled audit', 'seconds', 'engine calls', 'resident MiB'],
    rounds.map(({ name, seconds, engineCalls, residentMib }) => [
      name,
      seconds.toFixed(1),
      String(engineCalls),
      residentMib.toFixed(0),
    ]),
  );
  const listed = table(
    ['first pages, ms', 'p50', 'p95', 'p99'],
    pages.map(({ name, times }) => {
      const { p50, p95, p99 } = latencyOf(times);
      return [name, ...[p50, p95, p99].map((ms) => ms.toFixed(1))];
    }),
  );
  const found = Object.entries(findings).map(([code, count]) => [code, String(count)]);
  return [scheduled, listed, table(['open findings', 'rows'], found)].join('\n\n');
}

function missedLimits({ rounds, pages, findings }: Results, { small }: { small: boolean }) {
  const missed = rounds
    .filter(({ engineCalls }) => engineCalls > ENGINE_CALLS)
    .map(
      ({ name, engineCalls }) => `${name}: ${engineCalls} engine calls, ${ENGINE_CALLS} at most`,
    );
  if (Object.keys(findings).length < 17) missed.push('not every code of the tables was found');
  if (small) return missed;
  const p99 = (name: string) => {
    const lane = pages.find((one) => one.name.startsWith(name));
    return lane === undefined ? 0 : latencyOf(lane.times).p99;
  };
  const [stuck, bare] = [p99('/v1/audit/stuck'), p99('bare SQL')];
  if (stuck > PAGE_P99_MS)
    missed.push(`/v1/audit/stuck p99 ${stuck.toFixed(1)} ms > ${PAGE_P99_MS}`);
  if (stuck > TO_BARE_SQL * bare) {
    missed.push(`/v1/audit/stuck p99 is ${(stuck / bare).toFixed(2)} of the bare SQL's`);
  }
  for (const { name, seconds } of rounds) {
    if (seconds > ROUND_SECONDS) missed.push(`${name}: ${seconds.toFixed(1)} s > ${ROUND_SECONDS}`);
  }
  return missed;
}
