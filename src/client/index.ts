export type {
  Action,
  Asset,
  CommandApplied,
  Finding,
  Item,
  KpiReview,
  StartedItem,
  StuckAudit,
  TimelineEntry,
  WebhookCall,
} from './api-types.ts';
export { type BatonClient, type BatonClientOptions, createBatonClient } from './baton-client.ts';
export {
  BatonError,
  BatonPendingError,
  BatonUnreachableError,
  type UnmetRequirement,
} from './errors.ts';
export { allOf } from './pages.ts';
export { randomId } from './random-id.ts';
export { sendWebhook, type WebhookDelivery } from './webhook-call.ts';
export { signWebhook, type WebhookHeaders } from './webhook-signature.ts';
