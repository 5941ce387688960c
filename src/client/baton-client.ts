import { hc } from 'hono/client';
import { administrationCalls } from './administration.ts';
import { answered } from './answers.ts';
import { assetCalls, createDownload } from './assets.ts';
import { createCommandFollower } from './commands.ts';
import { itemCalls } from './items.ts';
import { localCalls } from './local.ts';
import { noticeCalls } from './notices.ts';
import { listCall } from './routes.ts';
import type { AppType } from './server-types.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export type BatonClientOptions = Omit<TransportOptions, 'key'> & {
  /** Base address of the API, such as `http://127.0.0.1:8400`. */
  url: string;
  /** API key of the member who acts. */
  key: string;
  /** Milliseconds that a command may wait for its verdict; default 30,000. */
  verdictWithinMs?: number | undefined;
};

const VERDICT_WITHIN_MS = 30_000;

/**
 * The API as typed calls of one member. Each change carries an idempotency key of its own, unless the
 * call is given one, and a command that is answered "pending" is followed to its verdict.
 *
 * Every call throws BatonError (with the problem and its unmet requirements) when the API says no,
 * BatonUnreachableError when it says nothing, BatonPendingError when a verdict takes too long.
 */
export function createBatonClient(options: BatonClientOptions) {
  const { url, verdictWithinMs = VERDICT_WITHIN_MS } = options;
  const transport = createTransport(options);
  const rpc = hc<AppType>(url, { fetch: transport });
  const commands = createCommandFollower(rpc, { verdictWithinMs });
  return {
    url,
    items: itemCalls(rpc, commands, createDownload({ url, transport })),
    assets: assetCalls({ url, transport }),
    local: localCalls(options),
    inbox: listCall(rpc.v1.inbox.$get),
    /** What KPI reviews taught, newest first. */
    learnings: listCall(rpc.v1.learnings.$get),
    /** Reviews that wait for sign-offs, soonest due first. */
    kpiReviews: listCall(rpc.v1['kpi-reviews'].$get),
    /** The three roles compared, in French or English. */
    roles: (lang: 'en' | 'fr') => answered(rpc.v1.roles.$get({ query: { lang } })),
    ready: () => answered(rpc.readyz.$get()),
    notices: noticeCalls(rpc),
    ...administrationCalls(rpc),
  };
}

export type BatonClient = ReturnType<typeof createBatonClient>;
