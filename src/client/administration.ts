import { answered, done } from './answers.ts';
import type { Rpc } from './api-types.ts';
import { type CallOptions, headersOf } from './call-options.ts';
import { pathParams } from './path-params.ts';
import { changeCall, changeOfCall, listCall, listOfCall, readCall } from './routes.ts';

/** The stuck audit; people, keys, campaigns, accounts, playbooks and webhook endpoints of the workspace. */
export function administrationCalls(rpc: Rpc) {
  const { v1 } = rpc;
  const account = v1['channel-accounts'][':id'];
  const metricSource = v1['metric-sources'][':id'];
  const endpoint = v1['webhook-endpoints'][':id'];
  const subscription = v1['webhook-subscriptions'][':id'];
  return {
    audit: {
      /** A page of what is stuck, worst first, and what the audit could not find out. */
      stuck: listCall(v1.audit.stuck.$get),
      /** A page of what the watch found, and what became of it, the latest first. */
      findings: listCall(v1.audit.findings.$get),
      /** A page of what was done to the workspace itself, oldest first, as the admin. */
      acts: listCall(v1.audit.administration.$get),
      /** A page of signed checkpoints of the chain heads, oldest first, as the admin. */
      checkpoints: listCall(v1.audit.checkpoints.$get),
      /** One of them with its heads: what is kept elsewhere and held against a pack. */
      checkpoint: (seq: number) =>
        answered(v1.audit.checkpoints[':seq'].$get({ param: { seq: String(seq) } })),
      checkpointKeys: listCall(v1.audit.checkpoints.keys.$get),
      /** Carries out a repair that a finding offers. */
      repair: changeOfCall(v1.audit.findings[':id'].repairs.$post),
      /** The same for a page of what a filter finds (admin). */
      repairMany: changeCall(v1.audit.repairs.$post),
    },
    members: {
      list: listCall(v1.members.$get),
      /** `me` is the caller. */
      get: readCall(v1.members[':id'].$get),
      add: changeCall(v1.members.$post),
      change: changeOfCall(v1.members[':id'].$patch),
    },
    apiKeys: {
      /** The only answer that holds the key. */
      create: changeCall(v1['api-keys'].$post),
    },
    campaigns: {
      list: listCall(v1.campaigns.$get),
      get: readCall(v1.campaigns[':id'].$get),
      add: changeCall(v1.campaigns.$post),
      change: changeOfCall(v1.campaigns[':id'].$patch),
      plan: changeOfCall(v1.campaigns[':id'].items.$post),
      release: changeOfCall(v1.campaigns[':id'].release.$post),
      pause: changeOfCall(v1.campaigns[':id'].pause.$post),
      resume: changeOfCall(v1.campaigns[':id'].resume.$post),
      cancel: changeOfCall(v1.campaigns[':id'].cancel.$post),
      progress: readCall(v1.campaigns[':id'].progress.$get),
      review: readCall(v1.campaigns[':id']['kpi-review'].$get),
      openReview: changeOfCall(v1.campaigns[':id']['kpi-review'].$post),
      signOff: changeOfCall(v1.campaigns[':id']['kpi-review']['sign-offs'].$post),
      /** Its KPIs, as a whole or by part. */
      kpis: listOfCall(v1.campaigns[':id'].kpis.$get),
    },
    /** One set of readings in three views. */
    kpis: (query: Parameters<typeof v1.kpis.$get>[0]['query']) => answered(v1.kpis.$get({ query })),
    channelAccounts: {
      list: listCall(v1['channel-accounts'].$get),
      add: changeCall(v1['channel-accounts'].$post),
    },
    /** Connections to systems that numbers come from. */
    metricSources: {
      list: listCall(v1['metric-sources'].$get),
      get: readCall(metricSource.$get),
      add: changeCall(v1['metric-sources'].$post),
      change: changeOfCall(metricSource.$patch),
      /** Asks it now whether its address and credentials are good. */
      check: (id: string) => answered(metricSource.check.$post({ param: pathParams({ id }) })),
      remove: (id: string) => done(metricSource.$delete({ param: pathParams({ id }) })),
    },
    /** Weekly slots of an account, and the rules that plans are warned of. */
    slots: {
      get: readCall(account.slots.$get),
      save: changeOfCall(account.slots.$put),
    },
    /** A page of held, planned and published posts, by their time. */
    calendar: listCall(v1.calendar.$get),
    /** Secret addresses that calendar programs read. */
    calendarFeeds: {
      /** The only answer that holds the address. */
      create: changeCall(v1.calendar.feeds.$post),
      revoke: (id: string) => done(v1.calendar.feeds[':id'].$delete({ param: pathParams({ id }) })),
    },
    /** Stops and starts everything that the workspace sends. */
    freeze: {
      get: () => answered(v1.freeze.$get()),
      start: changeCall(v1.freeze.$post),
      lift: changeCall(v1.freeze.$delete),
    },
    playbooks: {
      list: listCall(v1.playbooks.$get),
    },
    webhookEndpoints: {
      list: listCall(v1['webhook-endpoints'].$get),
      /** The only answer that holds the secret. */
      add: changeCall(v1['webhook-endpoints'].$post),
      /** A new secret, or the one that the other side made; the one before stays valid for 24 hours. */
      rotate: changeOfCall(endpoint.rotate.$post),
      /** Which user of Slack is which member, for all of them. */
      setUsers: changeOfCall(endpoint.users.$put),
    },
    /** Who is told of what, at which address. */
    subscriptions: {
      list: listCall(v1['webhook-subscriptions'].$get),
      get: readCall(subscription.$get),
      /** The only answer that holds the secret. */
      add: changeCall(v1['webhook-subscriptions'].$post),
      /** Pauses it, lets it go on, or changes what it is told. */
      change: changeOfCall(subscription.$patch),
      /** A new secret; deliveries carry both signatures for 24 hours. */
      rotate: (id: string, options?: CallOptions) =>
        answered(subscription.rotate.$post({ param: pathParams({ id }) }, headersOf(options))),
      /** Delivers a `webhook.test` at once. */
      test: (id: string, options?: CallOptions) =>
        answered(subscription.test.$post({ param: pathParams({ id }) }, headersOf(options))),
      remove: (id: string) => done(subscription.$delete({ param: pathParams({ id }) })),
      /** A page of deliveries with their attempts, newest first. */
      deliveries: listOfCall(subscription.deliveries.$get),
      /** Delivers once more, under the same `webhook-id`. */
      replay: (id: string, deliveryId: string, options?: CallOptions) =>
        answered(
          subscription.deliveries[':deliveryId'].replay.$post(
            { param: pathParams({ id, deliveryId }) },
            headersOf(options),
          ),
        ),
    },
  };
}
