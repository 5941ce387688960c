import { type SQL, sql } from 'drizzle-orm';
import { type AuditScope, iso, milliseconds } from './sql.ts';

/** A run is called when it is late by seconds: so late it is when nobody is there to call it. */
const LATE_MS = 5 * 60_000;

/** Campaigns whose run should have looked long ago: it is lost, and no worker calls it. */
export function unattendedCampaigns({ workspaceId, now, itemId }: AuditScope): SQL {
  return sql`
select null::text as item_id, r.campaign_id as subject, r.next_look_at as since,
  jsonb_build_object('campaignId', r.campaign_id, 'name', c.name,
    'lookedAt', ${iso(sql`r.looked_at`)}, 'nextLookAt', ${iso(sql`r.next_look_at`)}) as evidence
from campaign_runs r join campaigns c on c.id = r.campaign_id and c.workspace_id = r.workspace_id
where r.workspace_id = ${workspaceId} and ${itemId ?? null}::text is null and r.ended_at is null
  and r.next_look_at < ${now}::timestamptz - ${milliseconds(LATE_MS)}`;
}
