import { ComNS, lexicons } from '@atproto/api';
import { XRPCInvalidResponseError, XrpcClient } from '@atproto/xrpc';
import { z } from 'zod';
import { createGuardedFetch, type FetchOptions, RequestFailed } from '../../http/guarded-fetch.ts';
import type { HttpClient } from '../../http/http-client.ts';
import type { NotSent, Unknown } from '../../http/http-outcome.ts';

/** An answer that is not a success. `error` is the name the protocol gives it; null where there is none. */
export interface Refusal {
  kind: 'refused';
  status: number;
  error: string | null;
  message: string;
  headers: Readonly<Record<string, string>>;
}

/** A call that did not succeed. Its message holds no token, whatever the server said. */
export class XrpcFailed extends Error {
  /** Name of the called method, e.g. `com.atproto.repo.putRecord`. */
  readonly method: string;
  readonly outcome: Refusal | NotSent | Unknown;

  constructor(method: string, outcome: Refusal | NotSent | Unknown) {
    super(outcome.message);
    this.name = 'XrpcFailed';
    this.method = method;
    this.outcome = outcome;
  }
}

const UPLOAD_TIMEOUT_MS = 60_000;
const MAX_MESSAGE = 300;
const ErrorBody = z.object({
  error: z.string().regex(/^[A-Za-z]{1,64}$/),
  message: z.string().optional(),
});

/** The methods of a server, by their names. */
export type Server = ComNS['atproto'];

export interface ServerOptions {
  http: HttpClient;
  service: string;
  /** Sent as it is; null for calls that need no login. */
  token: string | null;
  /** Of each request. */
  timing: FetchOptions;
}

/**
 * A client of one server whose every request goes through the guarded client. Calls reject with something that
 * `failureOf` understands. Not the library's `Agent`: that one reads all lexicons again for each instance, and
 * keeps sessions by rules of its own.
 */
export function serverAt({ http, service, token, timing }: ServerOptions): Server {
  const options = { timeoutMs: UPLOAD_TIMEOUT_MS, accept: ['application/json'], ...timing };
  const fetch = createGuardedFetch(http, options);
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const method = /^\/xrpc\/([\w.-]+)/.exec(path)?.[1] ?? path;
    const headers = new Headers(init.headers);
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    try {
      const response = await fetch(`${service}${path}`, { ...init, headers });
      return response.ok
        ? await readable(method, response)
        : refuse(method, await refusalOf(method, response, token));
    } catch (error) {
      if (error instanceof RequestFailed) throw new XrpcFailed(method, error.outcome);
      throw error;
    }
  };
  return new ComNS(new XrpcClient(send, lexicons)).atproto;
}

/** The library reports an answer that is no JSON without saying of which call. */
async function readable(method: string, response: Response): Promise<Response> {
  const text = await response.text();
  try {
    JSON.parse(text);
  } catch {
    const message = `${method}: the answer is not JSON`;
    throw new XrpcFailed(method, { kind: 'unknown', code: 'body_unreadable', message });
  }
  return new Response(text, { status: response.status, headers: response.headers });
}

function refuse(method: string, refusal: Refusal): never {
  throw new XrpcFailed(method, refusal);
}

async function refusalOf(
  method: string,
  response: Response,
  token: string | null,
): Promise<Refusal> {
  const { status } = response;
  const body = ErrorBody.safeParse(await response.json().catch(() => null));
  const said = body.success ? `${body.data.error} ${body.data.message ?? ''}`.trim() : 'no reason';
  const safe = token === null ? said : said.replaceAll(token, '[token]');
  return {
    kind: 'refused',
    status,
    error: body.data?.error ?? null,
    // Of a login only the name: a server may repeat what was sent to it.
    message: `${method}: ${status} ${isLogin(method) ? (body.data?.error ?? 'no reason') : safe}`
      .slice(0, MAX_MESSAGE)
      .toWellFormed(),
    headers: Object.fromEntries(response.headers.entries()),
  };
}

function isLogin(method: string): boolean {
  return method.startsWith('com.atproto.server.');
}

/**
 * What went wrong in a call.
 * @throws the error itself when it comes from nothing the network did.
 */
export function failureOf(error: unknown): XrpcFailed {
  if (error instanceof XrpcFailed) return error;
  if (error instanceof XRPCInvalidResponseError) {
    const message = `${error.lexiconNsid}: the answer does not have the expected shape`;
    const outcome = { kind: 'unknown', code: 'body_unreadable', message } as const;
    return new XrpcFailed(error.lexiconNsid, outcome);
  }
  if (error instanceof Error && error.cause instanceof XrpcFailed) return error.cause;
  throw error;
}

/** Whether a call was refused for its token alone: nothing else of it was looked at. */
export function isTokenRefusal({ status, error }: Pick<Refusal, 'status' | 'error'>): boolean {
  return (
    status === 401 || (status === 400 && ['ExpiredToken', 'InvalidToken'].includes(error ?? ''))
  );
}
