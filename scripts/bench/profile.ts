import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { Pool } from 'undici';
import { z } from 'zod';
import type { BenchStack } from './bench-stack.ts';
import { measureBlock } from './measure.ts';
import { readCast } from './run.ts';
import { httpVariant } from './variants.ts';

/** Where the time of the API goes, per command. */
export interface ApiProfile {
  commands: number;
  /** Median of an accepted command, milliseconds. */
  acceptedMs: number[];
  /** Processor time by the code that used it or asked for it, milliseconds per command. */
  processor: { part: string; ms: number }[];
  /** Statements that PostgreSQL ran. */
  statements: { calls: number; ms: number; text: string }[];
  /** The profile itself, for the developer tools of a browser. */
  file: string;
}

/**
 * Sends the twelve commands of `items` items, one at a time, to an API process of its own that writes
 * a processor profile into `directory`.
 */
export async function profileApi(
  stack: BenchStack,
  { directory, items, warmUpItems }: { directory: string; items: number; warmUpItems: number },
): Promise<ApiProfile> {
  const target = resolve(directory);
  mkdirSync(target, { recursive: true });
  const earlier = new Set(profilesIn(target));
  const { cast } = await readCast(stack);
  // Quoted, because a path may have a space.
  const options = `--cpu-prof --cpu-prof-interval=250 --cpu-prof-dir=${JSON.stringify(target)}`;
  const api = await stack.startApi(options);
  const pool = new Pool(api.url, { connections: 1, pipelining: 1 });
  const admin = new Client({ connectionString: stack.databaseUrl });
  await admin.connect();
  try {
    const http = httpVariant(pool, cast);
    const block = { round: 0, concurrency: 1, refusals: false, usage: () => ({}) } as const;
    await admin.query('create extension pg_stat_statements');
    await measureBlock(http, { ...block, items: warmUpItems });
    await admin.query('select pg_stat_statements_reset()');
    const from = monotonicMicroseconds();
    const { accepted } = await measureBlock(http, { ...block, items });
    const until = monotonicMicroseconds();
    const statements = await readStatements(admin, accepted.length);
    await pool.close();
    await api.process.stop({ graceMs: 30_000 });
    const [file] = profilesIn(target).filter((name) => !earlier.has(name));
    if (file === undefined) throw new Error(`${target}: the API wrote no profile`);
    const path = join(target, file);
    const processor = timeByPart(path, { from, until, commands: accepted.length });
    return { commands: accepted.length, acceptedMs: accepted, processor, statements, file: path };
  } finally {
    await admin.end();
    await pool.destroy();
  }
}

function profilesIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
}

/** The clock that V8 stamps its samples with. */
function monotonicMicroseconds(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

async function readStatements(admin: Client, commands: number): Promise<ApiProfile['statements']> {
  const { rows } = await admin.query<{ calls: string; ms: number; text: string }>(
    `select calls, total_exec_time + total_plan_time as ms, query as text
     from pg_stat_statements s join pg_database d on d.oid = s.dbid
     where d.datname = current_database() and query not like '%pg_stat_statements%'
     order by calls desc, text`,
  );
  return rows.map(({ calls, ms, text }) => ({
    calls: Number(calls) / commands,
    ms: ms / commands,
    text: text
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/"(\w+)"\."(\w+)"/g, '$2')
      .slice(0, 110),
  }));
}

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.int(),
      callFrame: z.object({ functionName: z.string(), url: z.string() }),
      children: z.array(z.int()).optional(),
    }),
  ),
  startTime: z.number(),
  samples: z.array(z.int()),
  timeDeltas: z.array(z.number()),
});

/** Frames of Node and of V8 count for whatever of ours or of a package called them. */
const PARTS: readonly [part: string, pattern: RegExp][] = [
  ['Temporal client', /node_modules\/(@temporalio|@grpc|protobufjs|@protobufjs|long|proto3-json)/],
  ['PostgreSQL driver', /node_modules\/(pg|pg-\w+|postgres-\w+)\//],
  ['query builder', /node_modules\/drizzle-orm/],
  ['schemas (zod)', /node_modules\/(zod|@asteasolutions)/],
  ['router and server (hono)', /node_modules\/(hono|@hono)/],
  ['canonical JSON and hashes', /node_modules\/(canonicalize|@noble)|src\/domain\/canonical/],
  ['logger', /node_modules\/(pino|sonic-boom|thread-stream)|src\/log/],
  ['machine (src/domain, xstate)', /node_modules\/xstate|src\/domain/],
  ['business calendar (src/time)', /src\/time|temporal-polyfill|date-holidays/],
  ['queries (src/db)', /src\/db/],
  ['routes and commands (src/api)', /src\/api/],
];

function timeByPart(
  file: string,
  { from, until, commands }: { from: number; until: number; commands: number },
): ApiProfile['processor'] {
  const { nodes, startTime, samples, timeDeltas } = Profile.parse(
    JSON.parse(readFileSync(file, 'utf8')),
  );
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  function partOf(node: number): string {
    const { functionName } = frames.get(node) ?? { functionName: '' };
    if (functionName.startsWith('(')) return functionName;
    for (let id: number | undefined = node; id !== undefined; id = parents.get(id)) {
      const { url } = frames.get(id) ?? { url: '' };
      const known = PARTS.find(([, pattern]) => pattern.test(url));
      if (known !== undefined) return known[0];
    }
    return 'Node (sockets, HTTP, promises)';
  }
  const parts = new Map(nodes.map(({ id }) => [id, partOf(id)]));
  const sums = new Map<string, number>();
  let at = startTime;
  for (const [index, node] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    if (at < from || at > until) continue;
    const part = parts.get(node) ?? '';
    sums.set(part, (sums.get(part) ?? 0) + delta / 1_000 / commands);
  }
  return [...sums]
    .map(([part, ms]) => ({ part, ms }))
    .filter(({ part }) => part !== '(idle)')
    .toSorted((a, b) => b.ms - a.ms);
}
