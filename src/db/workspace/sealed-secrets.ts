import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { webhookEndpoints, webhookSubscriptions } from '../schema/index.ts';

/** One encrypted value and where it stands. */
export interface SealedSecretRow {
  kind:
    | 'channel account'
    | 'channel session'
    | 'metric source'
    | 'webhook endpoint'
    | 'webhook subscription'
    | 'Slack channel of a member'
    | 'Slack channel of a workspace';
  id: string;
  sealed: string;
}

/** Every encrypted value of a workspace: for the operator who changes the key. */
export async function listSealedSecrets(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<SealedSecretRow[]> {
  const { rows } = await db.execute(sql`
    select 'channel account' as kind, id, credentials as sealed
      from channel_accounts where credentials is not null and workspace_id = ${workspaceId}
    union all
    select 'channel session', channel_account_id, sealed
      from channel_sessions where workspace_id = ${workspaceId}
    union all
    select 'metric source', id, credentials
      from metric_sources where credentials is not null and workspace_id = ${workspaceId}
    union all
    select 'webhook endpoint', e.id, s ->> 'sealed'
      from webhook_endpoints e cross join lateral jsonb_array_elements(e.secrets) as s
      where e.workspace_id = ${workspaceId}
    union all
    select 'webhook subscription', w.id, s ->> 'sealed'
      from webhook_subscriptions w cross join lateral jsonb_array_elements(w.secrets) as s
      where w.workspace_id = ${workspaceId}
    union all
    select 'Slack channel of a member', member_id, sealed_slack_url from member_preferences
      where sealed_slack_url is not null and workspace_id = ${workspaceId}
    union all
    select 'Slack channel of a workspace', workspace_id, sealed from slack_channels
      where workspace_id = ${workspaceId}
    order by 1, 2`);
  return rows.map(({ kind, id, sealed }) => ({
    kind: kind as SealedSecretRow['kind'],
    id: String(id),
    sealed: String(sealed),
  }));
}

/**
 * Puts another encryption of the same secret in its place.
 * @returns false when somebody changed it meanwhile: theirs stays.
 */
export async function replaceSealedSecret(
  db: Db,
  { kind, id, sealed, by }: SealedSecretRow & { by: string },
): Promise<boolean> {
  const { rowCount } = await db.execute(statementOf({ kind, id, sealed, by }));
  return rowCount === 1;
}

function statementOf({ kind, id, sealed, by }: SealedSecretRow & { by: string }) {
  switch (kind) {
    case 'channel account':
      return sql`update channel_accounts set credentials = ${by}
        where id = ${id} and credentials = ${sealed}`;
    case 'metric source':
      return sql`update metric_sources set credentials = ${by}
        where id = ${id} and credentials = ${sealed}`;
    case 'channel session':
      return sql`update channel_sessions set sealed = ${by}
        where channel_account_id = ${id} and sealed = ${sealed}`;
    case 'Slack channel of a member':
      return sql`update member_preferences set sealed_slack_url = ${by}
        where member_id = ${id} and sealed_slack_url = ${sealed}`;
    case 'Slack channel of a workspace':
      return sql`update slack_channels set sealed = ${by}
        where workspace_id = ${id} and sealed = ${sealed}`;
    case 'webhook endpoint':
    case 'webhook subscription':
      return sql`update ${kind === 'webhook endpoint' ? webhookEndpoints : webhookSubscriptions}
        set secrets = replace(secrets::text, to_json(${sealed}::text)::text, to_json(${by}::text)::text)::jsonb
        where id = ${id} and secrets @> jsonb_build_array(jsonb_build_object('sealed', ${sealed}::text))`;
  }
}
