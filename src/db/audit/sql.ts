import { type SQL, sql } from 'drizzle-orm';

/** An instant as the text that every instant is outside the database; null stays null. */
export function iso(instant: SQL): SQL {
  return sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Epoch milliseconds as an instant. */
export function fromMs(ms: SQL): SQL {
  return sql`(timestamptz 'epoch' + ${ms} * interval '1 millisecond')`;
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
  select i.id, i.stage, i.substage, i.waiting_on, i.due_at, i.stage_entered_at,
    ${now}::timestamptz + i.clock_offset_ms * interval '1 millisecond' as item_now,
    i.clock_offset_ms, c.publications, c.checkpoints, c.clock, c.playbook, c.authors,
    c.approvals -> -1 as gate, c.reviews -> -1 as review, c."contentHash" as content_hash,
    coalesce(split_part(c."heldFrom", '.', 1), i.stage) as working_stage,
    coalesce(c.approvals -> -1 ->> 'state' = 'granted'
      and c.approvals -> -1 ->> 'contentHash' = c."contentHash", false) as approvals_hold
  from items i
  cross join lateral jsonb_to_record(i.snapshot -> 'context') as c(
    publications jsonb, checkpoints jsonb, clock jsonb, playbook jsonb, authors jsonb,
    approvals jsonb, reviews jsonb, "contentHash" text, "heldFrom" text)
  where i.workspace_id = ${workspaceId} and i.closed_at is null
    and (${itemId ?? null}::text is null or i.id = ${itemId ?? null})
), people as materialized (
  select m.id, m.roles, m.active, m.absent_from, m.absent_until, m.backup_id
  from members m where m.workspace_id = ${workspaceId}
)`;
}

/** Publication records of the open items of `o`. */
export const PUBLICATIONS = sql`
  cross join lateral jsonb_to_recordset(o.publications) as p(
    id text, "channelAccountId" text, channel text, "slotNumber" integer, state text, at text,
    "contentHash" text, evidence text)`;

/** Whom the open items of `o` wait for. */
export const WAITS = sql`
  cross join lateral jsonb_to_recordset(o.waiting_on) as w(role text, "memberId" text, "for" text)`;

/** Approved, and nobody sent the item back since: a held slot then only waits for its plan. */
export const IS_APPROVED = sql`(o.approvals_hold and o.working_stage not in ('creation', 'review'))`;

/** Until when the tentative slot `p` of the item `o` is held. */
export const HELD_UNTIL = sql`(p.at::timestamptz - case when ${IS_APPROVED} then interval '0'
  else (o.playbook ->> 'approvalDeadlineMinutes')::integer * interval '1 minute' end)`;
