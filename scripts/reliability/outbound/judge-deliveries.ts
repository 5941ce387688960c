import { readChain } from '../../../src/db/item/item-events.ts';
import { outboxRows } from '../../../src/db/item/projection-batch.ts';
import { outboxOf } from '../../../src/domain/item/row.ts';
import type { Site } from '../site.ts';
import type { Received } from './faulty-receiver.ts';

/** What subscribers have to be told of some items, in the order of each: by their chains. */
export async function eventsToTell(
  { database, workspaceId }: Pick<Site, 'database' | 'workspaceId'>,
  itemIds: readonly string[],
): Promise<Map<string, string[]>> {
  const events = new Map<string, string[]>();
  for (const itemId of itemIds) {
    const chain = await readChain(database.db, { workspaceId, itemId });
    const outbox = outboxOf(itemId, chain);
    const rows = outboxRows({ workspaceId, itemId, events: chain, outbox });
    events.set(
      itemId,
      rows.map(({ id }) => id),
    );
  }
  return events;
}

export interface DeliveryFaults {
  lost: string[];
  /** Events that came again as something else. */
  changed: string[];
  disordered: string[];
  /** Requests beyond the first of their event. */
  repeated: number;
}

/** Each event came, always as the same, and first after those before it. */
export function judgeDeliveries(
  wanted: ReadonlyMap<string, readonly string[]>,
  received: readonly Received[],
): DeliveryFaults {
  const first = new Map<string, Received>();
  const changed: string[] = [];
  for (const one of received) {
    const earlier = first.get(one.id);
    if (earlier === undefined) first.set(one.id, one);
    else if (earlier.body !== one.body) changed.push(`${one.id} came with another body`);
  }
  // What the watch tells of an item has no place in its chain: it may come or not, and between any two.
  const ids = [...first].flatMap(([id, { seq }]) => (seq === null ? [] : [id]));
  const known = new Set([...wanted.values()].flat());
  const strange = ids.filter((id) => isOfItem(first.get(id), wanted) && !known.has(id));
  const disordered: string[] = [];
  const lost: string[] = [];
  for (const [itemId, events] of wanted) {
    lost.push(...events.filter((id) => !first.has(id)).map((id) => `${id} never came`));
    const came = ids.filter((id) => first.get(id)?.itemId === itemId);
    const due = events.filter((id) => first.has(id));
    if (came.join() !== due.join()) disordered.push(`${itemId}: ${came.join(', ')}`);
  }
  return {
    lost,
    changed: [...changed, ...strange.map((id) => `${id} is no event of its item`)],
    disordered,
    repeated: received.length - first.size,
  };
}

function isOfItem(one: Received | undefined, wanted: ReadonlyMap<string, unknown>): boolean {
  return one?.itemId !== null && one?.itemId !== undefined && wanted.has(one.itemId);
}
