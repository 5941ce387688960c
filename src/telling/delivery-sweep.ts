import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../db/client.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { listUnattended } from '../db/outbound/delivery-turns.ts';
import type { WakeUps } from '../db/wake-ups.ts';
import type { SubscriptionKey } from '../domain/outbound/delivery.ts';

export interface SweepDeps {
  db: Db;
  wakeUps: Pick<WakeUps, 'next'>;
  startDelivery(receiver: SubscriptionKey): Promise<void>;
  log: { warn(fields: { reason: string }, message: string): void };
}

/** A start that was lost delays a delivery by no more than that. */
const SWEEP_MS = 5_000;
/** How late a look may be before somebody else is called. */
const GRACE_MS = 5_000;
const AT_ONCE = 200;

/**
 * Has deliveries begin that nobody looks after: those of a replay, of a subscription that goes on, and
 * those whose start was lost.
 */
export function startDeliverySweep(
  deps: SweepDeps,
  { sweepMs = SWEEP_MS }: { sweepMs?: number } = {},
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const finished = (async () => {
    while (!signal.aborted) {
      const called = deps.wakeUps.next('baton_delivery');
      await sweep(deps).catch((error) => {
        deps.log.warn({ reason: describeDatabaseError(error) }, 'deliveries could not be begun');
      });
      await Promise.race([called, delay(sweepMs, null, { signal }).catch(() => {})]);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

async function sweep({ db, startDelivery }: SweepDeps): Promise<void> {
  const unattended = await listUnattended(db, { graceMs: GRACE_MS, limit: AT_ONCE });
  await Promise.all(unattended.map(startDelivery));
}
