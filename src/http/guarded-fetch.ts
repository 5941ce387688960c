import type { HttpClient, HttpRequest } from './http-client.ts';
import type { NotSent, Unknown } from './http-outcome.ts';

/** A request that got no usable answer. `outcome` says whether the other side may have processed it. */
export class RequestFailed extends Error {
  readonly outcome: NotSent | Unknown;

  constructor(outcome: NotSent | Unknown) {
    super(outcome.message);
    this.name = 'RequestFailed';
    this.outcome = outcome;
  }
}

/** What every request of one `fetch` has in common. */
export type FetchOptions = Omit<HttpRequest, 'method' | 'url' | 'headers' | 'body'>;

/** The part of `fetch` that libraries call. */
export type GuardedFetch = (url: string, init?: RequestInit) => Promise<Response>;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Set by the connection itself. */
const DROPPED_HEADERS = new Set(['content-length', 'host', 'connection', 'accept-encoding']);
/** A `Response` of these may not have a body, not even an empty one. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * The guarded client in the shape of `fetch`, for libraries that bring their own requests: they get the same
 * rules as every other way out. Differs from `fetch` in what it refuses: redirects, streams as bodies, other
 * media types than asked for, addresses that are not public.
 * @throws RequestFailed instead of a `TypeError`, so that a caller can tell what may have been processed.
 */
export function createGuardedFetch(http: HttpClient, options: FetchOptions = {}): GuardedFetch {
  return async (url, init = {}) => {
    const signals = [options.signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    const body = bodyOf(init.body);
    const outcome = await http.request({
      ...options,
      method: methodOf(init.method),
      url,
      headers: headersOf(init.headers),
      ...(body !== undefined && { body }),
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    });
    if (outcome.kind !== 'response') throw new RequestFailed(outcome);
    const { status, headers } = outcome;
    return new Response(WITHOUT_BODY.has(status) ? null : Uint8Array.from(outcome.body), {
      status,
      headers,
    });
  };
}

function methodOf(asked = 'GET'): HttpRequest['method'] {
  const method = METHODS.find((known) => known === asked.toUpperCase());
  if (method === undefined) throw new TypeError(`guarded fetch does not send ${asked}`);
  return method;
}

function headersOf(asked: RequestInit['headers']): Record<string, string> {
  const entries = [...new Headers(asked).entries()];
  return Object.fromEntries(entries.filter(([name]) => !DROPPED_HEADERS.has(name)));
}

function bodyOf(body: RequestInit['body']): string | Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  throw new TypeError('guarded fetch sends texts and bytes only');
}
