import { sql } from 'drizzle-orm';
import { OCCUPYING_STATES } from '../../domain/item/publication-states.ts';
import type { Db } from '../client.ts';
import type { publications } from '../schema/index.ts';

export type PublicationRow = typeof publications.$inferSelect;

/** One caller at a time chooses a time on an account. Ends with the transaction. */
export async function lockSlots(tx: Db, channelAccountId: string): Promise<void> {
  const key = `slots:${channelAccountId}`;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
}

export interface Occupancy {
  itemId: string;
  at: string;
  local: string;
  zone: string;
}

/**
 * When an account is occupied: by publications of any item, and by plans that wait for their verdict. A
 * plan that is refused stops holding what it named in the moment its refusal is stored.
 */
export async function listOccupancy(
  db: Db,
  {
    workspaceId,
    channelAccountId,
    from,
    to,
  }: { workspaceId: string; channelAccountId: string; from: string; to: string },
): Promise<Occupancy[]> {
  const { rows } = await db.execute<{ itemId: string; at: Date; local: string; zone: string }>(sql`
    select item_id as "itemId", at, local, zone from publications
    where channel_account_id = ${channelAccountId} and workspace_id = ${workspaceId}
      and at between ${from}::timestamptz and ${to}::timestamptz
      and state in ${OCCUPYING_STATES}
    union all
    select c.item_id, (s ->> 'at')::timestamptz, s ->> 'local', s ->> 'zone'
    from commands c, jsonb_array_elements(
      coalesce(c.payload #> '{message,refs,publications}', '[]')
        || coalesce(jsonb_build_array(c.payload #> '{message,refs,slot}'), '[]')) as s
    where c.workspace_id = ${workspaceId} and c.state = 'pending'
      and c.type in ('plan_schedule', 'resolve_publication')
      and s ->> 'channelAccountId' = ${channelAccountId}
      and (s ->> 'at')::timestamptz between ${from}::timestamptz and ${to}::timestamptz`);
  return rows.map(({ at, ...row }) => ({ ...row, at: new Date(at).toISOString() }));
}
