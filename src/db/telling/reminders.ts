import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import type { ItemKey } from '../item/items.ts';

/** One at a time has those reminded whom an item waits for, until the end of the transaction. */
export async function lockReminders(tx: Db, { itemId }: ItemKey): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`reminders:${itemId}`}, 0))`,
  );
}

/** Members who were reminded of an item within a time, or are about to be. */
export async function listReminded(
  db: Db,
  { workspaceId, itemId, withinMs }: ItemKey & { withinMs: number },
): Promise<Set<string>> {
  // One statement: what leaves the outbox becomes a notice in the same transaction.
  const { rows } = await db.execute<{ id: string }>(sql`
    select member_id as id from notices
    where workspace_id = ${workspaceId} and item_id = ${itemId} and kind = 'reminder'
      and at > now() - ${withinMs}::float8 * interval '1 millisecond'
    union select jsonb_array_elements_text(payload -> 'data' -> 'memberIds') from outbox
    where workspace_id = ${workspaceId} and item_id = ${itemId} and type = 'item.reminded'`);
  return new Set(rows.map(({ id }) => id));
}
