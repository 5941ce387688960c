import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import type { StoredEvent } from '../item/item-events.ts';
import { itemEvents } from '../schema/index.ts';
import { isLookedAt } from './record-checks.ts';

/** What is stored of an item's chain, in short. */
export interface ChainMark {
  itemId: string;
  seq: number;
  headHash: string;
  updatedAt: string;
  /**
   * Changes with any byte of any stored event, and where two of them change places: each is hashed with
   * its seq. It proves nothing to somebody who could choose it.
   */
  fingerprint: string;
}

/** The marks of all chains that the audit looks at: open items, and closed ones for some weeks. */
export async function listChainMarks(
  db: Db,
  { workspaceId, now, itemId }: { workspaceId: string; now: string; itemId?: string | undefined },
): Promise<ChainMark[]> {
  const { rows } = await db.execute<
    Omit<ChainMark, 'itemId' | 'headHash' | 'updatedAt'> & {
      item_id: string;
      head_hash: string;
      updated_at: string;
    }
  >(sql`
select i.id as item_id, i.seq, i.head_hash, i.updated_at,
  (select concat_ws(':', count(*), i.seq, i.head_hash, sum(hash_record_extended(e, e.seq)))
   from item_events e where e.item_id = i.id) as fingerprint
from items i
where i.workspace_id = ${workspaceId} and ${isLookedAt(now)}
  and (${itemId ?? null}::text is null or i.id = ${itemId ?? null})
order by i.updated_at, i.id`);
  return rows.map(({ item_id, head_hash, updated_at, ...mark }) => ({
    ...mark,
    itemId: item_id,
    headHash: head_hash,
    updatedAt: new Date(updated_at).toISOString(),
  }));
}

/** The whole chains of some items, each in order, with when each event was stored. */
export async function readChains(
  db: Db,
  { workspaceId, itemIds }: { workspaceId: string; itemIds: readonly string[] },
): Promise<Map<string, (StoredEvent & { recordedAt: string })[]>> {
  const chains = new Map<string, (StoredEvent & { recordedAt: string })[]>();
  const rows = await db
    .select()
    .from(itemEvents)
    .where(and(eq(itemEvents.workspaceId, workspaceId), inArray(itemEvents.itemId, [...itemIds])))
    .orderBy(asc(itemEvents.itemId), asc(itemEvents.seq));
  for (const { itemId, workspaceId: _, ...event } of rows) {
    const chain = chains.get(itemId);
    if (chain === undefined) chains.set(itemId, [event]);
    else chain.push(event);
  }
  return chains;
}
