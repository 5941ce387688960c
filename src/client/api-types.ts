import type { hc, InferRequestType, InferResponseType } from 'hono/client';
import type { AppType, CommandBodies } from './server-types.ts';

/** The API as functions, from the type of the app that serves it. */
export type Rpc = ReturnType<typeof hc<AppType>>;

type Items = Rpc['v1']['items'];
type OneItem = Items[':id'];
type Publication = OneItem['publications'][':pubId'];

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
export type Asset = InferResponseType<Rpc['v1']['assets']['$post'], 201>;

type BodyOf<Route> = InferRequestType<Route> extends { json: infer Body } ? Body : never;
type QueryOf<Route> = InferRequestType<Route> extends { query: infer Query } ? Query : never;

/** What the commands and saves of an item take, by the names of machine.md. */
export interface Bodies {
  start_item: BodyOf<Items['$post']>;
  save_brief: BodyOf<OneItem['brief']['$put']>;
  save_draft: BodyOf<OneItem['draft']['$put']>;
  offer_handoff: BodyOf<OneItem['handoffs']['$post']>;
  accept_handoff: BodyOf<OneItem['handoffs'][':handoffId']['accept']['$post']>;
  decline_handoff: BodyOf<OneItem['handoffs'][':handoffId']['decline']['$post']>;
  withdraw_handoff: BodyOf<OneItem['handoffs'][':handoffId']['withdraw']['$post']>;
  decide_approval: BodyOf<OneItem['approvals']['$post']>;
  acknowledge_revision: BodyOf<OneItem['acknowledge-revision']['$post']>;
  plan_schedule: BodyOf<OneItem['schedule']['$put']>;
  unschedule: BodyOf<OneItem['schedule']['$delete']>;
  resolve_publication: BodyOf<Publication['resolve']['$post']>;
  skip_publication: BodyOf<Publication['skip']['$post']>;
  hold: BodyOf<OneItem['hold']['$post']>;
  resume: BodyOf<OneItem['resume']['$post']>;
  cancel: BodyOf<OneItem['cancel']['$post']>;
  reassign: BodyOf<OneItem['reassign']['$post']>;
  extend: BodyOf<OneItem['extend']['$post']>;
  open_kpi_review: BodyOf<OneItem['kpi-review']['$post']>;
  sign_off: BodyOf<OneItem['kpi-review']['sign-offs']['$post']>;
  readings: BodyOf<OneItem['readings']['$post']>;
  comment: BodyOf<OneItem['comments']['$post']>;
}

/** Filters and paging of the lists. */
export interface Queries {
  items: QueryOf<Items['$get']>;
  timeline: QueryOf<OneItem['timeline']['$get']>;
  readings: QueryOf<OneItem['readings']['$get']>;
  comments: QueryOf<OneItem['comments']['$get']>;
  stuck: QueryOf<Rpc['v1']['audit']['stuck']['$get']>;
  inbox: QueryOf<Rpc['v1']['inbox']['$get']>;
  calendar: QueryOf<Rpc['v1']['calendar']['$get']>;
  members: QueryOf<Rpc['v1']['members']['$get']>;
  campaigns: QueryOf<Rpc['v1']['campaigns']['$get']>;
  channelAccounts: QueryOf<Rpc['v1']['channel-accounts']['$get']>;
  playbooks: QueryOf<Rpc['v1']['playbooks']['$get']>;
  webhookEndpoints: QueryOf<Rpc['v1']['webhook-endpoints']['$get']>;
}

/** What the administration takes. */
export interface AdministrationBodies {
  member: BodyOf<Rpc['v1']['members']['$post']>;
  memberChange: BodyOf<Rpc['v1']['members'][':id']['$patch']>;
  apiKey: BodyOf<Rpc['v1']['api-keys']['$post']>;
  campaign: BodyOf<Rpc['v1']['campaigns']['$post']>;
  channelAccount: BodyOf<Rpc['v1']['channel-accounts']['$post']>;
  slots: BodyOf<Rpc['v1']['channel-accounts'][':id']['slots']['$put']>;
  calendarFeed: BodyOf<Rpc['v1']['calendar']['feeds']['$post']>;
  freeze: BodyOf<Rpc['v1']['freeze']['$post']>;
  webhookEndpoint: BodyOf<Rpc['v1']['webhook-endpoints']['$post']>;
  repair: BodyOf<Rpc['v1']['audit']['findings'][':id']['repairs']['$post']>;
  journey: BodyOf<Rpc['v1']['local']['time-travel']['$post']>;
}

type WebhookDecision = AdministrationBodies['webhookEndpoint']['decisions'][number];

/** Body of an inbound webhook: a decision by its command's name, and the item it is about. */
export type WebhookCall = {
  [Type in WebhookDecision]: { type: Type; data: { itemId: string } & CommandBodies[Type] };
}[WebhookDecision];
