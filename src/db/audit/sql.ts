import { type SQL, sql } from 'drizzle-orm';

/** An instant as the text that every instant is outside the database; null stays null. */
export function iso(instant: SQL): SQL {
  return sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

export function milliseconds(ms: number): SQL {
  return sql`${ms} * interval '1 millisecond'`;
}

export interface AuditScope {
  workspaceId: string;
  /** ISO instant: real time. An item's own time is this plus the distance of its clock. */
  now: string;
  itemId?: string | undefined;
}

/**
 * Open items with the parts of their snapshot that checks read, and the members they wait for. Each
 * snapshot is unpacked once, whatever the number of checks.
 */
export function openItems({ workspaceId, now, itemId }: AuditScope): SQL {
  return sql`
open_items as materialized (
  select i.id, i.stage, i.waiting_on, i.alarms, i.next_alarm_at, i.stage_entered_at,
    ${now}::timestamptz + i.clock_offset_ms * interval '1 millisecond' as item_now,
    i.clock_offset_ms, c.authors, c.approvals -> -1 as gate, c."contentHash" as content_hash
  from items i
  cross join lateral jsonb_to_record(i.snapshot -> 'context') as c(
    authors jsonb, approvals jsonb, "contentHash" text)
  where i.workspace_id = ${workspaceId} and i.closed_at is null
    and (${itemId ?? null}::text is null or i.id = ${itemId ?? null})
), people as materialized (
  select m.id, m.roles, m.active, m.absent_from, m.absent_until, m.backup_id
  from members m where m.workspace_id = ${workspaceId}
)`;
}

/** Whom the open items of `o` wait for. */
export const WAITS = sql`
  cross join lateral jsonb_to_recordset(o.waiting_on) as w(role text, "memberId" text, "for" text)`;
