import { type SQL, sql } from 'drizzle-orm';
import {
  type AuditScope,
  fromMs,
  HELD_UNTIL,
  IS_APPROVED,
  iso,
  milliseconds,
  PUBLICATIONS,
} from './sql.ts';

const MINUTE_MS = 60_000;
/** A slot is late when its outcome is not settled so long after its time. */
const LATE_MS = 15 * MINUTE_MS;
/** A run gets so long to do what its clock asks: a worker that restarts needs some seconds. */
export const TIMER_GRACE_MS = MINUTE_MS;
/** A slot that nothing is approved for is worth a word so long before it would be lost. */
const SLOT_AT_RISK_MS = 24 * 60 * MINUTE_MS;
/** Freezing the readings of a review takes seconds. */
const UNFROZEN_MS = 10 * MINUTE_MS;

/** Past 100 % of the stage's clock. A clock that stands still (`on_hold`) is not overdue. */
export const OVERDUE = sql`
select o.id as item_id,
  concat_ws(':', o.id, o.stage, ${iso(sql`o.stage_entered_at`)}) as subject,
  o.due_at as since,
  jsonb_build_object('stage', o.stage, 'substage', o.substage,
    'stageEnteredAt', ${iso(sql`o.stage_entered_at`)}, 'dueAt', ${iso(sql`o.due_at`)},
    'stepsPassed', o.clock -> 'fired', 'clockOffset', o.clock_offset_ms) as evidence
from open_items o where o.stage <> 'on_hold' and o.due_at < o.item_now`;

const SLOT_EVIDENCE = sql`jsonb_build_object('publicationId', p.id,
  'channelAccountId', p."channelAccountId", 'channel', p.channel, 'slotNumber', p."slotNumber",
  'state', p.state, 'at', p.at, 'evidence', p.evidence)`;

/** What the send ledger holds of the slot `p`. */
const INTENT_EVIDENCE = sql`jsonb_build_object('intent', (
  select jsonb_build_object('state', t.state, 'attempts', t.attempt, 'marker', t.marker,
    'texts', jsonb_array_length(t.segments), 'published', (select count(*)
      from jsonb_array_elements(t.segments) s where s.value ->> 'state' = 'published'),
    'leaseUntil', ${iso(sql`t.lease_until`)})
  from publish_intents t where t.item_id = o.id and t.publication_id = p.id
  order by t.slot_number desc limit 1))`;

/** Since the last event of a type about the slot `p`, or since its time where none is stored. */
function sinceEvent({ workspaceId }: AuditScope, type: string): SQL {
  return sql`coalesce((select max(e.at) from item_events e
    where e.workspace_id = ${workspaceId} and e.item_id = o.id and e.type = ${type}
      and e.data ->> 'publicationId' = p.id), p.at::timestamptz)`;
}

/** A send whose outcome nobody knows, or a slot that passed: a person has to say what becomes of it. */
export function unresolvedSlots(scope: AuditScope, state: 'unknown' | 'missed'): SQL {
  return sql`
select o.id as item_id, concat_ws(':', p.id, p."slotNumber"::text) as subject,
  ${sinceEvent(scope, `publication.${state}`)} as since,
  ${SLOT_EVIDENCE} || ${INTENT_EVIDENCE} as evidence
from open_items o ${PUBLICATIONS} where p.state = ${state}`;
}

export const LATE_SLOTS = sql`
select o.id as item_id, concat_ws(':', p.id, p.at) as subject, p.at::timestamptz as since,
  ${SLOT_EVIDENCE} || ${INTENT_EVIDENCE} as evidence
from open_items o ${PUBLICATIONS}
where (p.state in ('due', 'sending')
    or (p.state = 'planned' and o.stage in ('scheduled', 'publishing')))
  and p.at::timestamptz + ${milliseconds(LATE_MS)} < o.item_now`;

/** A slot that would go out, or be lost, within a day, and whose content is not approved. */
export const SLOTS_WITHOUT_APPROVAL = sql`
select o.id as item_id, concat_ws(':', p.id, p.at) as subject, o.stage_entered_at as since,
  ${SLOT_EVIDENCE} || jsonb_build_object('heldUntil', ${iso(HELD_UNTIL)},
    'contentHash', o.content_hash, 'plannedHash', p."contentHash", 'gate', o.gate ->> 'state')
    as evidence
from open_items o ${PUBLICATIONS}
where case p.state
  when 'planned' then not (o.approvals_hold and coalesce(p."contentHash" = o.content_hash, false))
    and (o.stage in ('scheduled', 'publishing')
      or p.at::timestamptz < o.item_now + ${milliseconds(SLOT_AT_RISK_MS)})
  when 'tentative' then not o.approvals_hold
    and ${HELD_UNTIL} < o.item_now + ${milliseconds(SLOT_AT_RISK_MS)}
  else false end`;

export const MISSING_CHECKPOINTS = sql`
select o.id as item_id, concat_ws(':', c."publicationId", c.checkpoint) as subject,
  coalesce(c."settledAt", c."dueAt")::timestamptz as since,
  jsonb_build_object('publicationId', c."publicationId", 'checkpoint', c.checkpoint,
    'required', c.required, 'dueAt', c."dueAt") as evidence
from open_items o
cross join lateral jsonb_to_recordset(o.checkpoints) as c(
  "publicationId" text, checkpoint text, required boolean, state text, "dueAt" text,
  "settledAt" text)
where c.state = 'missing'`;

/** Past its due time without every sign-off, or its readings were never frozen. */
export const UNDECIDED_REVIEWS = sql`
select o.id as item_id, concat_ws(':', o.review ->> 'id', 'review') as subject,
  case when o.review ->> 'hash' is null then o.stage_entered_at else o.due_at end as since,
  jsonb_build_object('reviewId', o.review ->> 'id', 'frozen', o.review ->> 'hash' is not null,
    'dueAt', ${iso(sql`o.due_at`)},
    'signed', jsonb_path_query_array(o.review, '$.signOffs[*].role')) as evidence
from open_items o
where o.stage = 'kpi_review' and (o.due_at < o.item_now or (o.review ->> 'hash' is null
  and o.stage_entered_at + ${milliseconds(UNFROZEN_MS)} < o.item_now))`;

/** A planned slot of an item that went back to its gate and is not approved again. */
const IS_GIVEN_UP = sql`(p.state = 'planned' and p."heldUntil" is not null
  and o.stage not in ('scheduled', 'publishing') and not ${IS_APPROVED})`;

/**
 * A deadline of the snapshot that the run's clock has passed without the run noticing. The same
 * deadlines as `deadlinesOf` of the domain (a test compares both); of a checkpoint, the end of its
 * grace, for until then the run waits for readings.
 */
export const OVERDUE_TIMERS = sql`
select o.id as item_id,
  concat_ws(':', o.id, d.kind, d.publication, d.part, ${iso(sql`d.at`)}) as subject,
  d.at as since,
  jsonb_strip_nulls(jsonb_build_object('deadline', d.kind, 'publicationId', d.publication,
    'part', d.part, 'at', ${iso(sql`d.at`)}, 'clockOffset', o.clock_offset_ms)) as evidence
from open_items o
cross join lateral (
  select 'clock_step' as kind, null::text as publication,
    concat(o.clock ->> 'stage', ' ', o.clock ->> 'fired') as part,
    ${fromMs(sql`(o.clock -> 'steps' ->> (o.clock ->> 'fired')::integer)::float8`)} as at
  where o.clock ->> 'pausedAt' is null and (o.clock ->> 'fired')::integer < 4
  union all
  select case when p.state = 'tentative' or ${IS_GIVEN_UP} then 'approval_deadline_passed'
      when o.stage in ('scheduled', 'publishing') then 'publication_due' else 'slot_passed' end,
    p.id, null,
    case when p.state = 'tentative' then ${HELD_UNTIL}
      when ${IS_GIVEN_UP} then p."heldUntil"::timestamptz
      when o.stage in ('scheduled', 'publishing') then p.at::timestamptz
      else p.at::timestamptz
        + (o.playbook ->> 'slotGraceMinutes')::integer * interval '1 minute' end
  from jsonb_to_recordset(o.publications) as p(
    id text, state text, at text, "heldUntil" text)
  where p.state in ('planned', 'tentative')
  union all
  select 'checkpoint', c."publicationId", c.checkpoint,
    c."dueAt"::timestamptz
      + (o.playbook ->> 'checkpointGraceHours')::integer * interval '1 hour'
  from jsonb_to_recordset(o.checkpoints) as c(
    "publicationId" text, checkpoint text, state text, "dueAt" text)
  where c.state = 'due'
) d
where d.at + ${milliseconds(TIMER_GRACE_MS)} < o.item_now`;
