import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { type CommentRow, insertComment, listComments } from '../../../db/item/comments.ts';
import { getItem } from '../../../db/item/items.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { additionAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import { body, InstantText, ItemParams, idempotent, paging, withKey } from '../../route-parts.ts';

const Visibility = z
  .enum(['internal', 'shared'])
  .meta({ description: '`internal` stays in the team; `shared` may be seen by outside approvers' });

const Comment = z
  .object({
    id: z.string(),
    authorId: z.string(),
    visibility: Visibility,
    kind: z
      .enum(['comment', 'learnings'])
      .describe('`learnings`: what a sign-off teaches for the next brief'),
    text: z.string(),
    commandId: z.string().optional().describe('the command it came with'),
    createdAt: InstantText,
  })
  .meta({ id: 'Comment' });

const NewComment = z
  .strictObject({
    text: z.string().trim().min(1).max(10_000),
    visibility: Visibility.default('internal'),
  })
  .meta({ id: 'NewComment' });

const listRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/items/{id}/comments',
  operationId: 'listComments',
  summary: 'The thread of the item, oldest first',
  request: {
    params: ItemParams,
    query: z.strictObject({ visibility: Visibility.optional(), ...paging }),
  },
  responses: pageAnswers(Comment, 'A page of the thread', 'not_found'),
});

const addRoute = createRoute({
  ...idempotent('post', 'Items'),
  path: '/v1/items/{id}/comments',
  operationId: 'addComment',
  summary: 'Say something to the item',
  request: { params: ItemParams, body: body(NewComment) },
  responses: additionAnswers(Comment, 'Stored', 'not_found'),
});

export function commentRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { workspaceId } = c.get('caller');
      if ((await getItem(db, { workspaceId, itemId })) === null) throw notFound('item', itemId);
      const page = await listComments(db, { workspaceId, itemId, ...c.req.valid('query') });
      return c.json(pageView(page, commentView), 200);
    })
    .openapi(addRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { workspaceId, memberId } = c.get('caller');
      if ((await getItem(db, { workspaceId, itemId })) === null) throw notFound('item', itemId);
      const { text, visibility } = c.req.valid('json');
      const answer = await once(c, { db, status: 201 }, async (tx) => {
        const comment = { workspaceId, itemId, authorId: memberId, visibility, text };
        return commentView(await insertComment(tx, comment));
      });
      return c.json(answer, 201);
    });
}

function commentView({
  id,
  authorId,
  visibility,
  kind,
  text,
  commandId,
  createdAt,
}: CommentRow): z.infer<typeof Comment> {
  return {
    id,
    authorId,
    visibility,
    kind,
    text,
    createdAt,
    ...(commandId !== null && { commandId }),
  };
}
