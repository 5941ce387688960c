import { type SQL, sql } from 'drizzle-orm';
import { type AuditScope, iso } from './sql.ts';

/** Failures in a row that are more than a bad moment. */
export const SOURCE_FAILS_FROM = 3;

/** Active sources that did not answer three times in a row. About no item. */
export function failingSources(scope: AuditScope): SQL {
  return sources(
    scope,
    sql`h.refused_at is null and h.failures >= ${SOURCE_FAILS_FROM}`,
    sql`h.failing_since`,
  );
}

/** Active sources that refused the credentials: they are not asked before there are others. */
export function refusingSources(scope: AuditScope): SQL {
  return sources(scope, sql`h.refused_at is not null`, sql`h.refused_at`);
}

function sources({ workspaceId, itemId }: AuditScope, isFound: SQL, since: SQL): SQL {
  return sql`
select null::text as item_id, h.source_id as subject, ${since} as since,
  jsonb_build_object('sourceId', h.source_id, 'metricSourceId', m.id,
    'channelAccountId', h.channel_account_id, 'kind', h.kind, 'name', coalesce(m.name, a.name),
    'failures', h.failures, 'lastFailure', h.last_failure,
    'lastFailureAt', ${iso(sql`h.last_failure_at`)},
    'lastSuccessAt', ${iso(sql`h.last_success_at`)},
    'refusedAt', ${iso(sql`h.refused_at`)}) as evidence
from metric_source_health h
left join metric_sources m on m.id = h.source_id and m.workspace_id = ${workspaceId}
left join channel_accounts a on a.id = h.channel_account_id and a.workspace_id = ${workspaceId}
where h.workspace_id = ${workspaceId} and ${itemId ?? null}::text is null
  and coalesce(m.active, a.active, false) and ${isFound}`;
}
