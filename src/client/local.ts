import { hc } from 'hono/client';
import { changeCall } from './routes.ts';
import type { AppType } from './server-types.ts';
import { createTransport, type TransportOptions } from './transport.ts';

/** A journey takes up to a minute, and made twice it leads elsewhere. */
const ONE_LONG_TRY = { timeoutMs: 90_000, tries: 1 };

/** What exists on the local stack only. */
export function localCalls({ url, ...options }: TransportOptions & { url: string }) {
  const rpc = hc<AppType>(url, { fetch: createTransport({ ...options, ...ONE_LONG_TRY }) });
  return {
    /** Fast-forwards an item on the real engine; answers the run's own clock. */
    travel: changeCall(rpc.v1.local['time-travel'].$post),
  };
}
