import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listInbox } from '../../db/item/items.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { problems } from '../gates/errors.ts';
import { ItemSummary } from '../item-schema.ts';
import { itemSummaryView } from '../item-view.ts';
import { answers, pageOf, pageView, paging, WITH_KEY } from '../route-parts.ts';

const listRoute = createRoute({
  method: 'get',
  path: '/v1/inbox',
  operationId: 'listInbox',
  tags: ['Items'],
  summary: 'What waits for the caller, soonest due first',
  description:
    'Open items that wait for the caller by name, or for a role the caller holds where nobody is named.',
  security: WITH_KEY,
  request: { query: z.strictObject(paging) },
  responses: {
    200: answers(pageOf(ItemSummary), 'A page of items; `waitingOn` says for which command'),
    ...problems('invalid_request', 'unauthenticated'),
  },
});

export function inboxRoutes({ db, settings }: Pick<ApiDeps, 'db' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>().openapi(listRoute, async (c) => {
    const { workspaceId, memberId, roles } = c.get('caller');
    const page = await listInbox(db, { workspaceId, memberId, roles, ...c.req.valid('query') });
    return c.json(
      pageView(page, (row) => itemSummaryView(row, settings)),
      200,
    );
  });
}
