import { and, asc, eq } from 'drizzle-orm';
import type { SubscriptionFilter } from '../../domain/outbound/catalogue.ts';
import type { SubscriptionKey } from '../../domain/outbound/delivery.ts';
import type { Db } from '../client.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { webhookSubscriptions } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { firstSecret, withNewSecret } from '../workspace/signing-secrets.ts';

export type SubscriptionRow = typeof webhookSubscriptions.$inferSelect;

export type NewSubscription = Pick<
  SubscriptionRow,
  'id' | 'workspaceId' | 'url' | 'description' | 'types' | 'filter' | 'issuedBy'
>;

/** @param sealedSecret its secret, sealed under its id. */
export async function insertSubscription(
  db: Db,
  { sealedSecret, ...subscription }: NewSubscription & { sealedSecret: string },
): Promise<SubscriptionRow> {
  const [row] = await db
    .insert(webhookSubscriptions)
    .values({ ...subscription, secrets: firstSecret(sealedSecret) })
    .returning();
  if (row === undefined) throw new Error('insert of a subscription returned no row');
  return row;
}

export async function getSubscription(
  db: Db,
  key: SubscriptionKey,
): Promise<SubscriptionRow | null> {
  const [row] = await db.select().from(webhookSubscriptions).where(isSubscription(key));
  return row ?? null;
}

/** Subscriptions of a workspace, oldest first. */
export async function listSubscriptions(
  db: Db,
  request: PageRequest & { workspaceId: string },
): Promise<Page<SubscriptionRow>> {
  const page = pageBy(webhookSubscriptions, 'createdAt', request);
  const rows = await db
    .select()
    .from(webhookSubscriptions)
    .where(and(eq(webhookSubscriptions.workspaceId, request.workspaceId), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Those whom events are told; a paused one keeps what comes meanwhile, one that is gone does not. */
export async function listListeners(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<Pick<SubscriptionRow, 'id' | 'types' | 'filter'>[]> {
  const { id, types, filter, stopped, createdAt } = webhookSubscriptions;
  const rows = await db
    .select({ id, types, filter, stopped })
    .from(webhookSubscriptions)
    .where(eq(webhookSubscriptions.workspaceId, workspaceId))
    .orderBy(asc(createdAt), asc(id));
  return rows.filter((row) => row.stopped !== 'gone');
}

/** @returns null when the workspace has no such subscription. */
export async function changeSubscription(
  db: Db,
  {
    change: { active, ...change },
    ...key
  }: SubscriptionKey & {
    change: {
      active?: boolean | undefined;
      types?: string[] | undefined;
      filter?: SubscriptionFilter | undefined;
    };
  },
): Promise<SubscriptionRow | null> {
  const stopped =
    active === undefined ? {} : { active, stopped: active ? null : ('paused' as const) };
  const [row] = await db
    .update(webhookSubscriptions)
    .set({ ...change, ...stopped })
    .where(isSubscription(key))
    .returning();
  return row ?? null;
}

/**
 * The receiver said that it is gone.
 * @returns false when nothing was sent to it any more.
 */
export async function disableSubscription(db: Db, key: SubscriptionKey): Promise<boolean> {
  const rows = await db
    .update(webhookSubscriptions)
    .set({ active: false, stopped: 'gone' })
    .where(and(isSubscription(key), eq(webhookSubscriptions.active, true)))
    .returning({ id: webhookSubscriptions.id });
  return rows.length > 0;
}

/**
 * Puts a new secret first; the one before it stays valid for a day.
 * @returns null when the workspace has no such subscription.
 */
export function rotateSubscriptionSecret(
  db: Db,
  { sealedSecret, ...key }: SubscriptionKey & { sealedSecret: string },
): Promise<SubscriptionRow | null> {
  return inTransaction(db, async (tx) => {
    const [found] = await tx
      .select({ secrets: webhookSubscriptions.secrets })
      .from(webhookSubscriptions)
      .where(isSubscription(key))
      .for('no key update');
    if (found === undefined) return null;
    const [row] = await tx
      .update(webhookSubscriptions)
      .set({ secrets: withNewSecret(found.secrets, sealedSecret) })
      .where(isSubscription(key))
      .returning();
    return row ?? null;
  });
}

/**
 * With its deliveries.
 * @returns false when the workspace has no such subscription.
 */
export async function deleteSubscription(db: Db, key: SubscriptionKey): Promise<boolean> {
  const rows = await db
    .delete(webhookSubscriptions)
    .where(isSubscription(key))
    .returning({ id: webhookSubscriptions.id });
  return rows.length > 0;
}

function isSubscription({ workspaceId, subscriptionId }: SubscriptionKey) {
  return and(
    eq(webhookSubscriptions.id, subscriptionId),
    eq(webhookSubscriptions.workspaceId, workspaceId),
  );
}
