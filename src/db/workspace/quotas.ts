import { sql } from 'drizzle-orm';
import type { Db } from '../client.ts';

/** What a workspace may have at most of each. */
export interface Quotas {
  openItems: number;
  /** Of files, in bytes. */
  storageBytes: number;
  /** That are not revoked. */
  apiKeys: number;
  /** That are active. */
  webhookEndpoints: number;
  webhookSubscriptions: number;
  metricSources: number;
  csvMappings: number;
}

/** The workspace has as much as it may have. */
export class QuotaExceeded extends Error {
  readonly quota: keyof Quotas;
  readonly limit: number;

  constructor(quota: keyof Quotas, limit: number) {
    super(`${quota}: the workspace has the ${limit} that it may have`);
    this.name = 'QuotaExceeded';
    this.quota = quota;
    this.limit = limit;
  }
}

const COUNTS = {
  openItems: (workspaceId: string) =>
    sql`select count(*) as used from items
      where workspace_id = ${workspaceId} and closed_at is null`,
  storageBytes: (workspaceId: string) =>
    sql`select coalesce(sum(size), 0) as used from assets where workspace_id = ${workspaceId}`,
  apiKeys: (workspaceId: string) =>
    sql`select count(*) as used from api_keys where workspace_id = ${workspaceId}
      and revoked_at is null and (expires_at is null or expires_at > now())`,
  webhookEndpoints: (workspaceId: string) =>
    sql`select count(*) as used from webhook_endpoints
      where workspace_id = ${workspaceId} and active`,
  webhookSubscriptions: (workspaceId: string) =>
    sql`select count(*) as used from webhook_subscriptions where workspace_id = ${workspaceId}`,
  metricSources: (workspaceId: string) =>
    sql`select count(*) as used from metric_sources where workspace_id = ${workspaceId}`,
  csvMappings: (workspaceId: string) =>
    sql`select count(*) as used from csv_mappings where workspace_id = ${workspaceId}`,
} satisfies Record<keyof Quotas, unknown>;

/** Where so many additions of its size at once could exceed the limit, each waits for those before. */
const AT_ONCE = 100;

/** How much of it a workspace has. */
export async function countUsed(
  db: Db,
  { workspaceId, quota }: { workspaceId: string; quota: keyof Quotas },
): Promise<number> {
  const { rows } = await db.execute<{ used: string }>(COUNTS[quota](workspaceId));
  return Number(rows[0]?.used ?? 0);
}

/**
 * Makes room for an addition.
 * @param tx the transaction that adds.
 * @throws QuotaExceeded
 */
export async function requireRoom(
  tx: Db,
  {
    workspaceId,
    quota,
    limit,
    adds = 1,
  }: { workspaceId: string; quota: keyof Quotas; limit: number; adds?: number },
): Promise<void> {
  const asked = { workspaceId, quota };
  if ((await countUsed(tx, asked)) + adds * AT_ONCE <= limit) return;
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`${quota} ${workspaceId}`}, 0))`,
  );
  if ((await countUsed(tx, asked)) + adds > limit) throw new QuotaExceeded(quota, limit);
}
