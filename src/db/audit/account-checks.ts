import { type SQL, sql } from 'drizzle-orm';
import { IN_FLIGHT_STATES, WAITING_STATES } from '../../domain/item/publication-states.ts';
import { type AuditScope, iso, milliseconds } from './sql.ts';

/** Expiring credentials are found so long before, planned posts or not. */
export const EXPIRES_WITHIN_DAYS = 7;
const WITHIN = sql`${milliseconds(EXPIRES_WITHIN_DAYS * 86_400_000)}`;

/**
 * Active accounts whose credentials were refused, expire soon or have expired, or expire before a planned post.
 * About an account, not an item: a question about one item leaves it out. Expiry is real time, so a
 * post that time travel brings nearer is compared by when it really goes out.
 */
export function expiringTokens({ workspaceId, now, itemId }: AuditScope): SQL {
  return sql`
select null::text as item_id, a.id as subject,
  least(a.refused_at, case when a.is_soon then a.expires_at - ${WITHIN} end,
    case when a.refused_at is null then p.since end) as since,
  jsonb_build_object('channelAccountId', a.id, 'channel', a.channel, 'name', a.name,
    'expiresAt', ${iso(sql`a.expires_at`)}, 'expired', coalesce(a.expires_at <= ${now}::timestamptz, false),
    'refusedAt', ${iso(sql`a.refused_at`)}, 'refusal', a.why, 'plannedBefore', p.before,
    'plannedAfter', p.after, 'firstAfterAt', ${iso(sql`p.first_after`)}) as evidence
from (
  select a.id, a.channel, a.name, a.token_expires_at as expires_at, r.refused_at, r.why,
    coalesce(a.token_expires_at <= ${now}::timestamptz + ${WITHIN}, false) as is_soon
  from channel_accounts a
  left join credential_refusals r on r.channel_account_id = a.id
  where a.workspace_id = ${workspaceId} and a.active and ${itemId ?? null}::text is null
    and (a.token_expires_at is not null or r.channel_account_id is not null)
) a
cross join lateral (
  select count(*) filter (where not s.fails) as before, count(*) filter (where s.fails) as after,
    min(s.goes_out_at) filter (where s.fails) as first_after,
    min(s.changed_at) filter (where s.fails) as since
  from (
    select t.goes_out_at, t.changed_at,
      a.refused_at is not null or t.goes_out_at >= a.expires_at as fails
    from (
      select p.at - i.clock_offset_ms * interval '1 millisecond' as goes_out_at, p.changed_at
      from publications p
      join items i on i.id = p.item_id and i.workspace_id = ${workspaceId} and i.closed_at is null
      where p.channel_account_id = a.id and not p.released
        and p.state in ${[...WAITING_STATES, ...IN_FLIGHT_STATES]}
    ) t
  ) s
) p
where a.refused_at is not null or a.is_soon or p.after > 0`;
}
