import { and, asc, eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { commands, webhookEndpoints } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { byCredential } from '../workspace-scope.ts';
import { firstSecret, withNewSecret } from './signing-secrets.ts';

export type WebhookEndpointRow = typeof webhookEndpoints.$inferSelect;

export type NewWebhookEndpoint = Pick<
  WebhookEndpointRow,
  'workspaceId' | 'kind' | 'name' | 'memberId' | 'decisions'
> & { sealedSecret: string; id?: string; issuedBy?: string; users?: Record<string, string> };

interface WebhookEndpointKey {
  workspaceId: string;
  endpointId: string;
}

/** @param endpoint `id` may be given when the secret was sealed under it. */
export async function insertWebhookEndpoint(
  db: Db,
  { sealedSecret, id = newId('webhookEndpoint'), ...endpoint }: NewWebhookEndpoint,
): Promise<WebhookEndpointRow> {
  const secrets = firstSecret(sealedSecret);
  const [row] = await db
    .insert(webhookEndpoints)
    .values({ id, secrets, ...endpoint })
    .returning();
  if (row === undefined) throw new Error('insert of a webhook endpoint returned no row');
  return row;
}

export async function getWebhookEndpoint(
  db: Db,
  key: WebhookEndpointKey,
): Promise<WebhookEndpointRow | null> {
  const [row] = await db.select().from(webhookEndpoints).where(isEndpoint(key));
  return row ?? null;
}

/**
 * The active endpoint that a delivery is addressed to. The one read without a workspace: a delivery
 * has no other credential than its signature, and the workspace comes from the endpoint.
 */
export async function findReceiver(
  db: Db,
  { endpointId }: { endpointId: string },
): Promise<WebhookEndpointRow | null> {
  const [row] = await byCredential({ of: 'webhook_endpoints', id: endpointId }, () =>
    db
      .select()
      .from(webhookEndpoints)
      .where(and(eq(webhookEndpoints.id, endpointId), eq(webhookEndpoints.active, true)))
      .execute(),
  );
  return row ?? null;
}

/** Endpoints of a workspace, oldest first. */
export async function listWebhookEndpoints(
  db: Db,
  request: PageRequest & { workspaceId: string },
): Promise<Page<WebhookEndpointRow>> {
  const page = pageBy(webhookEndpoints, 'createdAt', request);
  const rows = await db
    .select()
    .from(webhookEndpoints)
    .where(and(eq(webhookEndpoints.workspaceId, request.workspaceId), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/**
 * Puts a new secret first; the one before it stays valid for a day, older ones are gone.
 * @returns null when the workspace has no such endpoint.
 */
export function rotateWebhookSecret(
  db: Db,
  { sealedSecret, ...key }: WebhookEndpointKey & { sealedSecret: string },
): Promise<WebhookEndpointRow | null> {
  return inTransaction(db, async (tx) => {
    const [endpoint] = await tx
      .select({ secrets: webhookEndpoints.secrets })
      .from(webhookEndpoints)
      .where(isEndpoint(key))
      .for('no key update');
    if (endpoint === undefined) return null;
    const secrets = withNewSecret(endpoint.secrets, sealedSecret);
    const [row] = await tx
      .update(webhookEndpoints)
      .set({ secrets })
      .where(isEndpoint(key))
      .returning();
    return row ?? null;
  });
}

/** @returns null when the workspace has no such endpoint. */
export async function setWebhookEndpointActive(
  db: Db,
  { active, ...key }: WebhookEndpointKey & { active: boolean },
): Promise<WebhookEndpointRow | null> {
  const [row] = await db
    .update(webhookEndpoints)
    .set({ active })
    .where(isEndpoint(key))
    .returning();
  return row ?? null;
}

/** Says anew which of Slack's users is which member. @returns null when there is no such endpoint for Slack. */
export async function setWebhookUsers(
  db: Db,
  { users, ...key }: WebhookEndpointKey & { users: Record<string, string> },
): Promise<WebhookEndpointRow | null> {
  const [row] = await db
    .update(webhookEndpoints)
    .set({ users })
    .where(and(isEndpoint(key), eq(webhookEndpoints.kind, 'slack')))
    .returning();
  return row ?? null;
}

/** The oldest command of an endpoint on an item that the same body gave; null when none did. */
export async function findSameDelivery(
  db: Db,
  {
    workspaceId,
    itemId,
    endpointId,
    bodyHash,
  }: WebhookEndpointKey & { itemId: string; bodyHash: string },
): Promise<string | null> {
  const [row] = await db
    .select({ id: commands.id })
    .from(commands)
    .where(
      and(
        eq(commands.workspaceId, workspaceId),
        eq(commands.itemId, itemId),
        eq(commands.bodyHash, bodyHash),
        eq(sql`split_part(${commands.id}, ':', 2)`, endpointId),
      ),
    )
    .orderBy(asc(commands.createdAt), asc(commands.id))
    .limit(1);
  return row?.id ?? null;
}

function isEndpoint({ workspaceId, endpointId }: WebhookEndpointKey) {
  return and(eq(webhookEndpoints.id, endpointId), eq(webhookEndpoints.workspaceId, workspaceId));
}
