import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Caller } from '../../commands/command-outcome.ts';
import type { CommandContext } from '../../db/item/command-context.ts';
import type { UsedKey } from '../../db/workspace/idempotency-keys.ts';
import type { CommandType } from '../../domain/item/commands.ts';

/** Who asks, from the credential and from nothing else. */
export interface ApiCaller extends Caller {
  apiKeyId: string;
  name: string;
}

/** What a command on an item will be judged with, read together with the caller's credential. */
export interface KnownItem {
  itemId: string;
  context: CommandContext;
  /** Monotonic milliseconds. */
  readAt: number;
}

export interface ApiEnv {
  /** Absent when a test calls the app without a server. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Set on every route that is not public: the authentication runs before all of them. */
    caller: ApiCaller;
    /** Absent where no command can follow. */
    known: KnownItem | undefined;
    /** The credential as it was presented: seals answers that only its holder may see again. */
    holder: string;
    /** The `Idempotency-Key` of the request, if it has one. */
    idempotencyKey: string | null;
    /** What the caller used this key for before; null when for nothing, or for a command. */
    usedKey: UsedKey | null;
    /** Which command the route may give an item; absent where it gives none. */
    commands: readonly CommandType[] | undefined;
    /** The JSON body before its schema: what an idempotency key stands for. Of a file, its hash. */
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

/** A body may take long to arrive; what was read before it is read again then. */
const KNOWN_FOR_MS = 500;

/** What was read of an item together with the credential; null when that is not this item or too long ago. */
export function knownContext(c: ApiContext, itemId: string): CommandContext | null {
  const known = c.get('known');
  if (known?.itemId !== itemId) return null;
  return performance.now() - known.readAt <= KNOWN_FOR_MS ? known.context : null;
}
