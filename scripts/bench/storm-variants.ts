import type { Client } from '@temporalio/client';
import type { Database } from '../../src/db/client.ts';
import { newId } from '../../src/db/ids.ts';
import { BARE_QUEUE } from './bench-stack.ts';
import { STANDARD_CONTENT } from './commands.ts';
import { inLanes } from './lanes.ts';
import {
  type ScheduledItem,
  type scheduledItemMaker,
  startScheduledItem,
  storeScheduledItem,
} from './scheduled-items.ts';

export const STORM_KEYS = ['bare', 'baton'] as const;
export type StormKey = (typeof STORM_KEYS)[number];

/** An account that posts go out through, by its id in Baton and its name on the network. */
export interface StormAccount {
  id: string;
  name: string;
}

/** Runs that wait for their time. */
export interface WaitingRuns {
  workflowIds: string[];
  /** What each post will be found by in the ledger. */
  markers: string[];
  /** How many of them have nothing more to do after their post. */
  settled(): Promise<number>;
}

export interface StormVariant {
  readonly key: StormKey;
  readonly label: string;
  /** Starts `posts` runs that send one post each at `dueAt`, spread over the accounts. */
  start(posts: number, dueAt: string): Promise<WaitingRuns>;
}

/** Requests of the driver that are under way at once while runs are made. */
export const DRIVER_LANES = 8;

/** The least that can send a post at its time on Temporal: a sleep, then one activity. */
export function bareStorm(temporal: Client, accounts: readonly StormAccount[]): StormVariant {
  const [variant] = STANDARD_CONTENT.draft.body.variants;
  return {
    key: 'bare',
    label: 'bare workflow: a sleep and one activity',
    async start(posts, dueAt) {
      const markers = Array.from({ length: posts }, () => newId('request'));
      await inLanes(DRIVER_LANES, posts, async (index) => {
        const marker = markers[index] ?? '';
        const { name: account } = accountAt(accounts, index);
        const post = { account, marker, text: variant?.text ?? '', idempotencyKey: marker };
        await temporal.workflow.start('barePost', {
          workflowId: `post:${marker}`,
          taskQueue: BARE_QUEUE,
          args: [{ dueAt, post }],
        });
      });
      const workflowIds = markers.map((marker) => `post:${marker}`);
      return { markers, workflowIds, settled: () => countClosed(temporal, workflowIds) };
    },
  };
}

/** Items of Baton that wait in `scheduled`. */
export function batonStorm(
  temporal: Client,
  { db, pool }: Database,
  accounts: readonly StormAccount[],
  makeItem: ReturnType<typeof scheduledItemMaker>,
): StormVariant {
  return {
    key: 'baton',
    label: 'Baton: an item that waits for its slot',
    async start(posts, dueAt) {
      const items: ScheduledItem[] = [];
      const workflowIds: string[] = [];
      await inLanes(DRIVER_LANES, posts, async (index) => {
        const { id: channelAccountId } = accountAt(accounts, index);
        const item = makeItem({ channelAccountId, at: dueAt });
        await storeScheduledItem(db, item);
        workflowIds.push(await startScheduledItem(temporal, item));
        items.push(item);
      });
      const ids = items.map(({ itemId }) => itemId);
      return {
        workflowIds,
        markers: items.map(({ marker }) => marker),
        async settled() {
          const { rows } = await pool.query<{ count: number }>(
            `select count(*)::int as count from items where id = any ($1) and stage = 'measuring'`,
            [ids],
          );
          return rows[0]?.count ?? 0;
        },
      };
    },
  };
}

function accountAt(accounts: readonly StormAccount[], index: number): StormAccount {
  const account = accounts[index % accounts.length];
  if (account === undefined) throw new RangeError('a storm needs at least one account');
  return account;
}

async function countClosed(temporal: Client, workflowIds: readonly string[]): Promise<number> {
  let closed = 0;
  await inLanes(DRIVER_LANES, workflowIds.length, async (index) => {
    const { status } = await temporal.workflow.getHandle(workflowIds[index] ?? '').describe();
    if (status.name === 'COMPLETED') closed += 1;
  });
  return closed;
}
