import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { ulid } from 'ulid';
import { ID_PREFIXES } from '../domain/ids.ts';
import type { AppType } from './app.ts';
import { ApiError } from './gates/errors.ts';
import { problemOf, toApiError } from './gates/problem-response.ts';
import type { ApiLog } from './log.ts';

const HEADERS_TIMEOUT_MS = 15_000;
/** Of a whole request, for the longest upload; JSON bodies have a far shorter limit of their own. */
const REQUEST_TIMEOUT_MS = 600_000;
const MAX_HEADER_BYTES = 16 * 1024;

/** A server for the app. What is not even a request to it is answered as a problem as well. */
export function createHttpServer(app: Pick<AppType, 'fetch'>, log: ApiLog): Server {
  const listener = getRequestListener(app.fetch, {
    errorHandler: (error) => answerOutside(error, log),
  });
  return createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    listener,
  );
}

/** The app answers its own errors; what arrives here has no app around it. */
function answerOutside(error: unknown, log: ApiLog): Response {
  const isRequest = error instanceof Error && error.name === 'RequestError';
  const problem = isRequest
    ? new ApiError('invalid_request', { detail: 'the request line or a header is not valid' })
    : toApiError(error);
  const requestId = `${ID_PREFIXES.request}_${ulid()}`;
  const body = problemOf(problem, requestId);
  if (!isRequest) log.error({ requestId, code: body.code }, 'request failed outside the app');
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'Content-Type': 'application/problem+json', 'X-Request-Id': requestId },
  });
}
