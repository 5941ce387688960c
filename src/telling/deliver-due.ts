import { setTimeout as delay } from 'node:timers/promises';
import type { SecretBox } from '../credentials/secret-box.ts';
import { validSecrets } from '../credentials/signing-secrets.ts';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { type Settlement, settleDelivery } from '../db/outbound/deliveries.ts';
import {
  type DueDelivery,
  endTurn,
  holdTurn,
  type Receiver,
  takeDue,
} from '../db/outbound/delivery-turns.ts';
import { addOutboxEvent } from '../db/outbound/outbox.ts';
import { disableSubscription } from '../db/outbound/subscriptions.ts';
import { inTransaction } from '../db/transaction.ts';
import type { WakeUps } from '../db/wake-ups.ts';
import type { DeliveryState, SubscriptionKey } from '../domain/outbound/delivery.ts';
import { pauseAfter } from '../domain/outbound/schedule.ts';
import type { HttpClient } from '../http/http-client.ts';
import { ATTEMPT_TIMEOUT_MS, type Attempt, attemptDelivery } from './attempt.ts';

export interface DeliveryDeps {
  db: Db;
  http: Pick<HttpClient, 'request'>;
  secrets: SecretBox;
  wakeUps: Pick<WakeUps, 'next'>;
  log: { warn(fields: object, message: string): void };
  /** How long it waits for more before it says that nothing is due. */
  lingerMs?: number;
}

/** Attempts at one receiver at once. */
const AT_ONCE = 10;
/** No attempt begins after so long: whoever asked asks again. */
const ROUND_MS = 20_000;
const LINGER_MS = 5_000;
/** How long it waits at a time. */
const WAIT_MS = 1_000;
/** How long a turn is held at a time, and how soon it is held again: also how old the secrets may be. */
const HOLD_MS = 10_000;
const HOLD_AGAIN_MS = 2_000;
/** Longer than an attempt may take; who died with one loses it then. */
const LEASE_MS = ATTEMPT_TIMEOUT_MS + 10_000;

/**
 * Delivers what is due to one receiver: in order per stream, and several streams at once. It goes on as
 * long as more comes, up to a bound.
 * @param heartbeat called all the time; throws when nobody waits for the outcome any more.
 * @returns when the next attempt is due, in milliseconds from now; null for nothing to wait for.
 */
export async function deliverDue(
  deps: DeliveryDeps,
  key: SubscriptionKey,
  heartbeat: () => void = () => {},
): Promise<number | null> {
  const { db, wakeUps, lingerMs = LINGER_MS } = deps;
  const endsAt = Date.now() + ROUND_MS;
  const underWay = new Set<Promise<void>>();
  let receiver: Receiver | null = null;
  let heldAt = 0;
  let busyAt = Date.now();
  try {
    while (Date.now() < endsAt) {
      heartbeat();
      if (Date.now() - heldAt >= HOLD_AGAIN_MS) {
        receiver = await holdTurn(db, { ...key, holdMs: HOLD_MS });
        heldAt = Date.now();
      }
      if (receiver?.active !== true) break;
      // Asked before the look: what is added during it is not missed.
      const added = wakeUps.next('baton_delivery', key.subscriptionId);
      // What ends during the look may have made room for the next of its stream.
      const wasBusy = underWay.size > 0;
      const free = AT_ONCE - underWay.size;
      const due = free > 0 ? await takeDue(db, { ...key, limit: free, leaseMs: LEASE_MS }) : [];
      for (const delivery of due) begin(deps, underWay, deliver(deps, key, receiver, delivery));
      const isBusy = wasBusy || underWay.size > 0;
      if (isBusy) busyAt = Date.now();
      if (due.length > 0 && underWay.size < AT_ONCE) continue;
      if (!isBusy && Date.now() - busyAt >= lingerMs) break;
      await Promise.race([...underWay, added, delay(Math.min(lingerMs, WAIT_MS))]);
    }
  } finally {
    await Promise.allSettled(underWay);
  }
  return endTurn(db, key);
}

function begin({ log }: DeliveryDeps, underWay: Set<Promise<void>>, work: Promise<void>): void {
  // What it leaves behind its lease brings back.
  const noted = work
    .catch((error) => {
      const reason = describeDatabaseError(error);
      log.warn({ reason }, 'what became of a delivery could not be stored');
    })
    .finally(() => underWay.delete(noted));
  underWay.add(noted);
}

async function deliver(
  { db, http, secrets, log }: DeliveryDeps,
  key: SubscriptionKey,
  receiver: Receiver,
  delivery: DueDelivery,
): Promise<void> {
  const { url } = receiver;
  const owner = { id: key.subscriptionId, secrets: receiver.secrets };
  const openSecrets = () => validSecrets(owner, { secrets, nowMs: Date.now() });
  const { deliveryId, eventId, body } = delivery;
  const attempt = await attemptDelivery(http, { url, openSecrets, eventId, body });
  if (attempt.unsigned !== undefined) {
    const reason = describeDatabaseError(attempt.unsigned);
    log.warn({ reason, deliveryId }, 'an event could not be signed');
  }
  await settle(db, key, delivery, attempt);
}

async function settle(
  db: Db,
  key: SubscriptionKey,
  delivery: DueDelivery,
  { record, delivered, gone, retryAfterMs }: Attempt,
): Promise<void> {
  const { deliveryId, attempt } = delivery;
  const { workspaceId } = key;
  const pauseMs = delivered ? null : pauseAfter(attempt, { retryAfterMs, random: Math.random() });
  const state = stateAfter({ delivered, pauseMs });
  const settled: Settlement = { deliveryId, workspaceId, attempt, record, state, pauseMs };
  if (state !== 'exhausted' && !gone) {
    await settleDelivery(db, settled);
    return;
  }
  await inTransaction(db, async (tx) => {
    if (!(await settleDelivery(tx, settled))) return;
    if (state === 'exhausted') await tellExhaustion(tx, key, delivery, record.at);
    if (gone && (await disableSubscription(tx, key))) {
      const data = { subscriptionId: key.subscriptionId, disabledAt: record.at };
      const type = 'webhook.subscription_disabled';
      await addOutboxEvent(tx, { workspaceId, type, payload: { at: record.at, data } });
    }
  });
}

function stateAfter(outcome: { delivered: boolean; pauseMs: number | null }): DeliveryState {
  if (outcome.delivered) return 'delivered';
  return outcome.pauseMs === null ? 'exhausted' : 'failed';
}

const EXHAUSTED = 'webhook.delivery_exhausted';

/** Not of its own kind: that would go on for ever. */
async function tellExhaustion(
  tx: Db,
  { workspaceId, subscriptionId }: SubscriptionKey,
  { deliveryId, attempt, eventId, type }: DueDelivery,
  at: string,
): Promise<void> {
  if (type === EXHAUSTED) return;
  const data = {
    subscriptionId,
    deliveryId,
    deliveredEventId: eventId,
    eventType: type,
    attempts: attempt,
    exhaustedAt: at,
  };
  await addOutboxEvent(tx, { workspaceId, type: EXHAUSTED, payload: { at, data } });
}
