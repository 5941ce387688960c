import { sql } from 'drizzle-orm';
import type { FindingCode, Severity } from '../../domain/audit/finding-catalogue.ts';
import type { Stage } from '../../domain/item/stages.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';

/** Open items of one stage and one owner. Ages are seconds. */
export interface OpenItems {
  stage: Stage;
  role: Role | null;
  open: number;
  overdue: number;
  /** How long the one that waits longest for somebody has been in its stage. */
  oldestAge: number;
}

/** What waits for a program to go on. The age is that of the oldest, in seconds; 0 without one. */
export interface Waiting {
  count: number;
  oldestAge: number;
}

export interface HealthFigures {
  items: OpenItems[];
  commands: Waiting;
  outbox: Waiting;
  /** Those that were delivered are not counted. */
  deliveries: { state: 'pending' | 'failed' | 'exhausted'; count: number }[];
  findings: { code: FindingCode; severity: Severity; open: number }[];
  /** Seconds since the last look of the watch at the workspace that waits longest; null without any. */
  lastLookAge: number | null;
}

const WAITING = sql`count(*)::integer as count,
  coalesce(extract(epoch from max(now() - created_at)), 0)::float8 as "oldestAge"`;

/**
 * Counts what the scope of the caller lets it see: one workspace, or all of them. Every part reads what
 * is open and nothing that is done.
 */
export async function readHealthFigures(db: Db): Promise<HealthFigures> {
  const { rows } = await db.execute<{ figures: HealthFigures }>(sql`
select jsonb_build_object(
  'items', (select coalesce(jsonb_agg(f), '[]') from (
    select o.stage, o.owner_role as role, count(*)::integer as open,
      (count(*) filter (where o.is_overdue))::integer as overdue,
      coalesce(extract(epoch from max(o.item_now - o.stage_entered_at)
        filter (where jsonb_array_length(o.waiting_on) > 0)), 0)::float8 as "oldestAge"
    from (
      select i.stage, i.owner_role, i.waiting_on, i.stage_entered_at, n.item_now,
        i.next_alarm_at < n.item_now and exists (
          select from jsonb_to_recordset(i.alarms) as a(code text, at timestamptz)
          where a.code = 'overdue' and a.at < n.item_now) as is_overdue
      from items i
      cross join lateral (
        select now() + i.clock_offset_ms * interval '1 millisecond' as item_now) n
      where i.closed_at is null
    ) o
    group by o.stage, o.owner_role) f),
  'commands', (select to_jsonb(f) from (
    select ${WAITING} from commands where state = 'pending') f),
  'outbox', (select to_jsonb(f) from (
    select ${WAITING} from outbox) f),
  'findings', (select coalesce(jsonb_agg(f), '[]') from (
    select code, severity, count(*)::integer as open from findings
    where closed_at is null group by code, severity) f),
  'lastLookAge', (select extract(epoch from now() - min(coalesce(l.looked_at, w.created_at)))::float8
    from workspaces w left join watches l on l.workspace_id = w.id),
  'deliveries', (select coalesce(jsonb_agg(f), '[]') from (
    select state, count(*)::integer as count from webhook_deliveries
    where state <> 'delivered' group by state) f)
) as figures`);
  const [row] = rows;
  if (row === undefined) throw new Error('a query of figures has one row');
  return row.figures;
}
