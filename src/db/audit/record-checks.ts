import { type SQL, sql } from 'drizzle-orm';
import { type AuditScope, iso, milliseconds } from './sql.ts';

/** A command is sent for 2.5 s and drained after 3 s: later than this it is stuck. */
export const VERDICT_WITHIN_MS = 10_000;
/** Events of two commands may be stored in either order: a hole that young heals by itself. */
const HEALS_WITHIN_MS = 10_000;
/** An expired command is listed for so long. */
const EXPIRED_FOR_DAYS = 7;
/** Closed items are looked at for so long after their last event. */
export const CLOSED_FOR_DAYS = 30;

function isOneItem(column: SQL, { itemId }: AuditScope): SQL {
  return sql`(${itemId ?? null}::text is null or ${column} = ${itemId ?? null})`;
}

/** Without a verdict for too long, or with one that contradicts what the run did. */
export function commandsWithoutVerdict(scope: AuditScope): SQL {
  const { workspaceId, now } = scope;
  return sql`
select c.item_id, c.id as subject, c.created_at as since,
  jsonb_build_object('commandId', c.id, 'type', c.type, 'actorId', c.actor_id,
    'source', c.source, 'state', c.state, 'attempts', c.attempt, 'errors', c.error_count,
    'lastError', c.last_error, 'retryAt', ${iso(sql`q.next_attempt_at`)},
    'leaseUntil', ${iso(sql`c.lease_until`)}, 'appliedSeq', c.applied_seq) as evidence
from commands c
left join command_queues q on q.item_id = c.item_id and q.workspace_id = c.workspace_id
where c.workspace_id = ${workspaceId} and ${isOneItem(sql`c.item_id`, scope)}
  and ((c.state = 'pending'
      and c.created_at < ${now}::timestamptz - ${milliseconds(VERDICT_WITHIN_MS)})
    or (c.state in ('refused', 'expired') and c.applied_seq is not null))`;
}

/** Expired without an answer, of items that are open: whoever gave one has to give it again. */
export function expiredCommands(scope: AuditScope): SQL {
  const { workspaceId, now } = scope;
  return sql`
select c.item_id, c.id as subject, c.settled_at as since,
  jsonb_build_object('commandId', c.id, 'type', c.type, 'actorId', c.actor_id,
    'source', c.source, 'attempts', c.attempt, 'errors', c.error_count,
    'lastError', c.last_error, 'createdAt', ${iso(sql`c.created_at`)},
    'expiresAt', ${iso(sql`c.expires_at`)}) as evidence
from commands c
left join items i on i.id = c.item_id and i.workspace_id = c.workspace_id
where c.workspace_id = ${workspaceId} and ${isOneItem(sql`c.item_id`, scope)}
  and c.state = 'expired' and i.closed_at is null
  and c.settled_at > ${now}::timestamptz - ${EXPIRED_FOR_DAYS} * interval '1 day'`;
}

/**
 * Items whose run said of a pending command that its chain is another one than the row's. Once the row
 * stands elsewhere, that is of the past.
 */
export function divergedRows(scope: AuditScope): SQL {
  return sql`
select distinct on (i.id) i.id as item_id, i.id as subject, i.updated_at as since,
  c.divergence || jsonb_build_object('commandId', c.id, 'reportedAt', ${iso(sql`i.updated_at`)})
    as evidence
from commands c join items i on i.id = c.item_id and i.workspace_id = c.workspace_id
where c.workspace_id = ${scope.workspaceId} and ${isOneItem(sql`c.item_id`, scope)}
  and c.state = 'pending' and c.divergence is not null and i.closed_at is null
  and i.head_hash = c.divergence ->> 'rowHash'
order by i.id, c.created_at, c.id`;
}

/** The stored events have a hole, or do not reach exactly as far as the item's row. */
export function eventGaps(scope: AuditScope): SQL {
  const { workspaceId, now } = scope;
  return sql`
select g.id as item_id, g.id as subject, g.updated_at as since,
  jsonb_build_object('rowSeq', g.seq, 'lastSeq', g.last, 'stored', g.stored,
    'firstMissing', (select min(n) from generate_series(1, greatest(g.seq, g.last)) n
      where not exists (select from item_events e where e.item_id = g.id and e.seq = n)))
    as evidence
from (
  select i.id, i.seq, i.updated_at, e.stored, e.last
  from items i
  cross join lateral (
    select count(*)::integer as stored, coalesce(max(e.seq), 0) as last
    from item_events e where e.item_id = i.id
  ) e
  where i.workspace_id = ${workspaceId} and ${isOneItem(sql`i.id`, scope)}
    and ${isLookedAt(now)}
    and i.updated_at < ${now}::timestamptz - ${milliseconds(HEALS_WITHIN_MS)}
) g
where g.last <> g.seq or g.stored <> g.last`;
}

/** Open items `i`, and closed ones for some weeks. */
export function isLookedAt(now: string): SQL {
  return sql`(i.closed_at is null
    or i.updated_at > ${now}::timestamptz - ${CLOSED_FOR_DAYS} * interval '1 day')`;
}
