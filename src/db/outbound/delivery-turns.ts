import { sql } from 'drizzle-orm';
import type { SubscriptionKey } from '../../domain/outbound/delivery.ts';
import type { Db } from '../client.ts';
import { deliveryTurns, outboundEvents } from '../schema/index.ts';
import type { SealedSecret } from '../schema/webhook-endpoints.ts';
import { inTransaction } from '../transaction.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

/** Where deliveries go, and what they are signed with. */
export interface Receiver {
  url: string;
  secrets: SealedSecret[];
  active: boolean;
}

/**
 * Says that the deliveries of a subscription are looked after for so long.
 * @returns null when there is no such subscription any more.
 */
export async function holdTurn(
  db: Db,
  { workspaceId, subscriptionId, holdMs }: SubscriptionKey & { holdMs: number },
): Promise<Receiver | null> {
  const { rows } = await db.execute<{ url: string; secrets: SealedSecret[]; active: boolean }>(sql`
    with receiver as (
      select id, url, secrets, active from webhook_subscriptions
      where id = ${subscriptionId} and workspace_id = ${workspaceId}
    ), held as (
      insert into ${deliveryTurns} (subscription_id, workspace_id, busy_until)
      select id, ${workspaceId}, clock_timestamp() + ${holdMs}::float8 * interval '1 millisecond'
      from receiver where active
      on conflict (subscription_id) do update set busy_until = excluded.busy_until
    )
    select url, secrets, active from receiver`);
  return rows[0] ?? null;
}

/**
 * Gives the turn back. What is added from now on finds nobody busy, so it is looked for after that.
 * @returns when the next attempt is due, in milliseconds from now; null for nothing to wait for.
 */
export async function endTurn(
  db: Db,
  { workspaceId, subscriptionId }: SubscriptionKey,
): Promise<number | null> {
  // The first statement locks the turn: what the second one reads is no older than the lock, and
  // whoever stores deliveries meanwhile has the last word.
  const rows = await inTransaction(db, async (tx) => {
    await tx.execute(sql`
      update delivery_turns set busy_until = clock_timestamp()
      where subscription_id = ${subscriptionId} and workspace_id = ${workspaceId}`);
    return await planNextLook(tx, { workspaceId, subscriptionId });
  });
  const wait = rows[0]?.wait ?? null;
  return wait === null ? null : Math.max(0, Math.ceil(wait));
}

async function planNextLook(
  tx: Db,
  { workspaceId, subscriptionId }: SubscriptionKey,
): Promise<{ wait: number | null }[]> {
  const { rows } = await tx.execute<{ wait: number | null }>(sql`
    ${headsOf(subscriptionId, workspaceId)}, next as (
      select min(greatest(h.next_attempt_at, h.lease_until)) as at from heads h
      where exists (select from webhook_subscriptions s
        where s.id = ${subscriptionId} and s.workspace_id = ${workspaceId} and s.active)
    ), told as (
      update delivery_turns t set next_look_at = next.at from next
      where t.subscription_id = ${subscriptionId} and t.workspace_id = ${workspaceId}
    )
    select extract(epoch from at - clock_timestamp())::float8 * 1000 as wait from next`);
  return rows;
}

/** A delivery whose attempt has begun. */
export interface DueDelivery {
  deliveryId: string;
  attempt: number;
  eventId: string;
  type: string;
  body: string;
  /** When the event was put down for delivery. */
  createdAt: Date;
}

/**
 * Begins attempts at what is due: of each stream the first that is not delivered. Whoever dies with one
 * loses it after the lease.
 */
export async function takeDue(
  db: Db,
  {
    workspaceId,
    subscriptionId,
    limit,
    leaseMs,
  }: SubscriptionKey & { limit: number; leaseMs: number },
): Promise<DueDelivery[]> {
  const { rows } = await db.execute<{
    id: string;
    attempts: number;
    event_id: string;
    type: string;
    body: string;
    created_at: Date;
  }>(sql`
    ${headsOf(subscriptionId, workspaceId)}, due as (
      select h.id from heads h
      where h.next_attempt_at <= clock_timestamp()
        and (h.lease_until is null or h.lease_until <= clock_timestamp())
        and exists (select from webhook_subscriptions s
          where s.id = ${subscriptionId} and s.workspace_id = ${workspaceId} and s.active)
      order by h.next_attempt_at, h.position limit ${limit}
    )
    update webhook_deliveries d set attempts = d.attempts + 1,
      lease_until = clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond'
    from due join webhook_deliveries of_due on of_due.id = due.id
    join ${outboundEvents} e on e.id = of_due.event_id
    where d.id = due.id and d.workspace_id = ${workspaceId}
      and d.state in ('pending', 'failed')
      and (d.lease_until is null or d.lease_until <= clock_timestamp())
    returning d.id, d.attempts, d.event_id, d.type, e.body, d.created_at`);
  return rows.map((row) => ({
    deliveryId: row.id,
    attempt: row.attempts,
    eventId: row.event_id,
    type: row.type,
    body: row.body,
    createdAt: row.created_at,
  }));
}

/** The first open delivery of each stream of a subscription: a look into the index for each. */
function headsOf(subscriptionId: string, workspaceId: string) {
  const columns = sql`d.id, d.stream, d.position, d.next_attempt_at, d.lease_until`;
  const open = sql`from webhook_deliveries d where d.subscription_id = ${subscriptionId}
    and d.workspace_id = ${workspaceId} and d.state in ('pending', 'failed')`;
  return sql`with recursive heads as (
      (select ${columns} ${open} order by d.stream, d.position limit 1)
      union all
      select n.* from heads h cross join lateral (
        select ${columns} ${open} and d.stream > h.stream order by d.stream, d.position limit 1) n
    )`;
}

/** Those that events were stored for and that nobody is busy with. */
export async function listIdleReceivers(
  db: Db,
  { workspaceId, eventIds }: { workspaceId: string; eventIds: readonly string[] },
): Promise<SubscriptionKey[]> {
  const { rows } = await db.execute<{ subscription_id: string }>(sql`
    select distinct d.subscription_id from webhook_deliveries d
    join webhook_subscriptions s on s.id = d.subscription_id and s.active
    left join delivery_turns t on t.subscription_id = d.subscription_id
    where d.workspace_id = ${workspaceId} and d.state in ('pending', 'failed')
      and d.event_id in (select jsonb_array_elements_text(${JSON.stringify(eventIds)}::jsonb))
      and (t.busy_until is null or t.busy_until <= clock_timestamp())`);
  return rows.map(({ subscription_id: subscriptionId }) => ({ workspaceId, subscriptionId }));
}

/**
 * Subscriptions of every workspace that have something due, and that nobody looks after: any of them, so that
 * those whose runs cannot begin leave the others their turn.
 */
export async function listUnattended(
  db: Db,
  { graceMs, limit }: { graceMs: number; limit: number },
): Promise<SubscriptionKey[]> {
  const { rows } = await acrossWorkspaces('due_deliveries', async () => {
    return await db.execute<{ workspace_id: string; id: string }>(sql`
      select s.workspace_id, s.id from webhook_subscriptions s
      left join delivery_turns t on t.subscription_id = s.id
      where s.active and (t.busy_until is null or t.busy_until <= clock_timestamp())
        and (t.next_look_at is null or t.next_look_at
          <= clock_timestamp() - ${graceMs}::float8 * interval '1 millisecond')
        and exists (select from webhook_deliveries d where d.subscription_id = s.id
          and d.state in ('pending', 'failed') and d.next_attempt_at <= clock_timestamp())
      order by random() limit ${limit}`);
  });
  return rows.map((row) => ({ workspaceId: row.workspace_id, subscriptionId: row.id }));
}
