import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type FreezeRow,
  insertFreeze,
  liftFreeze,
  listFreezes,
} from '../../../db/calendar/freezes.ts';
import type { Role } from '../../../domain/people/roles.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, problems } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { additionAnswers, answers, changeAnswers } from '../../route-answers.ts';
import { body, InstantText, idempotent, withKey } from '../../route-parts.ts';

/** Who may stop everything that goes out, and let it go on. */
export const FREEZE_ROLES: readonly Role[] = ['social_media_manager', 'admin', 'leadership'];

const Freeze = z
  .object({
    id: z.string(),
    reason: z.string(),
    frozenBy: z.string(),
    frozenAt: InstantText,
    liftReason: z.string().nullable(),
    liftedBy: z.string().nullable(),
    liftedAt: InstantText.nullable(),
  })
  .meta({ id: 'Freeze' });

const FreezeState = z
  .object({
    frozen: z.boolean(),
    freeze: Freeze.optional().describe('the one that stands'),
    history: z.array(Freeze).describe('the latest 50, newest first, with who decided and why'),
  })
  .meta({ id: 'FreezeState' });

const Reason = z.strictObject({ reason: z.string().trim().min(1).max(2_000) });

const HISTORY = 50;
const readRoute = createRoute({
  ...withKey('get', 'Calendar'),
  path: '/v1/freeze',
  operationId: 'getFreeze',
  summary: 'Whether everything that goes out is stopped, by whom and why',
  responses: { 200: answers(FreezeState, 'The state'), ...problems('unauthenticated') },
});

const freezeRoute = createRoute({
  ...idempotent('post', 'Calendar'),
  middleware: forRoles(FREEZE_ROLES),
  path: '/v1/freeze',
  operationId: 'freeze',
  summary: 'Stop every send of the workspace (social media manager, admin or leadership)',
  description:
    'After the answer nobody takes the right to send any more; a send that had it before goes out. Planning stays possible. A slot whose grace ends in the freeze is missed and a person decides: nothing goes out late by itself.',
  request: { body: body(Reason, { reason: 'An accident at the harbour' }) },
  responses: additionAnswers(Freeze, 'Frozen', 'forbidden'),
});

const liftRoute = createRoute({
  ...idempotent('delete', 'Calendar'),
  middleware: forRoles(FREEZE_ROLES),
  path: '/v1/freeze',
  operationId: 'liftFreeze',
  summary: 'Let sends go on (social media manager, admin or leadership)',
  request: { body: body(Reason, { reason: 'All crew are safe' }) },
  responses: changeAnswers(Freeze, 'Lifted', 'forbidden'),
});

export function freezeRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(readRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const history = (await listFreezes(db, { workspaceId, limit: HISTORY })).map(freezeView);
      const freeze = history.find(({ liftedAt }) => liftedAt === null);
      const state = { frozen: freeze !== undefined, ...(freeze !== undefined && { freeze }) };
      return c.json({ ...state, history }, 200);
    })
    .openapi(freezeRoute, async (c) => {
      const { workspaceId, memberId: frozenBy } = c.get('caller');
      const { reason } = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const row = await insertFreeze(tx, { workspaceId, frozenBy, reason });
        if (row === null) throw new ApiError('conflict', { detail: 'a freeze stands already' });
        return freezeView(row);
      });
      return c.json(answer, 201);
    })
    .openapi(liftRoute, async (c) => {
      const { workspaceId, memberId: liftedBy } = c.get('caller');
      const { reason: liftReason } = c.req.valid('json');
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const row = await liftFreeze(tx, { workspaceId, liftedBy, liftReason });
        if (row === null) throw new ApiError('conflict', { detail: 'no freeze stands' });
        return freezeView(row);
      });
      return c.json(answer, 200);
    });
}

function freezeView({ workspaceId: _, ...freeze }: FreezeRow): z.infer<typeof Freeze> {
  return freeze;
}
