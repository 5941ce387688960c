export type {
  Action,
  AdministrativeAct,
  CommandApplied,
  Finding,
  FindingRecord,
  Item,
  KpiReview,
  StartedItem,
  StuckAudit,
  TimelineEntry,
  WebhookCall,
} from './api-types.ts';
export { type BatonClient, createBatonClient } from './baton-client.ts';
export { BatonError, BatonPendingError, BatonUnreachableError } from './errors.ts';
export { allOf, wholeList } from './pages.ts';
export { randomId } from './random-id.ts';
export { sendWebhook } from './webhook-call.ts';
export { signWebhook } from './webhook-signature.ts';
