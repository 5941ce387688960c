/**
 * Records the events of some runs, as the API and the worker do: in batches that overlap, come again and
 * come early, while others record the same. It can be killed at any time and started again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { createDb } from '../../../src/db/client.ts';
import { isDatabaseAway } from '../../../src/db/errors.ts';
import { getItem } from '../../../src/db/item/items.ts';
import { projectEvents } from '../../../src/db/item/projection.ts';
import { inWorkspace } from '../../../src/db/workspace-scope.ts';
import { type LongRun, longRunOf } from '../chains/long-run.ts';
import { seededRandom } from '../random.ts';
import { inLanes } from '../time.ts';

const LANES = 4;
const MOST_AT_ONCE = 4;
/** What was recorded shortly before a kill is told again. */
const REPEATED = 6;
const EARLY_SHARE = 0.15;
const PAUSE_MS = 4;
const AGAIN_MS = 100;

const { itemIds, length, seed, ...key } = z
  .object({
    workspaceId: z.string(),
    memberId: z.string(),
    itemIds: z.array(z.string()),
    length: z.int(),
    seed: z.int(),
  })
  .parse(JSON.parse(process.env['RELIABILITY_WRITER'] ?? ''));
const random = seededRandom(seed);
const database = createDb(process.env['DATABASE_URL'] ?? '', { max: LANES, scopedOnly: true });

await inWorkspace(key, () =>
  inLanes(LANES, itemIds.length, async (index) => {
    const itemId = itemIds[index];
    if (itemId !== undefined) await recordRun(itemId);
  }),
);
await database.close();

async function recordRun(itemId: string): Promise<void> {
  const run = longRunOf({ ...key, itemId }, length);
  const item = await persist(() => getItem(database.db, { ...key, itemId }));
  let seq = Math.max(0, (item?.seq ?? 0) - REPEATED);
  while (seq < length) {
    const to = Math.min(length, seq + 1 + Math.floor(random() * MOST_AT_ONCE));
    const from = Math.max(0, seq - Math.floor(random() * 3));
    if (random() < EARLY_SHARE && to < length) await record(itemId, run, [to, to + 1]);
    await record(itemId, run, [from, to]);
    seq = to;
    await delay(random() * PAUSE_MS);
  }
}

/** The events after one seq and up to another. */
async function record(itemId: string, run: LongRun, [from, to]: [number, number]): Promise<void> {
  const events = run.events.slice(from, to);
  const { workspaceId } = key;
  const batch = { workspaceId, itemId, events, item: run.rowAt(to) };
  await persist(() => projectEvents(database.db, batch));
}

/** A database that is away comes back; anything else is a fault that ends the writer. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      await delay(AGAIN_MS);
    }
  }
}
