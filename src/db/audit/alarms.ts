import { type SQL, sql } from 'drizzle-orm';
import type { AlarmCode } from '../../domain/item/alarms.ts';
import { type AuditScope, iso } from './sql.ts';

const CLOCK_OFFSET = sql`jsonb_build_object('clockOffset', o.clock_offset_ms)`;

/** What the send ledger holds of the publication of the alarm `a`. */
const INTENT = sql`jsonb_build_object('intent', (
  select jsonb_build_object('state', t.state, 'attempts', t.attempt, 'marker', t.marker,
    'texts', jsonb_array_length(t.segments), 'published', (select count(*)
      from jsonb_array_elements(t.segments) s where s.value ->> 'state' = 'published'),
    'leaseUntil', ${iso(sql`t.lease_until`)})
  from publish_intents t where t.item_id = o.id and t.publication_id = a."publicationId"
  order by t.slot_number desc limit 1))`;

/** What other tables add to the evidence of an alarm. */
const FURTHER_EVIDENCE: Record<AlarmCode, SQL> = {
  overdue: CLOCK_OFFSET,
  slot_without_approval: sql`'{}'`,
  publication_unknown: INTENT,
  publication_late: INTENT,
  publication_missed: INTENT,
  publication_rejected: INTENT,
  checkpoint_missing: sql`'{}'`,
  review_undecided: sql`'{}'`,
  timer_overdue: CLOCK_OFFSET,
};

/** A checkpoint has readings by now: its own time is over, so the run hears of none any more. */
function hasReadings(workspaceId: string): SQL {
  return sql`exists (select from readings r
    where r.workspace_id = ${workspaceId} and r.item_id = o.id
      and r.publication_id = a.evidence ->> 'publicationId'
      and r.checkpoint = a.evidence ->> 'checkpoint')`;
}

/** The alarms of a code that have gone off, by the items' own clocks. */
export function alarmsOff({ workspaceId }: AuditScope, code: AlarmCode): SQL {
  return sql`
select o.id as item_id, a.subject,
  coalesce((select max(e.at) from item_events e
    where a."sinceEvent" is not null and e.workspace_id = ${workspaceId} and e.item_id = o.id
      and e.type = a."sinceEvent" and e.data ->> 'publicationId' = a."publicationId"),
    a.since) as since,
  a.evidence || ${FURTHER_EVIDENCE[code]} as evidence
from open_items o
cross join lateral jsonb_to_recordset(o.alarms) as a(
  code text, at timestamptz, subject text, since timestamptz, evidence jsonb,
  "publicationId" text, "sinceEvent" text)
where o.next_alarm_at < o.item_now and a.code = ${code} and a.at < o.item_now
  and not ${code === 'checkpoint_missing' ? hasReadings(workspaceId) : sql`false`}`;
}
