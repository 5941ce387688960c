import { type SQL, sql } from 'drizzle-orm';
import { type AuditScope, iso, milliseconds } from './sql.ts';

/** The first failures are those of a receiver that restarts: a third one is worth a word. */
const FAILING_FROM = 3;
/** An exhausted delivery that nobody replays is listed for so long. */
const EXHAUSTED_FOR_DAYS = 7;

/**
 * Subscriptions whose receiver does not take what it is sent: deliveries that fail again and again or
 * were given up, or all of them, since it answered that it is gone. Of the address only the host is
 * told: a path may hold a secret.
 */
export function failingDeliveries({ workspaceId, now, itemId }: AuditScope): SQL {
  return sql`
select null::text as item_id, s.id as subject, coalesce(d.since, s.gone_at) as since,
  jsonb_build_object('subscriptionId', s.id, 'host', s.host, 'stopped', s.stopped,
    'failing', d.failing, 'exhausted', d.exhausted, 'attempts', d.attempts,
    'nextAttemptAt', ${iso(sql`d.next_attempt_at`)}, 'lastStatus', d.last -> 'status') as evidence
from (
  select id, stopped, substring(url, '^[a-z]+://(?:[^/@?#]*@)?([^/?#]+)') as host,
    case when stopped = 'gone' then created_at end as gone_at
  from webhook_subscriptions
  where workspace_id = ${workspaceId} and ${itemId ?? null}::text is null
    and coalesce(stopped, '') <> 'paused'
) s
cross join lateral (
  select count(*) filter (where state = 'failed') as failing,
    count(*) filter (where state = 'exhausted') as exhausted,
    max(attempts) as attempts, min(next_attempt_at) as next_attempt_at,
    (array_agg(log -> -1 order by coalesce(exhausted_at, next_attempt_at) desc))[1] as last,
    min(created_at) as since
  from webhook_deliveries d
  where d.subscription_id = s.id and d.workspace_id = ${workspaceId}
    and ((d.state = 'failed' and d.attempts >= ${FAILING_FROM})
      or (d.state = 'exhausted'
        and d.exhausted_at > ${now}::timestamptz - ${EXHAUSTED_FOR_DAYS} * interval '1 day'))
) d
where s.stopped = 'gone' or d.failing + d.exhausted > 0`;
}

/**
 * Deliveries of a workspace that are due and that nobody attempts: of each stream the first, for what
 * stands behind it waits rightly.
 */
export function unattendedDeliveries(
  workspaceId: string,
  { now, afterMs }: { now: string; afterMs: number },
): SQL {
  return sql`
select count(*)::integer as waiting, min(d.next_attempt_at) as oldest_at
from webhook_subscriptions s
join webhook_deliveries d on d.subscription_id = s.id and d.state in ('pending', 'failed')
where s.workspace_id = ${workspaceId} and s.active
  and d.next_attempt_at < ${now}::timestamptz - ${milliseconds(afterMs)}
  and (d.lease_until is null or d.lease_until < ${now}::timestamptz)
  and not exists (select from webhook_deliveries e
    where e.subscription_id = d.subscription_id and e.stream = d.stream
      and e.position < d.position and e.state in ('pending', 'failed'))`;
}
