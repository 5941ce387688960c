import type { hc, InferRequestType, InferResponseType } from 'hono/client';
import type { AppType, CommandBodies } from './server-types.ts';

/** The API as functions, from the type of the app that serves it. */
export type Rpc = ReturnType<typeof hc<AppType>>;

type Items = Rpc['v1']['items'];
type OneItem = Items[':id'];

/** The body of every error, RFC 9457. */
export type Problem = InferResponseType<Items['$post'], 409>;

export type StartedItem = InferResponseType<Items['$post'], 201>;
export type Item = InferResponseType<OneItem['$get'], 200>;
export type Action = InferResponseType<OneItem['actions']['$get'], 200>['items'][number];
export type TimelineEntry = InferResponseType<OneItem['timeline']['$get'], 200>['items'][number];
export type KpiReview = InferResponseType<OneItem['kpi-review']['$get'], 200>;
export type StoredCommand = InferResponseType<Rpc['v1']['commands'][':id']['$get'], 200>;
export type CommandApplied = InferResponseType<OneItem['hold']['$post'], 200>;
export type StuckAudit = InferResponseType<Rpc['v1']['audit']['stuck']['$get'], 200>;
export type Finding = StuckAudit['items'][number];
export type FindingRecord = InferResponseType<
  Rpc['v1']['audit']['findings']['$get'],
  200
>['items'][number];
export type AdministrativeAct = InferResponseType<
  Rpc['v1']['audit']['administration']['$get'],
  200
>['items'][number];
export type Asset = InferResponseType<Rpc['v1']['assets']['$post'], 201>;

/** What a route takes as its body. */
export type BodyOf<Route> = InferRequestType<Route> extends { json: infer Body } ? Body : never;

type WebhookDecision = BodyOf<Rpc['v1']['webhook-endpoints']['$post']>['decisions'][number];

/** Body of an inbound webhook: a decision by its command's name, and the item it is about. */
export type WebhookCall = {
  [Type in WebhookDecision]: { type: Type; data: { itemId: string } & CommandBodies[Type] };
}[WebhookDecision];
