import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'undici';
import { z } from 'zod';
import type { BenchStack } from './bench-stack.ts';
import { residentMemoryMib } from './process-usage.ts';
import { readCast } from './run.ts';
import { scheduledItemMaker } from './scheduled-items.ts';
import { untilWaiting } from './storm.ts';
import { addAccounts, openDriverDatabase } from './storm-ground.ts';
import { batonStorm } from './storm-variants.ts';

/** Resident memory of one program without and with the waiting items, in MiB. */
export interface MemoryOfWaiting {
  part: string;
  before: number;
  after: number;
  perItem: number;
}

/** Enough to have every code path loaded before the first look. */
const WARM_UP_ITEMS = 40;
const DAY_MS = 86_400_000;
const PAGE = 200;
/** Collectors give memory back some time after the work is over. */
const SETTLE_MS = 3_000;

/**
 * What items that wait for a slot cost in memory, on a stack that has done nothing else. The API has
 * listed all of them and read some once by the second look.
 */
export async function measureWaiting(
  stack: BenchStack,
  options: { items: number; accounts: number; signal: AbortSignal },
): Promise<MemoryOfWaiting[]> {
  const { items, signal } = options;
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const temporal = new Client({ connection });
  const database = openDriverDatabase(stack.databaseUrl, 8);
  const api = new Pool(stack.apiUrl, { connections: 4, pipelining: 1 });
  try {
    const { cast } = await readCast(stack);
    const accounts = await addAccounts(database, cast.workspaceId, options.accounts);
    const baton = batonStorm(temporal, database, accounts, scheduledItemMaker(cast));
    async function wait(count: number): Promise<Record<string, number>> {
      const runs = await baton.start(count, new Date(Date.now() + DAY_MS).toISOString());
      await untilWaiting({ temporal, signal }, runs.workflowIds);
      await readThroughApi(api, cast.members.strategist.key);
      await delay(SETTLE_MS, undefined, { signal });
      return memoryOf(stack);
    }
    const before = await wait(WARM_UP_ITEMS);
    const after = await wait(items);
    return Object.entries(after).flatMap(([part, mib]) => {
      const first = before[part];
      if (first === undefined) return [];
      return { part, before: first, after: mib, perItem: (mib - first) / items };
    });
  } finally {
    await api.close();
    await database.close();
    await connection.close();
  }
}

const ItemPage = z.object({
  items: z.array(z.object({ id: z.string() })),
  nextCursor: z.string().nullable(),
});

/** Every page of the list, and the first item of each page whole. */
async function readThroughApi(api: Pool, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}` };
  async function get(path: string): Promise<unknown> {
    const { statusCode, body } = await api.request({ method: 'GET', path, headers });
    if (statusCode !== 200) throw new Error(`GET ${path}: ${statusCode} ${await body.text()}`);
    return body.json();
  }
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor !== null && { cursor }) });
    const page: z.infer<typeof ItemPage> = ItemPage.parse(await get(`/v1/items?${query}`));
    const [first] = page.items;
    if (first !== undefined) await get(`/v1/items/${first.id}`);
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function memoryOf({ processes }: BenchStack): Record<string, number> {
  const programs = {
    'Baton worker': processes.batonWorker,
    'Baton API': processes.api,
    'Temporal server': processes.temporal,
  };
  return Object.fromEntries(
    Object.entries(programs).flatMap(([part, { pid }]) => {
      const mib = residentMemoryMib(pid);
      return mib === null ? [] : [[part, mib]];
    }),
  );
}
