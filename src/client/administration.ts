import { answered, done } from './answers.ts';
import type { AdministrationBodies, Queries, Rpc } from './api-types.ts';
import { type CallOptions, headersOf } from './call-options.ts';
import { pathParams } from './path-params.ts';

/** The stuck audit; people, keys, campaigns, accounts, playbooks and webhook endpoints of the workspace. */
export function administrationCalls(rpc: Rpc) {
  const { v1 } = rpc;
  const finding = v1.audit.findings[':id'];
  const account = v1['channel-accounts'][':id'];
  const endpoint = v1['webhook-endpoints'][':id'];
  return {
    audit: {
      /** A page of what is stuck, worst first, and what the audit could not find out. */
      stuck: (query: Queries['stuck'] = {}) => answered(v1.audit.stuck.$get({ query })),
      /** Carries out a repair that a finding offers. */
      repair: (id: string, json: AdministrationBodies['repair'], options?: CallOptions) =>
        answered(finding.repairs.$post({ param: pathParams({ id }), json }, headersOf(options))),
    },
    members: {
      list: (query: Queries['members'] = {}) => answered(v1.members.$get({ query })),
      /** `me` is the caller. */
      get: (id: string) => answered(v1.members[':id'].$get({ param: pathParams({ id }) })),
      add: (json: AdministrationBodies['member'], options?: CallOptions) =>
        answered(v1.members.$post({ json }, headersOf(options))),
      change: (id: string, json: AdministrationBodies['memberChange']) =>
        answered(v1.members[':id'].$patch({ param: pathParams({ id }), json })),
    },
    apiKeys: {
      /** The only answer that holds the key. */
      create: (json: AdministrationBodies['apiKey'], options?: CallOptions) =>
        answered(v1['api-keys'].$post({ json }, headersOf(options))),
    },
    campaigns: {
      list: (query: Queries['campaigns'] = {}) => answered(v1.campaigns.$get({ query })),
      get: (id: string) => answered(v1.campaigns[':id'].$get({ param: pathParams({ id }) })),
      add: (json: AdministrationBodies['campaign'], options?: CallOptions) =>
        answered(v1.campaigns.$post({ json }, headersOf(options))),
    },
    channelAccounts: {
      list: (query: Queries['channelAccounts'] = {}) =>
        answered(v1['channel-accounts'].$get({ query })),
      add: (json: AdministrationBodies['channelAccount'], options?: CallOptions) =>
        answered(v1['channel-accounts'].$post({ json }, headersOf(options))),
    },
    /** Weekly slots of an account, and the rules that plans are warned of. */
    slots: {
      get: (id: string) => answered(account.slots.$get({ param: pathParams({ id }) })),
      save: (id: string, json: AdministrationBodies['slots'], options?: CallOptions) =>
        answered(account.slots.$put({ param: pathParams({ id }), json }, headersOf(options))),
    },
    /** A page of held, planned and published posts, by their time. */
    calendar: (query: Queries['calendar'] = {}) => answered(v1.calendar.$get({ query })),
    /** Secret addresses that calendar programs read. */
    calendarFeeds: {
      /** The only answer that holds the address. */
      create: (json: AdministrationBodies['calendarFeed'], options?: CallOptions) =>
        answered(v1.calendar.feeds.$post({ json }, headersOf(options))),
      revoke: (id: string) => done(v1.calendar.feeds[':id'].$delete({ param: pathParams({ id }) })),
    },
    /** Stops and starts everything that the workspace sends. */
    freeze: {
      get: () => answered(v1.freeze.$get()),
      start: (json: AdministrationBodies['freeze'], options?: CallOptions) =>
        answered(v1.freeze.$post({ json }, headersOf(options))),
      lift: (json: AdministrationBodies['freeze'], options?: CallOptions) =>
        answered(v1.freeze.$delete({ json }, headersOf(options))),
    },
    playbooks: {
      list: (query: Queries['playbooks'] = {}) => answered(v1.playbooks.$get({ query })),
    },
    webhookEndpoints: {
      list: (query: Queries['webhookEndpoints'] = {}) =>
        answered(v1['webhook-endpoints'].$get({ query })),
      /** The only answer that holds the secret. */
      add: (json: AdministrationBodies['webhookEndpoint'], options?: CallOptions) =>
        answered(v1['webhook-endpoints'].$post({ json }, headersOf(options))),
      /** A new secret; the one before stays valid for 24 hours. */
      rotate: (id: string, options?: CallOptions) =>
        answered(endpoint.rotate.$post({ param: pathParams({ id }) }, headersOf(options))),
    },
  };
}
