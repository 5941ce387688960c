import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Pool } from 'undici';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { STANDARD_ITEM } from './commands.ts';
import type { Cast, Variant } from './variants.ts';

/** Events of a standard item from its start until its post is published. */
export interface PublishedHistory {
  item: number;
}

/** Events in the history of an item's run. */
export async function historyEventsOf(temporal: Client, itemId: string): Promise<number> {
  const { historyLength } = await temporal.workflow.getHandle(itemWorkflowId(itemId)).describe();
  return historyLength;
}

/** The same, once the run has nothing more to do at once: two counts in a row are equal. */
async function settledHistoryEventsOf(temporal: Client, itemId: string): Promise<number> {
  for (let before = -1; ; ) {
    const count = await historyEventsOf(temporal, itemId);
    if (count === before) return count;
    before = count;
    await delay(200);
  }
}

const SLOT_IN_MS = 1_500;
const PUBLISHED_WITHIN_MS = 30_000;

/**
 * Drives one item through the API until it is really published at its slot, and counts.
 *
 * @throws Error when it is not published in time.
 */
export async function measurePublishedItem(options: {
  temporal: Client;
  pool: Pool;
  cast: Cast;
  http: Variant;
  channelAccountId: string;
}): Promise<PublishedHistory> {
  const { temporal, pool, cast, http, channelAccountId } = options;
  const itemId = await http.start();
  for (const step of STANDARD_ITEM) await http.accept(itemId, step);
  const at = new Date(Date.now() + SLOT_IN_MS).toISOString();
  await http.accept(itemId, {
    type: 'plan_schedule',
    role: 'social_media_manager',
    payload: () => ({ refs: {}, facts: {} }),
    request: () => ({
      method: 'PUT',
      path: `/v1/items/${itemId}/schedule`,
      body: { publications: [{ channelAccountId, at }] },
    }),
  });
  const authorization = `Bearer ${cast.members.strategist.key}`;
  const until = Date.now() + PUBLISHED_WITHIN_MS;
  for (;;) {
    const { body } = await pool.request({
      method: 'GET',
      path: `/v1/items/${itemId}`,
      headers: { authorization },
    });
    const item = (await body.json()) as ItemState;
    const [publication] = item.publications;
    if (publication?.state === 'published') {
      return { item: await settledHistoryEventsOf(temporal, itemId) };
    }
    if (Date.now() > until) {
      throw new Error(`${itemId} was not published: it is ${publication?.state ?? item.stage}`);
    }
    await delay(50);
  }
}

/** The part of `GET /v1/items/{id}` that is read here. */
interface ItemState {
  stage: string;
  publications: { state: string }[];
}
