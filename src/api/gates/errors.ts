import { z } from '@hono/zod-openapi';
import type { BodyIssue } from '../../commands/command-outcome.ts';
import { isAboutActor, type Unmet } from '../../domain/item/requirements/catalogue.ts';
import { ROLES } from '../../domain/people/roles.ts';

/** Every error the API answers: its status, and what it says of itself. */
const ERRORS = {
  invalid_request: [400, 'The request is not valid'],
  malformed_json: [400, 'The body is not JSON that can be read safely'],
  unauthenticated: [401, 'A valid credential is required'],
  forbidden: [403, 'The caller may not do this'],
  not_found: [404, 'There is no such thing here'],
  method_not_allowed: [405, 'The path has no such method'],
  request_timeout: [408, 'The body did not arrive in time'],
  refused: [409, 'The item refuses the command'],
  idempotency_conflict: [409, 'The idempotency key was used for another request'],
  conflict: [409, 'It is at odds with what is stored'],
  quota_exceeded: [409, 'The workspace has as much as it may have'],
  version_conflict: [412, 'Someone saved in between'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body has a media type that is not understood here'],
  rate_limited: [429, 'Too many requests'],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'A part of the service is away'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof ERRORS;

/** Its keys are exactly those of ERRORS. */
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** What every request with a JSON body may meet. */
export const BODY_ERRORS = [
  'invalid_request',
  'malformed_json',
  'unauthenticated',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ErrorCode[];

/** And what one meets that changes settings or records, once per idempotency key. */
export const WRITE_ERRORS = [
  ...BODY_ERRORS,
  'idempotency_conflict',
  'conflict',
  'quota_exceeded',
] as const satisfies ErrorCode[];

type StatusOf<Code extends ErrorCode> = (typeof ERRORS)[Code][0];

export function statusOf<Code extends ErrorCode>(code: Code): StatusOf<Code> {
  return ERRORS[code][0];
}

export function titleOf(code: ErrorCode): string {
  return ERRORS[code][1];
}

export const UnmetRequirement = z
  .object({
    code: z.string().meta({ example: 'brief_complete' }),
    message: z.string(),
    role: z.enum(ROLES).optional(),
  })
  .meta({ id: 'UnmetRequirement', description: 'a condition of a guard that does not hold' });

export const ProblemIssue = z
  .object({
    path: z.string().describe('the field, its parts joined by dots; empty for the whole body'),
    message: z.string(),
    in: z.enum(['query', 'path', 'header']).optional().describe('absent: in the body'),
    choices: z.array(z.string()).optional().describe('values that would be valid'),
    count: z
      .int()
      .optional()
      .describe('on the first issue of a kind: how many of its kind there are, when not one'),
  })
  .meta({ id: 'ProblemIssue' });
export type ProblemIssue = z.infer<typeof ProblemIssue>;

/** RFC 9457 problem details: the body of every error. */
export const Problem = z
  .object({
    type: z.string().describe('where the kind of problem is explained'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    requestId: z.string(),
    traceId: z.string().optional().describe('the trace that the request belongs to'),
    unmet: z.array(UnmetRequirement).optional(),
    issues: z.array(ProblemIssue).optional(),
    outcome: z.literal('refused').optional(),
    commandId: z.string().optional().describe('the stored command that was refused'),
    current: z.string().nullable().optional().describe('the version that stands'),
  })
  .meta({
    id: 'Problem',
    example: {
      type: '/docs#error-refused',
      title: 'The item refuses the command',
      status: 409,
      detail: 'brief_complete: the brief lacks goal, keyMessage',
      code: 'refused',
      requestId: 'req_01KAMJ5SQ0000000000000000',
      unmet: [{ code: 'brief_complete', message: 'the brief lacks goal, keyMessage' }],
    },
  });
export type Problem = z.infer<typeof Problem>;

/** What a problem may carry beside its code and detail. */
export interface ProblemParts
  extends Partial<Omit<Problem, 'type' | 'title' | 'status' | 'code' | 'requestId' | 'traceId'>> {
  headers?: Record<string, string>;
}

/** The request cannot be answered as asked; becomes a problem of its code. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly parts: ProblemParts;

  constructor(code: ErrorCode, parts: ProblemParts = {}, options?: ErrorOptions) {
    super(parts.detail ?? titleOf(code), options);
    this.name = 'ApiError';
    this.code = code;
    this.parts = parts;
  }
}

/** Enough to mend a request by. What is not told is counted, so that no answer outgrows its request. */
const MAX_ISSUES = 50;
const LONGEST_MESSAGE = 300;

function shownIssues(issues: readonly ProblemIssue[]): ProblemIssue[] {
  const shown = issues
    .slice(0, MAX_ISSUES)
    .map(({ message, ...issue }) => ({ ...issue, message: message.slice(0, LONGEST_MESSAGE) }));
  const left = issues.length - shown.length;
  return left === 0 ? shown : [...shown, { path: '', message: `and ${left} more issues` }];
}

/** A request with invalid fields. */
export function invalidRequest(all: ProblemIssue[]): ApiError {
  const issues = shownIssues(all);
  const detail = issues
    .slice(0, 3)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
  return new ApiError('invalid_request', { detail, issues });
}

export function notFound(what: string, id?: string): ApiError {
  const shown = id === undefined ? '' : ` ${id.slice(0, 100)}`;
  return new ApiError('not_found', { detail: `there is no ${what}${shown} in this workspace` });
}

/** A refusal by the guards: 403 when every unmet requirement is about who asks, else 409. */
export function refusal(unmet: Unmet[], commandId?: string): ApiError {
  const aboutActor = unmet.length > 0 && unmet.every(({ code }) => isAboutActor(code));
  return new ApiError(aboutActor ? 'forbidden' : 'refused', {
    detail: unmet.map(({ code, message }) => `${code}: ${message}`).join('; '),
    unmet,
    outcome: 'refused',
    commandId,
  });
}

/** Issues as the domain and the command sender name them, as a problem shows them. */
export function problemIssues(issues: readonly BodyIssue[]): ProblemIssue[] {
  return issues.map((issue) => ({ ...issue, path: issue.path.join('.') }));
}

export interface ProblemResponse {
  description: string;
  content: { 'application/problem+json': { schema: typeof Problem } };
}

/** Errors that any request may meet. */
const ALWAYS = [
  'invalid_request',
  'internal',
  'unavailable',
  'rate_limited',
] as const satisfies ErrorCode[];

type Always = (typeof ALWAYS)[number];

/**
 * OpenAPI responses for the errors of a route, one per status, from the one table. Those that every
 * request may meet are always in.
 */
export function problems<Code extends ErrorCode>(
  ...codes: Code[]
): { [Status in StatusOf<Code | Always>]: ProblemResponse } {
  const titles = new Map<number, string[]>();
  for (const code of ERROR_CODES) {
    if (!codes.some((used) => used === code) && !ALWAYS.some((used) => used === code)) continue;
    const [status, title] = ERRORS[code];
    titles.set(status, [...(titles.get(status) ?? []), `\`${code}\`: ${title}`]);
  }
  const responses = [...titles].map(([status, lines]) => [
    status,
    {
      description: lines.join('; '),
      content: { 'application/problem+json': { schema: Problem } },
    },
  ]);
  // The loop above puts in exactly the statuses of the codes.
  return Object.fromEntries(responses) as { [S in StatusOf<Code | Always>]: ProblemResponse };
}
