import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm';
import type {
  AttemptRecord,
  DeliveryState,
  SubscriptionKey,
} from '../../domain/outbound/delivery.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { newId } from '../ids.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { outboundEvents, webhookDeliveries } from '../schema/index.ts';

export type DeliveryRow = typeof webhookDeliveries.$inferSelect;

/** An event with whom it is delivered to. */
export interface EventToDeliver {
  id: string;
  stream: string;
  itemId: string | null;
  type: string;
  /** Exactly what is sent. */
  body: string;
  createdAt: string;
  subscriptionIds: readonly string[];
}

/**
 * Stores events of one workspace, in their order, with a delivery for each subscription, and wakes who
 * delivers once that is committed. An event that is stored is not stored again.
 */
export async function storeDeliveries(
  tx: Db,
  { workspaceId, events }: { workspaceId: string; events: readonly EventToDeliver[] },
): Promise<void> {
  const deliveries = events.flatMap(({ id: eventId, subscriptionIds }) =>
    subscriptionIds.map((subscriptionId) => ({
      id: newId('webhookDelivery'),
      event_id: eventId,
      subscription_id: subscriptionId,
    })),
  );
  if (deliveries.length === 0) return;
  const inOrder = events.map((event, place) => ({ ...event, place }));
  await tx.execute(sql`
    insert into ${outboundEvents} (id, workspace_id, stream, item_id, type, body, created_at)
    select e.id, ${workspaceId}, e.stream, e."itemId", e.type, e.body, e."createdAt"
    from jsonb_to_recordset(${JSON.stringify(inOrder)}::jsonb) as e (
      id text, stream text, "itemId" text, type text, body text, "createdAt" timestamptz, place integer)
    order by e.place
    on conflict do nothing`);
  await tx.execute(sql`
    insert into webhook_deliveries
      (id, workspace_id, subscription_id, event_id, type, item_id, stream, position)
    select d.id, ${workspaceId}, d.subscription_id, e.id, e.type, e.item_id, e.stream, e.position
    from jsonb_to_recordset(${JSON.stringify(deliveries)}::jsonb) as d (
      id text, subscription_id text, event_id text)
    join ${outboundEvents} e on e.id = d.event_id and e.workspace_id = ${workspaceId}
    -- One that is being deleted takes nothing any more.
    join webhook_subscriptions s on s.id = d.subscription_id and s.workspace_id = ${workspaceId}
    on conflict do nothing`);
  const receivers = [...new Set(deliveries.map((one) => one.subscription_id))];
  // Until it is committed no turn ends, and a start that is lost afterwards is found by the sweep.
  await tx.execute(sql`
    with turns as (
      select subscription_id from delivery_turns
      where workspace_id = ${workspaceId} and subscription_id in (
        select jsonb_array_elements_text(${JSON.stringify(receivers)}::jsonb))
      order by subscription_id for update
    )
    update delivery_turns t set next_look_at = null from turns
    where t.subscription_id = turns.subscription_id and t.workspace_id = ${workspaceId}`);
  await tx.execute(sql`
    select pg_notify('baton_delivery', receiver)
    from jsonb_array_elements_text(${JSON.stringify(receivers)}::jsonb) as receiver`);
}

/** Deliveries of a subscription, newest first. */
export async function listDeliveries(
  db: Db,
  {
    workspaceId,
    subscriptionId,
    state,
    ...request
  }: PageRequest & SubscriptionKey & { state?: DeliveryState | undefined },
): Promise<Page<DeliveryRow>> {
  const page = pageBy(webhookDeliveries, 'createdAt', request, desc);
  const rows = await db
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.workspaceId, workspaceId),
        eq(webhookDeliveries.subscriptionId, subscriptionId),
        ...ifGiven(state, (one) => eq(webhookDeliveries.state, one)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

interface DeliveryKey extends SubscriptionKey {
  deliveryId: string;
}

/** What became of an event for a subscription; null where it was not meant for it. */
export async function findDeliveryOf(
  db: Db,
  { workspaceId, subscriptionId, eventId }: SubscriptionKey & { eventId: string },
): Promise<DeliveryRow | null> {
  const [row] = await db
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.subscriptionId, subscriptionId),
        eq(webhookDeliveries.eventId, eventId),
        eq(webhookDeliveries.workspaceId, workspaceId),
      ),
    );
  return row ?? null;
}

/**
 * Delivers once more, from the first attempt on, under the same id.
 * @returns null when the subscription has no such delivery.
 */
export async function replayDelivery(tx: Db, key: DeliveryKey): Promise<DeliveryRow | null> {
  const [row] = await tx
    .update(webhookDeliveries)
    .set({
      state: 'pending',
      attempts: 0,
      nextAttemptAt: sql`clock_timestamp()`,
      leaseUntil: null,
      deliveredAt: null,
      exhaustedAt: null,
    })
    .where(isDelivery(key))
    .returning();
  if (row !== undefined) await callDelivery(tx, key);
  return row ?? null;
}

/**
 * The same for what a subscription's receiver did not take, the oldest first.
 * @returns their ids.
 */
export async function replayFailing(
  tx: Db,
  { workspaceId, subscriptionId, limit }: SubscriptionKey & { limit: number },
): Promise<string[]> {
  const failing = await listFailing(tx, { workspaceId, subscriptionId, limit });
  for (const deliveryId of failing) {
    await replayDelivery(tx, { workspaceId, subscriptionId, deliveryId });
  }
  return failing;
}

/** Deliveries that failed or were given up, the oldest first; of `among` alone where it is given. */
export async function listFailing(
  db: Db,
  {
    workspaceId,
    subscriptionId,
    limit,
    among,
  }: SubscriptionKey & { limit: number; among?: readonly string[] },
): Promise<string[]> {
  const rows = await db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.workspaceId, workspaceId),
        eq(webhookDeliveries.subscriptionId, subscriptionId),
        inArray(webhookDeliveries.state, ['failed', 'exhausted']),
        ...ifGiven(among, (ids) => inArray(webhookDeliveries.id, [...ids])),
      ),
    )
    .orderBy(asc(webhookDeliveries.createdAt), asc(webhookDeliveries.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Has somebody look at a subscription at once, whenever the next look was planned. */
export async function callDelivery(
  tx: Db,
  { workspaceId, subscriptionId }: SubscriptionKey,
): Promise<void> {
  await tx.execute(sql`
    with called as (
      update delivery_turns set next_look_at = null
      where subscription_id = ${subscriptionId} and workspace_id = ${workspaceId}
    )
    select pg_notify('baton_delivery', ''), pg_notify('baton_delivery', ${subscriptionId})`);
}

/** Attempts that are listed, of the newest. */
const KEPT_ATTEMPTS = 20;

/** How an attempt ended. */
export interface Settlement {
  deliveryId: string;
  workspaceId: string;
  /** Number of the attempt: another one has begun meanwhile where it is not the row's. */
  attempt: number;
  record: AttemptRecord;
  state: DeliveryState;
  /** Of the next attempt; null without one. */
  pauseMs: number | null;
}

/** @returns false when another attempt has taken over, or the delivery is gone. */
export async function settleDelivery(db: Db, settled: Settlement): Promise<boolean> {
  const { deliveryId, workspaceId, attempt, record, state, pauseMs } = settled;
  const { rowCount } = await db.execute(sql`
    update webhook_deliveries set
      state = ${state}, lease_until = null,
      log = jsonb_path_query_array(log || ${JSON.stringify([record])}::jsonb,
        ${sql.raw(`'$[last - ${KEPT_ATTEMPTS - 1} to last]'`)}),
      next_attempt_at = clock_timestamp() + ${pauseMs}::float8 * interval '1 millisecond',
      delivered_at = case when ${state} = 'delivered' then clock_timestamp() end,
      exhausted_at = case when ${state} = 'exhausted' then clock_timestamp() end
    where id = ${deliveryId} and workspace_id = ${workspaceId} and attempts = ${attempt}
      and state in ('pending', 'failed')`);
  return rowCount === 1;
}

function isDelivery({ workspaceId, subscriptionId, deliveryId }: DeliveryKey) {
  return and(
    eq(webhookDeliveries.id, deliveryId),
    eq(webhookDeliveries.subscriptionId, subscriptionId),
    eq(webhookDeliveries.workspaceId, workspaceId),
  );
}
