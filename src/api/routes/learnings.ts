import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listLearnings } from '../../db/item/learnings.ts';
import { ASSET_KINDS } from '../../domain/asset-kinds.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { LibraryLearning, learningView } from '../review-document/learning-view.ts';
import { pageAnswers, pageView } from '../route-answers.ts';
import { paging, withKey } from '../route-parts.ts';

const listRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/learnings',
  operationId: 'listLearnings',
  summary: 'What KPI reviews taught, newest first',
  description:
    'The learnings of signed reviews. A filter compares with the brief of the item that taught it. An item in briefing is offered those that fit its brief (`GET /v1/items/{id}`, `learnings`).',
  request: {
    query: z.strictObject({
      pillar: z.string().min(1).max(200).optional().meta({ description: 'in any case' }),
      audience: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'a part of the description of the audience, in any case' }),
      format: z.enum(ASSET_KINDS).optional(),
      ...paging,
    }),
  },
  responses: pageAnswers(LibraryLearning, 'A page of learnings'),
});

export function learningRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>().openapi(listRoute, async (c) => {
    const { workspaceId } = c.get('caller');
    const page = await listLearnings(db, { workspaceId, ...c.req.valid('query') });
    return c.json(pageView(page, learningView), 200);
  });
}
