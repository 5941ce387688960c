import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { BulkRepairResult, RepairOutcome } from '../../audit/repairs/repair-outcome.ts';
import { listFindings, type StoredFinding } from '../../db/audit/stored-findings.ts';
import { CouldNotAsk, Finding, FindingId, FindingRecord } from '../../domain/audit/finding.ts';
import {
  BULK_REPAIRS,
  FINDING_CODES,
  REPAIRS,
  SEVERITIES,
} from '../../domain/audit/finding-catalogue.ts';
import { findingMessage } from '../../domain/audit/finding-message.ts';
import { ROLES } from '../../domain/people/roles.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import {
  ApiError,
  invalidRequest,
  notFound,
  problemIssues,
  problems,
  UnmetRequirement,
} from '../gates/errors.ts';
import { onceUnderLease, repairKeyOf, usedForAnother } from '../gates/idempotency.ts';
import { forbidden, forRoles } from '../gates/require-role.ts';
import { answers, changeAnswers, pageOf } from '../route-answers.ts';
import { body, idempotent, paging, withKey } from '../route-parts.ts';

const filters = {
  code: z.enum(FINDING_CODES).optional(),
  severity: z.enum(SEVERITIES).optional(),
  itemId: z.string().min(1).max(400).optional(),
  role: z.enum(ROLES).optional().meta({ description: 'items that wait for this role' }),
  memberId: z
    .string()
    .min(1)
    .max(400)
    .optional()
    .meta({ description: 'items that wait for this member by name' }),
};

const StuckQuery = z.strictObject({ ...filters, ...paging });

const HistoryQuery = z.strictObject({
  open: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .meta({ description: 'true: what is still there; false: what was closed; absent: both' }),
  code: filters.code,
  severity: filters.severity,
  itemId: filters.itemId,
  ...paging,
});

const FindingHistory = pageOf(FindingRecord).meta({ id: 'FindingHistory' });

const StuckAudit = pageOf(Finding)
  .extend({ couldNotAsk: z.array(CouldNotAsk) })
  .meta({ id: 'StuckAudit' });

const how = {
  reason: z.string().trim().min(1).max(2_000),
  with: z
    .record(z.string().max(64), z.unknown())
    .optional()
    .meta({ description: 'what the repair needs besides: the body of its command or request' }),
  dryRun: z.boolean().optional().meta({ description: 'only say what would be done' }),
};

const NewRepair = z
  .strictObject({ repair: z.enum(REPAIRS), ...how })
  .meta({ id: 'NewRepair', example: { repair: 'resend_command', reason: 'the worker is back' } });

const changes = z.array(z.string()).describe('what was done, or would be, in sentences');
const OUTCOMES = ['done', 'nothing_to_do', 'not_possible', 'would'] as const;

const impossible = {
  error: z.string().optional().describe('why it is not possible: nothing was changed'),
  unmet: z.array(UnmetRequirement).optional().describe('what the machine refuses the command for'),
};

const Repair = z
  .object({
    id: z.string().optional().describe('of the record of this repair; only when it was done'),
    findingId: FindingId,
    repair: z.enum(REPAIRS),
    outcome: z.enum(OUTCOMES),
    changes,
    stillFound: z.boolean().describe('whether the finding stands afterwards'),
    result: z.record(z.string(), z.unknown()).optional(),
    ...impossible,
  })
  .meta({ id: 'Repair' });

/** Findings that one call repairs. */
const MANY = 100;

const NewRepairs = z
  .strictObject({
    filter: z.strictObject(filters),
    repair: z.enum(BULK_REPAIRS),
    ...how,
    limit: z.int().min(1).max(MANY).optional().meta({ description: 'findings at most' }),
    cursor: paging.cursor,
  })
  .meta({
    id: 'NewRepairs',
    example: {
      filter: { code: 'row_without_run' },
      repair: 'replace_run',
      reason: 'the engine was restored from its backup',
    },
  });

const Repairs = z
  .object({
    results: z.array(
      z.object({
        findingId: FindingId,
        itemId: z.string().optional(),
        outcome: z.enum(OUTCOMES),
        changes,
        stillFound: z.boolean().optional().describe('of what was done'),
        ...impossible,
      }),
    ),
    couldNotAsk: z.array(CouldNotAsk),
    nextCursor: z.string().nullable().describe('null at the end'),
  })
  .meta({ id: 'Repairs' });

const stuckRoute = createRoute({
  ...withKey('get', 'Audit'),
  path: '/v1/audit/stuck',
  operationId: 'auditStuck',
  summary: 'What is stuck, since when, waiting on whom, and what may be done about it',
  description:
    'Worst first, then longest. The tables are enough for an answer; what the engine did not say in time is named in `couldNotAsk`, with the findings that may therefore be missing.',
  request: { query: StuckQuery },
  responses: {
    200: answers(StuckAudit, 'A page of findings'),
    ...problems('invalid_request', 'unauthenticated'),
  },
});

const historyRoute = createRoute({
  ...withKey('get', 'Audit'),
  path: '/v1/audit/findings',
  operationId: 'listFindings',
  summary: 'What the watch found, and what became of it',
  description:
    'The latest first. The watch looks every minute. A finding is closed when two looks in a row do not see it; found again later, it is another one under the same id.',
  request: { query: HistoryQuery },
  responses: {
    200: answers(FindingHistory, 'A page of the history'),
    ...problems('invalid_request', 'unauthenticated'),
  },
});

const repairRoute = createRoute({
  ...idempotent('post', 'Audit'),
  path: '/v1/audit/findings/{id}/repairs',
  operationId: 'repairFinding',
  summary: 'Carry out a repair that a finding offers',
  description:
    'A repair named like a command sends that command as the caller, with the body in `with`: the same guards judge it. docs/audit.md says who may do which. 409 for a finding that stood and no longer does, 404 for one that this workspace never had.',
  request: { params: z.object({ id: FindingId }), body: body(NewRepair) },
  responses: changeAnswers(
    Repair,
    'What came of it',
    'forbidden',
    'not_found',
    'idempotency_conflict',
  ),
});

const repairsRoute = createRoute({
  ...idempotent('post', 'Audit'),
  middleware: forRoles(['admin']),
  path: '/v1/audit/repairs',
  operationId: 'repairFindings',
  summary: 'Carry out one repair of every finding that a filter finds and that offers it (admin)',
  description:
    'At most 100 findings at a time, worst first: ask again with `nextCursor` until it is null. Each is repaired as if it had been asked for alone, and recorded.',
  request: { body: body(NewRepairs) },
  responses: changeAnswers(Repairs, 'What came of each', 'forbidden'),
});

/** Longer than a page of repairs can take. */
const LEASE_MS = 120_000;

export function auditRoutes({ db, audit }: Pick<ApiDeps, 'db' | 'audit'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(stuckRoute, async (c) => {
      const { limit, cursor, ...filters } = c.req.valid('query');
      const { workspaceId, memberId: askedBy } = c.get('caller');
      const now = new Date().toISOString();
      const asked = { workspaceId, askedBy, now, limit, cursor, filters };
      return c.json(await audit.stuck(asked), 200);
    })
    .openapi(historyRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listFindings(db, { workspaceId, ...c.req.valid('query') });
      return c.json({ ...page, items: page.items.map(recordOf) }, 200);
    })
    .openapi(repairRoute, async (c) => {
      const caller = c.get('caller');
      const { id: findingId } = c.req.valid('param');
      const { repair, ...order } = c.req.valid('json');
      const key = repairKeyOf(c);
      const answer = await onceUnderLease(c, { db, status: 200, leaseMs: LEASE_MS }, async () => {
        const now = new Date().toISOString();
        const outcome = await audit.repair({ caller, findingId, repair, now, key, ...order });
        return { findingId, repair, ...reportOrThrow(outcome, { findingId, repair }) };
      });
      return c.json(answer, 200);
    })
    .openapi(repairsRoute, async (c) => {
      const caller = c.get('caller');
      const { filter: filters, limit = MANY, ...order } = c.req.valid('json');
      const key = repairKeyOf(c);
      const answer = await onceUnderLease(c, { db, status: 200, leaseMs: LEASE_MS }, async () => {
        const now = new Date().toISOString();
        const asked = { caller, filters, limit, now, key, ...order };
        const outcome = await audit.repairMany(asked);
        if (outcome.outcome === 'forbidden') throw forbidden(outcome.roles);
        const { results, couldNotAsk, nextCursor } = outcome;
        return { results: results.map(withUnmet), couldNotAsk, nextCursor };
      });
      return c.json(answer, 200);
    });
}

function recordOf(finding: StoredFinding): FindingRecord {
  const { workspaceId: _, rank: __, missedAt: ___, itemId, waitingOn, ...record } = finding;
  return {
    ...record,
    ...(itemId !== null && { itemId }),
    waitingOn: waitingOn.map((waited) => ({ ...waited })),
    message: findingMessage(finding),
  };
}

/** @throws ApiError when it was not this repair's turn, or not this caller's. */
function reportOrThrow(
  outcome: RepairOutcome,
  { findingId, repair }: { findingId: string; repair: string },
): Omit<z.infer<typeof Repair>, 'findingId' | 'repair'> {
  switch (outcome.outcome) {
    case 'done': {
      const { repairId: id, changes, stillFound, result } = outcome;
      return { id, outcome: 'done', changes, stillFound, result };
    }
    case 'would':
      return { outcome: 'would', changes: outcome.changes, stillFound: true };
    case 'nothing_to_do':
      return { outcome: 'nothing_to_do', changes: [], stillFound: true };
    case 'not_possible': {
      const { why: error, unmet = [] } = outcome;
      const refused = unmet.length > 0 && { unmet: [...unmet] };
      return { outcome: 'not_possible', changes: [], stillFound: true, error, ...refused };
    }
    case 'unknown':
      throw notFound('finding', findingId);
    case 'gone':
      throw conflict(`nothing is stuck under ${findingId} now. Ask /v1/audit/stuck again`);
    case 'not_offered': {
      const offered = outcome.repairs.join(', ') || 'no repair';
      throw conflict(`${findingId} offers ${offered}, not ${repair}`);
    }
    case 'invalid':
      throw invalidRequest(
        problemIssues(outcome.issues.map((one) => ({ ...one, path: ['with', ...one.path] }))),
      );
    case 'idempotency_conflict':
      throw usedForAnother();
    case 'forbidden':
      throw forbidden(outcome.roles);
    case 'cannot_tell':
      throw new ApiError('unavailable', {
        detail: `nobody could find out whether ${findingId} is still true: ${outcome.couldNotAsk
          .map(({ what, why }) => `${what} (${why})`)
          .join('; ')}`,
        headers: { 'Retry-After': '5' },
      });
  }
}

/** The machine's own list is read-only. */
function withUnmet({ unmet, ...result }: BulkRepairResult) {
  return { ...result, ...(unmet !== undefined && { unmet: [...unmet] }) };
}

function conflict(detail: string): ApiError {
  return new ApiError('conflict', { detail });
}
