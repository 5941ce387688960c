import type { MiddlewareHandler } from 'hono';
import type { ApiDeps } from '../deps.ts';
import { type ApiContext, type ApiEnv, routeOf } from './context.ts';
import { ApiError, invalidRequest } from './errors.ts';
import { readBody } from './read-body.ts';
import { parseJson } from './safe-json.ts';

const BODY_TIMEOUT_MS = 20_000;

const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Bodies that their route reads as a stream, by media type; `*` is any. They have limits of their own. */
const STREAMED: Readonly<Record<string, string>> = {
  'POST /v1/assets': '*',
  'POST /v1/items/:id/readings': 'text/csv',
  'POST /v1/readings/imports': '*',
};

/** Bodies that are parsed after their credential is checked: a signature over their bytes, or a link. */
const PROVEN_FIRST: ReadonlySet<string> = new Set([
  'POST /v1/webhooks/:endpointId',
  'POST /approve/:token',
]);

/**
 * Reads each body once, with a byte cap, and parses it safely before any schema sees it. The
 * schemas' validator then finds the text in the request's cache instead of a stream.
 */
export function requestBody({ settings }: Pick<ApiDeps, 'settings'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const route = routeOf(c);
    if (route === null || !METHODS_WITH_BODY.has(c.req.method)) return next();
    if (isStreamed(route, c.req.header('content-type'))) return next();
    const bytes = await readBody(c.req.raw, {
      maxBytes: settings.limits.bodyBytes,
      timeoutMs: BODY_TIMEOUT_MS,
    });
    c.set('rawBody', bytes);
    if (PROVEN_FIRST.has(route)) return next();
    if (bytes.length === 0) acceptNothing(c);
    else acceptJson(c, bytes);
    return next();
  };
}

function isStreamed(route: string, contentType: string | undefined): boolean {
  const wanted = STREAMED[route];
  return wanted === '*' || (wanted !== undefined && wanted === mediaTypeOf(contentType));
}

function acceptJson(c: ApiContext, bytes: Buffer): void {
  requireJson(c.req.header('content-type'));
  c.set('body', parseJson(bytes));
  cacheText(c, bytes.toString('utf8').replace(/^\uFEFF/, ''));
}

/** No body is an empty object, where every field may be left out; a save without content is a mistake. */
function acceptNothing(c: ApiContext): void {
  if (c.req.method === 'PUT') throw invalidRequest([{ path: '', message: 'a body is required' }]);
  c.set('body', {});
  c.req.raw.headers.set('content-type', 'application/json');
  cacheText(c, '{}');
}

/** The cache holds promises, although its type names what they resolve to. */
function cacheText(c: ApiContext, text: string): void {
  Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
}

/** @throws ApiError `unsupported_media_type` */
export function requireJson(contentType: string | undefined): void {
  requireType('application/json', contentType);
}

/** @throws ApiError `unsupported_media_type` */
export function requireType(wanted: string, contentType: string | undefined): void {
  if (mediaTypeOf(contentType) === wanted && isUtf8(contentType)) return;
  throw new ApiError('unsupported_media_type', {
    detail: `send ${wanted} in UTF-8, not ${contentType?.slice(0, 100) ?? 'a body without content-type'}`,
  });
}

/** @throws ApiError `unsupported_media_type` for a text that says it is in another charset */
export function requireUtf8(contentType: string | undefined): void {
  if (isUtf8(contentType)) return;
  throw new ApiError('unsupported_media_type', {
    detail: `send it in UTF-8, not ${contentType?.slice(0, 100)}`,
  });
}

function isUtf8(contentType: string | undefined): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";]+)"?/i.exec(contentType ?? '')?.[1]?.trim();
  return charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset);
}

export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
