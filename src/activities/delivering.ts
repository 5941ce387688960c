import { heartbeat } from '@temporalio/activity';
import type { SubscriptionKey } from '../domain/outbound/delivery.ts';
import { type DeliveryDeps, deliverDue } from '../telling/deliver-due.ts';

export function deliveringActivities(deps: DeliveryDeps) {
  return {
    /**
     * Delivers what is due to one receiver. Repeatable: what was delivered is not due any more.
     * @returns when the next attempt is due, in milliseconds from now; null for nothing to wait for.
     */
    deliverDue: (key: SubscriptionKey): Promise<number | null> => deliverDue(deps, key, heartbeat),
  };
}
