import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { insertPlaybook, listPlaybooks } from '../../../db/workspace/playbooks.ts';
import { Playbook } from '../../../domain/playbook/playbook.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { additionAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import { body, idempotent, paging, withKey } from '../../route-parts.ts';

const listRoute = createRoute({
  ...withKey('get', 'Administration'),
  path: '/v1/playbooks',
  operationId: 'listPlaybooks',
  summary: 'Every version of every playbook, by name and version',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(Playbook, 'A page of playbooks'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Administration'),
  middleware: forRoles(['admin']),
  path: '/v1/playbooks',
  operationId: 'addPlaybook',
  summary: 'Add a playbook or a version of one (admin)',
  description: 'A stored version never changes: running items keep the version they pinned.',
  request: { body: body(Playbook) },
  responses: additionAnswers(Playbook, 'Stored', 'forbidden'),
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
      const { workspaceId } = c.get('caller');
      const playbook = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const row = await insertPlaybook(tx, { workspaceId, playbook });
        if (row === null) {
          const { name, version } = playbook;
          const detail = `version ${version} of ${name} is there already and never changes`;
          throw new ApiError('conflict', { detail });
        }
        return row.data;
      });
      return c.json(answer, 201);
    });
}
