/** `failed`: another attempt follows. `exhausted`: none does, unless it is replayed. */
export const DELIVERY_STATES = ['pending', 'failed', 'delivered', 'exhausted'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What became of one attempt. */
export interface AttemptRecord {
  at: string;
  /** Of the answer, where there was one. */
  status?: number;
  ms: number;
  error?: string;
  /** Its first 2 kB. */
  answer?: string;
}

/** The run that delivers what a subscription waits for, and the signal that there is something. */
export const DELIVERY_WORKFLOW = 'webhookDelivery';
export const DELIVERY_SIGNAL = 'look';

export interface SubscriptionKey {
  workspaceId: string;
  subscriptionId: string;
}

/** Readable, and one per subscription. */
export function deliveryWorkflowId({ subscriptionId }: SubscriptionKey): string {
  return `delivery:${subscriptionId}`;
}
