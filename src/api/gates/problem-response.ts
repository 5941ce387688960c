import { isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ZodError } from 'zod';
import { AssetError, type AssetErrorCode } from '../../assets/asset-store.ts';
import {
  describeDatabaseError,
  isDatabaseAway,
  isReferenceViolation,
  isUniqueViolation,
  isUnstorableText,
  StoreError,
} from '../../db/errors.ts';
import { QuotaExceeded, type Quotas } from '../../db/workspace/quotas.ts';
import { NewerSnapshot } from '../../domain/item/versions/migrate.ts';
import { currentTraceId } from '../../health/span.ts';
import { WorkRefused } from '../../threads/threads.ts';
import type { ApiLog } from '../log.ts';
import { type ApiEnv, routeOf } from './context.ts';
import {
  ApiError,
  type ErrorCode,
  invalidRequest,
  type Problem,
  type ProblemIssue,
  statusOf,
  titleOf,
} from './errors.ts';

const ASSET_ERRORS = {
  asset_empty: 'invalid_request',
  asset_too_large: 'payload_too_large',
  asset_type_refused: 'unsupported_media_type',
  asset_upload_aborted: 'request_timeout',
  asset_unknown: 'not_found',
  asset_hash_invalid: 'not_found',
  asset_store_full: 'unavailable',
} as const satisfies Record<AssetErrorCode, ErrorCode>;

const COME_AGAIN = { 'Retry-After': '2' };

/** The problem that an error is answered with. An unknown error tells the caller nothing but its request id. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreError && error.code === 'cursor_invalid') {
    const message = 'is not one that this list returned';
    return invalidRequest([{ path: 'cursor', in: 'query', message }]);
  }
  if (error instanceof AssetError) return assetProblem(error);
  if (error instanceof WorkRefused) return workProblem(error);
  if (error instanceof QuotaExceeded) return quotaProblem(error);
  if (error instanceof HTTPException) return fromFramework(error);
  if (error instanceof NewerSnapshot) {
    const detail = `the item is ${error.message}; repeat once that release is back`;
    return new ApiError('unavailable', { detail, headers: COME_AGAIN }, { cause: error });
  }
  if (isDatabaseAway(error)) {
    const detail = 'the database is away; nothing was stored, repeat with the same Idempotency-Key';
    return new ApiError('unavailable', { detail, headers: COME_AGAIN }, { cause: error });
  }
  if (isUnstorableText(error)) {
    return invalidRequest([{ path: '', message: 'holds text that cannot be stored' }]);
  }
  if (isReferenceViolation(error)) {
    return invalidRequest([{ path: '', message: 'names something this workspace does not have' }]);
  }
  if (isUniqueViolation(error)) return new ApiError('conflict', {}, { cause: error });
  if (error instanceof WorkflowNotFoundError) {
    return new ApiError('conflict', { detail: 'the run of this item is not open' });
  }
  if (isGrpcServiceError(error) || error instanceof ServiceError) {
    const detail = 'the engine is away';
    return new ApiError('unavailable', { detail, headers: COME_AGAIN }, { cause: error });
  }
  const detail = 'the error is logged under this request id';
  return new ApiError('internal', { detail }, { cause: error });
}

const QUOTA_WORDS: Record<keyof Quotas, string> = {
  openItems: 'open items: close or cancel some',
  storageBytes: 'bytes of files',
  apiKeys: 'API keys: revoke some',
  webhookEndpoints: 'webhook endpoints: remove some',
  webhookSubscriptions: 'webhook subscriptions: remove some',
  metricSources: 'metrics sources: remove some',
  csvMappings: 'CSV mappings: remove some',
};

function quotaProblem(error: QuotaExceeded): ApiError {
  const detail = `a workspace may have ${error.limit} ${QUOTA_WORDS[error.quota]}`;
  return new ApiError('quota_exceeded', { detail }, { cause: error });
}

function workProblem(error: WorkRefused): ApiError {
  if (error.reason === 'busy') {
    const detail = 'too much of this workspace is being read already; repeat in a while';
    return new ApiError('unavailable', { detail, headers: COME_AGAIN }, { cause: error });
  }
  const detail = 'it takes too much to read this content: make it shorter';
  return new ApiError('payload_too_large', { detail }, { cause: error });
}

function assetProblem(error: AssetError): ApiError {
  const cause = error.cause;
  // The limits of the upload itself are told as they are.
  if (cause instanceof ApiError) return cause;
  return new ApiError(ASSET_ERRORS[error.code], { detail: error.message }, { cause: error });
}

/** What the framework throws before a handler runs. */
function fromFramework(error: HTTPException): ApiError {
  if (error.status === 415) {
    return new ApiError('unsupported_media_type', { detail: 'this path takes another media type' });
  }
  if (error.status >= 500) return new ApiError('internal', {}, { cause: error });
  return new ApiError('malformed_json', { detail: error.message });
}

/** Answers an error as problem+json, and logs what is ours to mend. */
export function problemResponse(error: unknown, c: Context<ApiEnv>, log: ApiLog): Response {
  const problem = toApiError(error);
  const status = statusOf(problem.code);
  const requestId = c.get('requestId') ?? '';
  if (status >= 500) logFailure(problem, { requestId, route: routeOf(c) }, log);
  // Headers that middleware has set so far belong to this answer as well.
  return c.body(JSON.stringify(problemOf(problem, requestId)), status, {
    ...problem.parts.headers,
    ...(isBodyOutstanding(c) && { Connection: 'close' }),
    'Content-Type': 'application/problem+json',
  });
}

/**
 * A body that was not read to its end makes the connection useless for the next request: the server ends
 * it soon, so the caller must know not to send another one on it (RFC 9112, section 9.6).
 */
function isBodyOutstanding(c: Context<ApiEnv>): boolean {
  return c.env?.incoming?.complete === false;
}

/** The body of a problem. */
export function problemOf(problem: ApiError, requestId: string): Problem {
  const { headers: _, detail, ...parts } = problem.parts;
  const traceId = currentTraceId();
  return {
    type: `/docs#error-${problem.code}`,
    title: titleOf(problem.code),
    status: statusOf(problem.code),
    detail: detail ?? titleOf(problem.code),
    code: problem.code,
    requestId,
    ...(traceId !== undefined && { traceId }),
    ...parts,
  };
}

/** In full, but for the query's parameters: those are texts, hashes and sealed secrets. */
function logFailure(
  problem: ApiError,
  request: { requestId: string; route: string | null },
  log: ApiLog,
): void {
  const cause = problem.cause ?? problem;
  const stack = cause instanceof Error ? framesOf(cause) : undefined;
  const fields = { ...request, code: problem.code, reason: describeDatabaseError(cause), stack };
  if (problem.code === 'unavailable') log.warn(fields, 'request not served');
  else log.error(fields, 'request failed');
}

function framesOf(error: Error): string[] {
  const own = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause instanceof Error ? framesOf(error.cause) : [];
  return [...own.map((line) => line.trim()), ...cause].slice(0, 40);
}

type Target = 'json' | 'query' | 'param' | 'header' | 'form' | 'cookie';

const PLACES: Partial<Record<Target, Pick<ProblemIssue, 'in'>>> = {
  query: { in: 'query' },
  param: { in: 'path' },
  header: { in: 'header' },
};

/** What a schema found wrong, field by field. */
export function validationProblem(error: ZodError, target: Target): ApiError {
  return invalidRequest(issuesOf(error.issues).map((issue) => ({ ...issue, ...PLACES[target] })));
}

type ZodIssue = ZodError['issues'][number];

function issuesOf(
  issues: readonly ZodIssue[],
  prefix: readonly PropertyKey[] = [],
): ProblemIssue[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: shown([...path, key]),
        message: 'is not a known field',
      }));
    }
    if (issue.code === 'invalid_union') {
      // The branch that fits best is what the caller meant.
      const [nearest] = issue.errors
        .filter((branch) => branch.length > 0)
        .toSorted((a, b) => misses(a) - misses(b) || a.length - b.length);
      if (nearest !== undefined) return issuesOf(nearest, path);
    }
    return [{ path: shown(path), message: issue.message }];
  });
}

/** 1 for a branch that is of another type altogether: its fields are not what the caller meant. */
function misses(branch: readonly ZodIssue[]): 0 | 1 {
  return branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0) ? 1 : 0;
}

function shown(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, 300);
}
