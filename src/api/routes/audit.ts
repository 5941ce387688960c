import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { RepairOutcome } from '../../audit/repair-outcome.ts';
import { CouldNotAsk, Finding, FindingId } from '../../domain/audit/finding.ts';
import { FINDING_CODES, REPAIRS, SEVERITIES } from '../../domain/audit/finding-catalogue.ts';
import { ROLES } from '../../domain/people/roles.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiContext, ApiEnv } from '../gates/context.ts';
import { ApiError, notFound, problems } from '../gates/errors.ts';
import { once } from '../gates/idempotency.ts';
import { requireRole } from '../gates/require-role.ts';
import { answers, changeAnswers, pageOf } from '../route-answers.ts';
import { body, idempotent, paging, withKey } from '../route-parts.ts';

const StuckQuery = z.strictObject({
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
  ...paging,
});

const StuckAudit = pageOf(Finding)
  .extend({ couldNotAsk: z.array(CouldNotAsk) })
  .meta({ id: 'StuckAudit' });

const NewRepair = z
  .strictObject({
    repair: z.enum(REPAIRS),
    reason: z.string().trim().min(1).max(2_000),
  })
  .meta({ id: 'NewRepair', example: { repair: 'resend_command', reason: 'the worker is back' } });

const RepairDone = z
  .object({
    id: z.string().describe('of the record of this repair'),
    findingId: FindingId,
    repair: z.enum(REPAIRS),
    result: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'RepairDone' });

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

const repairRoute = createRoute({
  ...idempotent('post', 'Audit'),
  path: '/v1/audit/findings/{id}/repairs',
  operationId: 'repairFinding',
  summary: 'Carry out a repair that a finding offers',
  description:
    'For admins; records of an item (`resend_command`, `rebuild_row`) also for the role that answers for it. A repair named like a command is not carried out here: the problem says where to send it. 409 for a finding that stood and no longer does, 404 for one that this workspace never had.',
  request: { params: z.object({ id: FindingId }), body: body(NewRepair) },
  responses: changeAnswers(RepairDone, 'Done and recorded', 'forbidden', 'not_found'),
});

export function auditRoutes({ db, audit }: Pick<ApiDeps, 'db' | 'audit'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(stuckRoute, async (c) => {
      const { limit, cursor, ...filters } = c.req.valid('query');
      const { workspaceId, memberId: askedBy } = c.get('caller');
      const now = new Date().toISOString();
      const asked = { workspaceId, askedBy, now, limit, cursor, filters };
      return c.json(await audit.stuck(asked), 200);
    })
    .openapi(repairRoute, async (c) => {
      const caller = c.get('caller');
      const { id: findingId } = c.req.valid('param');
      const { repair, reason } = c.req.valid('json');
      const answer = await once(c, { db, status: 200 }, async () => {
        const now = new Date().toISOString();
        const outcome = await audit.repair({ caller, findingId, repair, reason, now });
        const { repairId: id, result } = doneOrThrow(c, outcome, { findingId, repair });
        return { id, findingId, repair, result };
      });
      return c.json(answer, 200);
    });
}

/** @throws ApiError for every outcome but a repair that was carried out. */
function doneOrThrow(
  c: ApiContext,
  outcome: RepairOutcome,
  { findingId, repair }: { findingId: string; repair: string },
): Extract<RepairOutcome, { outcome: 'done' }> {
  switch (outcome.outcome) {
    case 'done':
      return outcome;
    case 'unknown':
      throw notFound('finding', findingId);
    case 'gone':
      throw conflict(`nothing is stuck under ${findingId} now. Ask /v1/audit/stuck again`);
    case 'not_offered': {
      const offered = outcome.repairs.join(', ') || 'no repair';
      throw conflict(`${findingId} offers ${offered}, not ${repair}`);
    }
    case 'is_command':
      throw conflict(`${repair} is a request of its own: ${outcome.method} ${outcome.path}`);
    case 'not_possible':
      throw conflict(outcome.why);
    case 'forbidden':
      requireRole(c, outcome.roles);
      throw new ApiError('forbidden');
    case 'cannot_tell':
      throw new ApiError('unavailable', {
        detail: `nobody could find out whether ${findingId} is still true: ${outcome.couldNotAsk
          .map(({ what, why }) => `${what} (${why})`)
          .join('; ')}`,
        headers: { 'Retry-After': '5' },
      });
  }
}

function conflict(detail: string): ApiError {
  return new ApiError('conflict', { detail });
}
