import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Caller } from './commands/command-outcome.ts';

/** Who asks, from the credential and from nothing else. */
export interface ApiCaller extends Caller {
  apiKeyId: string;
  name: string;
}

export interface ApiEnv {
  /** Absent when a test calls the app without a server. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Set on every route that is not public: the authentication runs before all of them. */
    caller: ApiCaller;
    /** The credential as it was presented: seals answers that only its holder may see again. */
    holder: string;
    /** The `Idempotency-Key` of the request, if it has one. */
    idempotencyKey: string | null;
    /** The JSON body before its schema: what an idempotency key stands for. */
    body: unknown;
    /** The bytes of the body, as a signature covers them. */
    rawBody: Buffer;
  };
}

export type ApiContext = Context<ApiEnv>;

/**
 * The route whose handler will run, as `METHOD /path/:param`, or null when none matches. Asked from
 * the router itself, so that nothing is decided by the text of a path.
 */
export function routeOf(c: Context): string | null {
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL');
  return route === undefined ? null : `${route.method} ${route.path}`;
}
