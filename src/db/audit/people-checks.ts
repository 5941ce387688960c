import { type SQL, sql } from 'drizzle-orm';
import type { CommandType } from '../../domain/item/commands.ts';
import type { ApprovalSet } from '../../domain/item/context.ts';
import type { Approval } from '../../domain/item/record-schema.ts';
import type { Stage } from '../../domain/item/stages.ts';
import { type AuditScope, iso, WAITS } from './sql.ts';

const DECIDE: CommandType = 'decide_approval';
const RESUME: CommandType = 'resume';
const REVIEW: Stage = 'review';
const APPROVE: Approval['decision'] = 'approve';
const OPEN: ApprovalSet['state'] = 'open';
const GRANTED: ApprovalSet['state'] = 'granted';

/** Of an asked role: how many members still able to approve it needs. `all` names its members. */
const NEEDED = sql`(select case jsonb_typeof(a.quorum)
    when 'object' then (a.quorum ->> 'atLeast')::integer
    else case a.quorum #>> '{}' when 'any' then 1 else 0 end end
  from jsonb_to_recordset(o.gate -> 'asked') as a(role text, quorum jsonb)
  where a.role = w.role)`;

/** Members who could do what is waited for: four eyes and earlier approvals are respected. */
const ABLE = sql`(select count(*) from people m
  where (m.active and w.role = any(m.roles)
      and not (w."for" = ${DECIDE} and o.authors ? m.id))
    or (w."for" = ${DECIDE} and exists (
      select from jsonb_to_recordset(o.gate -> 'decisions') as d(
        role text, "memberId" text, decision text)
      where d.role = w.role and d."memberId" = m.id and d.decision = ${APPROVE})))`;

/**
 * Waits for a role with nobody assigned, and it is not plain who is meant: nobody holds it, or
 * several do. Approvers are asked by role, so there only too few of them are a finding.
 */
export const UNASSIGNED = sql`
select o.id as item_id, concat_ws(':', o.id, w.role, w."for") as subject,
  o.stage_entered_at as since,
  jsonb_build_object('role', w.role, 'for', w."for", 'able', n.able, 'stage', o.stage) as evidence
from open_items o ${WAITS}
cross join lateral (select ${ABLE}::integer as able) n
where w."memberId" is null
  and case when w."for" = ${DECIDE} then n.able < ${NEEDED} else n.able <> 1 end`;

/**
 * Waits for somebody who can no longer act: not active, or without the role. Who holds an item may
 * be an admin, so there the role is not asked.
 */
export const INACTIVE_OWNERS = sql`
select o.id as item_id, concat_ws(':', o.id, w."memberId", w.role, w."for") as subject,
  o.stage_entered_at as since,
  jsonb_build_object('memberId', w."memberId", 'role', w.role, 'for', w."for",
    'active', coalesce(m.active, false),
    'holdsRole', coalesce(w.role = any(m.roles), false)) as evidence
from (
  select o.id, o.stage_entered_at, w.role, w."memberId", w."for" from open_items o ${WAITS}
  where w."memberId" is not null
  union all
  select o.id, o.stage_entered_at, a.role, member.id, ${DECIDE}::text
  from open_items o
  cross join lateral jsonb_to_recordset(o.gate -> 'asked') as a(
    role text, quorum jsonb, members jsonb)
  cross join lateral jsonb_array_elements_text(a.members) as member(id)
  where o.stage = ${REVIEW} and o.gate ->> 'state' = ${OPEN} and a.quorum #>> '{}' = 'all'
    and not exists (
      select from jsonb_to_recordset(o.gate -> 'decisions') as d(
        role text, "memberId" text, decision text)
      where d.role = a.role and d."memberId" = member.id and d.decision = ${APPROVE})
) w(id, stage_entered_at, role, "memberId", "for")
cross join lateral (select w.id, w.stage_entered_at) o
left join people m on m.id = w."memberId"
where m.id is null or not m.active or (w."for" <> ${RESUME} and not w.role = any(m.roles))`;

/** Waits by name for somebody who is away now. */
export const ABSENT_OWNERS = sql`
select o.id as item_id, concat_ws(':', o.id, w."memberId", w.role, w."for") as subject,
  greatest(coalesce(m.absent_from, o.stage_entered_at), o.stage_entered_at) as since,
  jsonb_build_object('memberId', w."memberId", 'role', w.role, 'for', w."for",
    'absentFrom', ${iso(sql`m.absent_from`)}, 'absentUntil', ${iso(sql`m.absent_until`)},
    'backupId', m.backup_id) as evidence
from open_items o ${WAITS}
join people m on m.id = w."memberId" and m.active
where (m.absent_from is not null or m.absent_until is not null)
  and coalesce(m.absent_from <= o.item_now, true) and coalesce(m.absent_until > o.item_now, true)`;

/**
 * Approvals of another content than the one that stands: a set that should be void, or somebody who
 * decided on an old version, was refused, and has not decided again.
 */
export function staleApprovals({ workspaceId }: AuditScope): SQL {
  return sql`
select o.id as item_id, concat_ws(':', o.id, 'set', o.gate ->> 'number') as subject,
  o.stage_entered_at as since,
  jsonb_build_object('set', o.gate -> 'number', 'state', o.gate ->> 'state',
    'approvedHash', o.gate ->> 'contentHash', 'contentHash', o.content_hash) as evidence
from open_items o
where o.gate ->> 'state' in ${[OPEN, GRANTED]}
  and o.gate ->> 'contentHash' is distinct from o.content_hash
union all
select o.id, concat_ws(':', o.id, 'set', o.gate ->> 'number', w.role, c.actor_id),
  min(c.settled_at),
  jsonb_build_object('set', o.gate -> 'number', 'role', w.role, 'memberId', c.actor_id,
    'decidedHash', max(c.payload #>> '{message,refs,contentHash}'),
    'contentHash', o.content_hash)
from open_items o ${WAITS}
join commands c on c.workspace_id = ${workspaceId} and c.item_id = o.id
  and c.type = ${DECIDE} and c.state = 'refused'
  and c.payload #>> '{message,refs,role}' = w.role
  and c.payload #>> '{message,refs,contentHash}' is distinct from o.content_hash
  and c.unmet @> '[{"code": "current_hash"}]'
where o.stage = ${REVIEW} and w."for" = ${DECIDE}
  and c.refused_at_seq >= coalesce((select max(e.seq) from item_events e
    where e.workspace_id = ${workspaceId} and e.item_id = o.id
      and e.type = 'review.submitted'), 0)
group by o.id, o.gate, o.content_hash, w.role, c.actor_id`;
}
