import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listInbox } from '../../db/item/items.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { ItemSummary } from '../item-schema.ts';
import { itemSummaryView } from '../item-view.ts';
import { pageAnswers, pageView } from '../route-answers.ts';
import { paging, withKey } from '../route-parts.ts';

const listRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/inbox',
  operationId: 'listInbox',
  summary: 'What waits for the caller, soonest due first',
  description:
    'Open items that wait for the caller by name, or for a role the caller holds where nobody is named.',
  request: { query: z.strictObject(paging) },
  responses: pageAnswers(ItemSummary, 'A page of items; `waitingOn` says for which command'),
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
