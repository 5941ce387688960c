import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { Client, type Dispatcher } from 'undici';
import type { z } from 'zod';
import { inSpan, traceHeaders } from '../health/span.ts';
import { guardedLookup, type ResolveHost, resolveHost } from './address-guard.ts';
import { failureOf, type TransferPhase } from './http-failure.ts';
import type { HttpOutcome, JsonOutcome, Unknown } from './http-outcome.ts';
import { checkHeaders, checkTarget, originOf, PUBLIC_PORTS, type Target } from './http-target.ts';

export interface HttpClientOptions {
  /**
   * Origins (`http://127.0.0.1:4010`) that may be plain HTTP, on any port and at any address: what this
   * deployment itself runs. Everything else must be public HTTPS.
   */
  allowedOrigins?: readonly string[];
  /** Ports of public HTTPS. */
  allowedPorts?: readonly number[];
  /** From call to last byte. */
  timeoutMs?: number;
  /** For DNS, TCP and TLS together. */
  connectTimeoutMs?: number;
  maxResponseBytes?: number;
  resolve?: ResolveHost;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  /** Media types that a 2xx answer may have; any when absent. */
  accept?: readonly string[];
  timeoutMs?: number;
  maxResponseBytes?: number;
  signal?: AbortSignal;
  /**
   * By `performance.now()`: a request that has not begun to be written by then is not written. A timer or a signal
   * does not stop a process that was paused; this is asked right before the first byte.
   */
  writeBefore?: number;
}

/** A request with a JSON body (or none) and a JSON answer. */
export interface JsonRequest extends Omit<HttpRequest, 'body' | 'accept'> {
  json?: unknown;
}

export interface HttpClient {
  /** Sends once, never retries, never throws for what the network does. */
  request(request: HttpRequest): Promise<HttpOutcome>;
  /** As `request`; a 2xx answer is parsed and must fit the schema, else it is `unknown`. */
  requestJson<T>(request: JsonRequest, schema: z.ZodType<T>): Promise<JsonOutcome<T>>;
  getJson<T>(
    url: string,
    schema: z.ZodType<T>,
    options?: Omit<JsonRequest, 'method' | 'url' | 'json'>,
  ): Promise<JsonOutcome<T>>;
}

const MAX_HEADER_BYTES = 16_384;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The one way out of Baton: public HTTPS only unless an origin is allowed, every resolved address checked and
 * connected to, no redirects, no proxies, no compression, a cap on size and on time.
 *
 * Each request has its own connection. A kept one may be closed by the server just as the next request is
 * written, which would turn a post that was never seen into an unknown outcome.
 */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const settings = {
    allowedOrigins: new Set((options.allowedOrigins ?? []).map(originOf)),
    allowedPorts: new Set(options.allowedPorts ?? PUBLIC_PORTS),
    timeoutMs: options.timeoutMs ?? 10_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    maxResponseBytes: options.maxResponseBytes ?? 1_048_576,
    lookup: guardedLookup(options.resolve ?? resolveHost),
  };

  async function request(asked: HttpRequest): Promise<HttpOutcome> {
    const target = checkTarget(asked.url, settings);
    if ('kind' in target) return target;
    const headers = checkHeaders(asked);
    if ('kind' in headers) return headers;
    const { url } = target;
    // No path: an address may be a secret.
    const attributes = { 'server.address': url.host, 'http.request.method': asked.method };
    return inSpan(asked.method, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const sent = { ...headers.headers, ...traceHeaders() };
      const outcome = await transfer(asked, target, sent, settings);
      if ('status' in outcome && outcome.status !== undefined) {
        span.setAttribute('http.response.status_code', outcome.status);
      }
      if (outcome.kind !== 'response') span.setStatus({ code: SpanStatusCode.ERROR });
      return outcome;
    });
  }

  return httpClientOf(request);
}

/** The whole client over its one call: for those who put a rule before every request. */
export function httpClientOf(request: HttpClient['request']): HttpClient {
  async function requestJson<T>(asked: JsonRequest, schema: z.ZodType<T>): Promise<JsonOutcome<T>> {
    const { json, ...rest } = asked;
    const outcome = await request({
      ...rest,
      headers: {
        ...asked.headers,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      accept: ['application/json'],
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    if (outcome.kind !== 'response' || outcome.status < 200 || outcome.status > 299) return outcome;
    const { status, headers } = outcome;
    const parsed = parseJson(outcome.body, schema);
    return parsed.ok
      ? { kind: 'json', status, headers, value: parsed.value }
      : { kind: 'unknown', code: 'body_unreadable', message: parsed.message, status };
  }

  return {
    request,
    requestJson,
    getJson: (url, schema, rest = {}) => requestJson({ ...rest, method: 'GET', url }, schema),
  };
}

async function transfer(
  asked: HttpRequest,
  { url, guarded }: Target,
  headers: Record<string, string>,
  settings: Required<
    Pick<HttpClientOptions, 'timeoutMs' | 'connectTimeoutMs' | 'maxResponseBytes'>
  > & {
    lookup: ReturnType<typeof guardedLookup>;
  },
): Promise<HttpOutcome> {
  if (asked.signal?.aborted) {
    return { kind: 'not_sent', code: 'aborted', message: 'given up before it was sent' };
  }
  const timeoutMs = Math.min(asked.timeoutMs ?? settings.timeoutMs, LONGEST_TIMER_MS);
  const client = new Client(url.origin, {
    connect: {
      timeout: Math.min(settings.connectTimeoutMs, timeoutMs),
      ...(guarded ? { lookup: settings.lookup } : {}),
    },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    pipelining: 0,
    // A connection of one request gains nothing by HTTP/2, and the judging of its failures knows HTTP/1.1.
    allowH2: false,
  });
  const phase: TransferPhase = {
    connected: false,
    writeTooLate: false,
    timedOut: false,
    aborted: false,
  };
  client.once('connect', () => {
    phase.connected = true;
  });
  function giveUp(reason: 'timedOut' | 'aborted'): void {
    phase[reason] = true;
    // Errors every waiting read and write; the socket is closed with it.
    void client.destroy(new Error(reason)).catch(() => undefined);
  }
  const onAbort = (): void => giveUp('aborted');
  const timer = setTimeout(() => giveUp('timedOut'), timeoutMs);
  asked.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const response = await guardWrite(client, asked.writeBefore, phase).request({
      path: `${url.pathname}${url.search}`,
      method: asked.method,
      headers,
      ...(asked.body === undefined ? {} : { body: asked.body }),
    });
    // The body may fail while its headers are judged; reading it reports the failure.
    response.body.on('error', () => undefined);
    return (
      unusable(response.statusCode, flatten(response.headers), asked.accept) ?? {
        kind: 'response',
        status: response.statusCode,
        headers: flatten(response.headers),
        body: await readBody(response.body, asked.maxResponseBytes ?? settings.maxResponseBytes),
      }
    );
  } catch (error) {
    return failureOf(error, phase, url.host);
  } finally {
    clearTimeout(timer);
    asked.signal?.removeEventListener('abort', onAbort);
    void client.destroy().catch(() => undefined);
  }
}

/** Refuses to begin writing after `writeBefore`: between this check and the first byte nothing is waited for. */
function guardWrite(
  client: Client,
  writeBefore: number | undefined,
  phase: TransferPhase,
): Dispatcher {
  if (writeBefore === undefined) return client;
  return client.compose(
    (dispatch) => (options, handler) =>
      dispatch(options, {
        onRequestStart(controller, context) {
          if (performance.now() < writeBefore) {
            handler.onRequestStart?.(controller, context);
            return;
          }
          phase.writeTooLate = true;
          controller.abort(new Error('too late to write'));
        },
        onResponseStart: (...args) => handler.onResponseStart?.(...args),
        onResponseData: (...args) => handler.onResponseData?.(...args),
        onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
        onResponseError: (...args) => handler.onResponseError?.(...args),
      }),
  );
}

function unusable(
  status: number,
  headers: Readonly<Record<string, string>>,
  accept: readonly string[] | undefined,
): Unknown | null {
  if (status >= 300 && status < 400) {
    return unknown('redirected', `answered ${status}; redirects are not followed`, status);
  }
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') {
    return unknown('content_encoding_not_accepted', `answered in ${encoding}, unasked`, status);
  }
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (accept && status < 300 && !accept.includes(type)) {
    return unknown(
      'content_type_not_accepted',
      `answered ${status} with ${type === '' ? 'no content type' : type.slice(0, 100)}, not ${accept.join(' or ')}`,
      status,
    );
  }
  return null;
}

/** The answer was longer than the caller takes. */
class ResponseTooLargeError extends Error {
  readonly code = 'RESPONSE_TOO_LARGE';
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new ResponseTooLargeError(`the answer is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson<T>(
  body: Buffer,
  schema: z.ZodType<T>,
): { ok: true; value: T } | { ok: false; message: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return { ok: false, message: 'the answer is not JSON' };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    message: `the answer does not have the expected shape: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  };
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function unknown(code: Unknown['code'], message: string, status: number): Unknown {
  return { kind: 'unknown', code, message, status };
}
