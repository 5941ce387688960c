import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDb } from '../../../src/db/client.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { startTemporaryStack } from '../../local/temporary-stack.ts';
import { residentMemoryMib } from '../process-usage.ts';
import { readCast } from '../run.ts';
import { fillForRollUp } from './roll-up-ground.ts';
import type { KpiFigureLine, KpiScenario } from './scenario.ts';

const OF_COPY = 0.2;
/** Of the process, from the first half of the file to the second one. */
const GROWTH_MIB = 64;
const ITEMS = 250;
const ACCOUNTS = 4;
const DAYS = 100;
const SAMPLE_MS = 100;

/** An export of 100,000 rows, a row per post and day, beside a bare COPY of the same file. */
export const csvImportScenario: KpiScenario = {
  name: 'csv-import',
  says: 'an export of 100,000 rows about 1,000 posts, and a bare COPY of the same file',
  async measure({ small }) {
    const stack = await startTemporaryStack({ prefix: 'baton-bench-', taskQueue: 'bench-kpi' });
    const owner = createDb(stack.databaseUrl, { max: 2, statementTimeoutMs: 600_000 });
    try {
      const { cast } = await readCast(stack);
      const { memberId, key } = cast.members.strategist;
      const items = small ? 10 : ITEMS;
      const rows = items * ACCOUNTS * DAYS;
      await fillForRollUp(owner.db, { workspaceId: cast.workspaceId, memberId, items });
      const file = join(stack.directory, 'export.csv');
      await pipeline(Readable.from(lines(items)), createWriteStream(file, { mode: 0o644 }));
      console.log(`${rows} rows, ${(statSync(file).size / 1024 ** 2).toFixed(1)} MiB. Copying …`);
      const copyMs = await copied(owner.db, file);
      // The API is ready once a worker polls.
      await stack.start({ name: 'Worker', script: 'worker.ts' });
      const api = await stack.startApi({ name: 'API' });
      const mapping = await addMapping(api.url, key);
      const send = () => imported(`${api.url}/v1/readings/imports?mapping=${mapping}`, key, file);
      const memory = sampleMemory(api.process.pid);
      const first = await send();
      const { growth, peak } = memory.end();
      console.log(`${first.readings} readings after ${first.ms.toFixed(0)} ms. The same again …`);
      const again = await send();
      if (first.readings !== rows || again.readings !== 0) {
        throw new Error(`${first.readings} of ${rows} were stored, then ${again.readings}`);
      }
      const ratio = copyMs / first.ms;
      const insertMs = await inserted(owner.db);
      return [
        told('COPY, rows/s', (rows / copyMs) * 1_000),
        told('import, rows/s', (rows / first.ms) * 1_000),
        line('import of COPY', ratio.toFixed(2), small ? null : `≥ ${OF_COPY}`, ratio >= OF_COPY),
        told('INSERT of the same readings, rows/s', (rows / insertMs) * 1_000),
        line('import of INSERT', (insertMs / first.ms).toFixed(2), null, true),
        told('the same file again, rows/s', (rows / again.ms) * 1_000),
        told('peak of the API, MiB', peak),
        line(
          'growth in the second half, MiB',
          growth.toFixed(0),
          `≤ ${GROWTH_MIB}`,
          growth <= GROWTH_MIB,
        ),
      ];
    } finally {
      await owner.close();
      await stack.stop();
    }
  },
};

function line(what: string, figure: string, target: string | null, holds: boolean): KpiFigureLine {
  return { what, figure, target, isMet: target === null || holds };
}

function told(what: string, figure: number): KpiFigureLine {
  return line(what, figure.toFixed(0), null, true);
}

function* lines(items: number): Generator<string> {
  yield 'Piece,Day,Title,Format,Impressions,Engagement rate\n';
  const first = Date.UTC(2025, 0, 1);
  for (let day = 0; day < DAYS; day += 1) {
    const date = new Date(first + day * 86_400_000).toISOString().slice(0, 10);
    for (let item = 1; item <= items; item += 1) {
      for (let account = 1; account <= ACCOUNTS; account += 1) {
        const title = `"Of piece ${item}, what people should read, and ""why"""`;
        yield `pub_bench${item}_${account},${date},${title},image,${day * 31 + item},3.${day}%\n`;
      }
    }
  }
}

async function copied(db: ReturnType<typeof createDb>['db'], file: string): Promise<number> {
  await db.$client.query(
    'create table copied (piece text, day text, title text, format text, impressions text, rate text)',
  );
  const began = performance.now();
  await db.$client.query(`copy copied from '${file}' with (format csv, header true)`);
  return performance.now() - began;
}

/** What the rules of the table take by themselves: every reading of the file once more, in one statement. */
async function inserted(db: ReturnType<typeof createDb>['db']): Promise<number> {
  return inTransaction(db, async (tx) => {
    const began = performance.now();
    await tx.$client.query(
      `insert into readings (id, workspace_id, item_id, publication_id, measure, value, as_of, source,
         idempotency_key, created_by)
       select id || '_again', workspace_id, item_id, publication_id, measure, value, as_of, source,
         idempotency_key || '_again', created_by from readings where source = 'csv'`,
    );
    return performance.now() - began;
  });
}

async function addMapping(url: string, key: string): Promise<string> {
  const mapping = {
    match: [{ by: 'publication_id', headers: ['Piece'] }],
    asOf: { headers: ['Day'] },
    zone: 'Europe/Paris',
    measures: [{ measure: 'impressions', headers: ['Impressions'] }],
  };
  const response = await fetch(`${url}/v1/csv-mappings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Bench', mapping }),
  });
  const { id } = (await answerOf(response, 201)) as { id: string };
  return id;
}

async function imported(url: string, key: string, file: string) {
  const began = performance.now();
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
    body: Readable.toWeb(createReadStream(file)) as ReadableStream,
    duplex: 'half',
  });
  const { readings } = (await answerOf(response, 201)) as { readings: number };
  return { readings, ms: performance.now() - began };
}

async function answerOf(response: Response, wanted: number): Promise<unknown> {
  const text = await response.text();
  if (response.status !== wanted) throw new Error(`${response.status} ${text.slice(0, 400)}`);
  return JSON.parse(text);
}

function sampleMemory(pid: number) {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentMemoryMib(pid) ?? 0), SAMPLE_MS);
  return {
    end() {
      clearInterval(timer);
      const half = Math.floor(samples.length / 2);
      const [before, after] = [samples.slice(0, half), samples.slice(half)].map((some) =>
        Math.max(0, ...some),
      );
      return { peak: Math.max(0, ...samples), growth: (after ?? 0) - (before ?? 0) };
    },
  };
}
