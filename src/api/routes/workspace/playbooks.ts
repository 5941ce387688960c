import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { insertPlaybook, listPlaybooks } from '../../../db/workspace/playbooks.ts';
import { Playbook } from '../../../domain/playbook/playbook.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, problems, WRITE_ERRORS } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { requireRole } from '../../gates/require-role.ts';
import {
  answers,
  body,
  IDEMPOTENT,
  pageOf,
  pageView,
  paging,
  WITH_KEY,
} from '../../route-parts.ts';

const listRoute = createRoute({
  method: 'get',
  path: '/v1/playbooks',
  operationId: 'listPlaybooks',
  tags: ['Administration'],
  summary: 'Every version of every playbook, by name and version',
  security: WITH_KEY,
  request: { query: z.strictObject(paging) },
  responses: {
    200: answers(pageOf(Playbook), 'A page of playbooks'),
    ...problems('invalid_request', 'unauthenticated'),
  },
});

const addRoute = createRoute({
  method: 'post',
  path: '/v1/playbooks',
  operationId: 'addPlaybook',
  tags: ['Administration'],
  summary: 'Add a playbook or a version of one (admin)',
  description: 'A stored version never changes: running items keep the version they pinned.',
  security: WITH_KEY,
  parameters: IDEMPOTENT,
  request: { body: body(Playbook) },
  responses: {
    201: answers(Playbook, 'Stored'),
    ...problems(...WRITE_ERRORS, 'forbidden'),
  },
});

export function playbookRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listPlaybooks(db, { workspaceId, ...c.req.valid('query') });
      return c.json(
        pageView(page, ({ data }) => data),
        200,
      );
    })
    .openapi(addRoute, async (c) => {
      const caller = c.get('caller');
      requireRole(caller, ['admin']);
      const playbook = c.req.valid('json');
      const answer = await once(c, db, async (tx) => {
        const row = await insertPlaybook(tx, { workspaceId: caller.workspaceId, playbook });
        if (row === null) {
          const { name, version } = playbook;
          const detail = `version ${version} of ${name} is there already and never changes`;
          throw new ApiError('conflict', { detail });
        }
        return { status: 201 as const, body: row.data };
      });
      return c.json(answer.body, 201);
    });
}
