import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { getItem } from '../../../db/item/items.ts';
import { getDraft } from '../../../db/item/versions.ts';
import { listOutgoingLinks } from '../../../db/publishing/outgoing-links.ts';
import { ChannelId } from '../../../domain/channel/channels.ts';
import { expectedLinks } from '../../../links/expected-links.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound } from '../../gates/errors.ts';
import { pageAnswers, pageView, recordAnswers } from '../../route-answers.ts';
import { InstantText, ItemParams, paging, withKey } from '../../route-parts.ts';

const link = {
  channel: ChannelId,
  written: z.string().describe('as its author wrote it'),
};

const SentLink = z
  .object({
    ...link,
    publicationId: z.string(),
    address: z.string().describe('what stands in the post'),
    target: z.string().describe('where it leads'),
    code: z.string().nullable().describe('of the short link; null where it is no short one'),
    clicks: z.int().nullable().describe('counted so far; null where it is no short link'),
    createdAt: InstantText,
  })
  .meta({ id: 'SentLink' });

const ExpectedLink = z
  .object({
    ...link,
    publicationId: z.string().nullable().describe('null until a slot is planned'),
    address: z
      .string()
      .nullable()
      .describe('what will stand in the post; null for a short link until a slot is planned'),
    target: z.string().describe('where it will lead; `PUBLICATION` stands for an id to come'),
  })
  .meta({ id: 'ExpectedLink' });

const sentRoute = createRoute({
  ...withKey('get', 'Links'),
  path: '/v1/items/{id}/links',
  operationId: 'listLinks',
  summary: 'Links of the item’s posts as they were sent, with their clicks',
  request: { params: ItemParams, query: z.strictObject(paging) },
  responses: pageAnswers(SentLink, 'A page of links, oldest first', 'not_found'),
});

const expectedRoute = createRoute({
  ...withKey('get', 'Links'),
  path: '/v1/items/{id}/draft/links',
  operationId: 'previewLinks',
  summary: 'Links of the draft that counts, as they will be sent',
  description:
    'What the playbook makes of the link of each variant, for each publication that is still to go out. What is shown here is what the post will hold, unless content or slot change before; the campaign counts until the content is submitted.',
  request: { params: ItemParams },
  responses: recordAnswers(
    z.object({ items: z.array(ExpectedLink), nextCursor: z.null() }).meta({ id: 'ExpectedLinks' }),
    'One for each link and publication',
  ),
});

export function itemLinkRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(sentRoute, async (c) => {
      const key = { workspaceId: c.get('caller').workspaceId, itemId: c.req.valid('param').id };
      if ((await getItem(db, key)) === null) throw notFound('item', key.itemId);
      const page = await listOutgoingLinks(db, { ...key, ...c.req.valid('query') });
      const view = pageView(page, ({ id, channel, isShort, clicks, ...row }) => ({
        channel: ChannelId.parse(channel),
        written: row.written,
        publicationId: row.publicationId,
        address: row.address,
        target: row.target,
        code: isShort ? id : null,
        clicks: isShort ? clicks : null,
        createdAt: row.createdAt,
      }));
      return c.json(view, 200);
    })
    .openapi(expectedRoute, async (c) => {
      const key = { workspaceId: c.get('caller').workspaceId, itemId: c.req.valid('param').id };
      const item = await getItem(db, key);
      if (item === null) throw notFound('item', key.itemId);
      const { context } = item.snapshot;
      const hash = context.draft?.hash;
      const draft = hash === undefined ? null : await getDraft(db, { ...key, hash });
      if (draft === null) throw notFound('draft');
      const items = await expectedLinks(db, { ...key, draft: draft.body, context });
      return c.json({ items, nextCursor: null }, 200);
    });
}
