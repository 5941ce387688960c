import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { itemTime } from '../../../commands/command-facts.ts';
import { getItem, listItems } from '../../../db/item/items.ts';
import { readTimeline } from '../../../db/item/timeline.ts';
import { listIntents } from '../../../db/publishing/publish-intents.ts';
import { getPlaybook } from '../../../db/workspace/playbooks.ts';
import { StartItemBody } from '../../../domain/item/command-bodies.ts';
import { STAGES } from '../../../domain/item/stages.ts';
import { ROLES } from '../../../domain/people/roles.ts';
import { proposeSlots } from '../../../slots/slot-proposals.ts';
import { commandPath, PENDING_RESPONSE, settledOrThrow } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { BRIEF_EXAMPLE } from '../../examples.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { BODY_ERRORS, notFound, problems } from '../../gates/errors.ts';
import { commandKeyOf } from '../../gates/idempotency.ts';
import { Action, Item, ItemSummary, Owner } from '../../item-schema.ts';
import { itemSummaryView, itemView } from '../../item-view.ts';
import { readItemsAround } from '../../items-around.ts';
import { answers, pageAnswers, pageView, recordAnswers } from '../../route-answers.ts';
import { body, ItemParams, idempotent, paging, withKey } from '../../route-parts.ts';
import { readStartedItem } from '../../started-item.ts';
import { TimelineEntry, timelineView } from '../../timeline-schema.ts';

const StartedItem = z
  .object({
    item: Item,
    owner: Owner,
    nextActions: z
      .array(Action)
      .describe('what the caller can do now, and what the item waits for'),
  })
  .meta({ id: 'StartedItem' });

const startRoute = createRoute({
  ...idempotent('post', 'Items'),
  path: '/v1/items',
  operationId: 'startItem',
  summary: 'Start a run',
  description:
    'One run, one id from brief to verdict. The answer says what happens next and who owns it. With `fromReview` it carries on a signed review: its brief is filled with that of the review’s item and with the learnings.',
  request: { body: body(StartItemBody, { title: 'The order book', brief: BRIEF_EXAMPLE }) },
  responses: {
    201: {
      ...answers(StartedItem, 'The run is started'),
      headers: { Location: { schema: { type: 'string' }, description: 'the item' } },
    },
    202: PENDING_RESPONSE,
    ...problems(...BODY_ERRORS, 'forbidden', 'refused', 'idempotency_conflict', 'quota_exceeded'),
  },
});

const trueOrFalse = z.enum(['true', 'false']).transform((text) => text === 'true');

const listRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/items',
  operationId: 'listItems',
  summary: 'List items, newest first',
  request: {
    query: z.strictObject({
      stage: z.enum(STAGES).optional(),
      role: z.enum(ROLES).optional().meta({ description: 'owns the stage, or is waited for' }),
      assignee: z.string().min(1).max(64).optional().meta({ description: 'id of a member' }),
      campaignId: z.string().min(1).max(64).optional(),
      open: trueOrFalse.optional().meta({ description: 'not closed and not cancelled' }),
      stuck: trueOrFalse.optional().meta({
        description:
          'past due, or with a post that is unknown, missed or refused; whatever else is stuck is told by `GET /v1/audit/stuck`',
      }),
      q: z.string().min(1).max(200).optional().meta({ description: 'part of the title' }),
      ...paging,
    }),
  },
  responses: pageAnswers(ItemSummary, 'A page of items'),
});

const readRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/items/{id}',
  operationId: 'getItem',
  summary: 'An item: where it is, whom it waits for, and everything decided so far',
  request: { params: ItemParams },
  responses: recordAnswers(Item, 'The item'),
});

const actionsRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/items/{id}/actions',
  operationId: 'listActions',
  summary: 'Every command the caller could send now, and what stands in its way',
  description:
    'Judged by the same function as the commands themselves, given a complete payload: what only a payload can break is not in it.',
  request: { params: ItemParams },
  responses: {
    200: answers(
      z.object({ items: z.array(Action), nextCursor: z.null() }),
      'One entry per command',
    ),
    ...problems('unauthenticated', 'not_found'),
  },
});

const timelineRoute = createRoute({
  ...withKey('get', 'Items'),
  path: '/v1/items/{id}/timeline',
  operationId: 'readTimeline',
  summary: 'Everything that happened to the item, and every command it refused, oldest first',
  request: { params: ItemParams, query: z.strictObject(paging) },
  responses: pageAnswers(TimelineEntry, 'A page of the timeline', 'not_found'),
});

export function itemRoutes(deps: Pick<ApiDeps, 'db' | 'sender' | 'settings' | 'log'>) {
  const { db, sender, settings, log } = deps;
  const { local } = settings;

  return new OpenAPIHono<ApiEnv>()
    .openapi(startRoute, async (c) => {
      const caller = c.get('caller');
      const key = commandKeyOf(c);
      const outcome = settledOrThrow(
        await sender.start({
          caller,
          body: c.req.valid('json'),
          maxOpenItems: settings.quotas.openItems,
          ...key,
          source: 'http',
        }),
      );
      const { itemId } = outcome;
      const started =
        outcome.outcome === 'applied'
          ? await readStartedItem(db, { caller, commandId: outcome.commandId, itemId, local })
          : null;
      if (started === null) {
        const { commandId } = outcome;
        c.header('Location', commandPath(commandId));
        return c.json({ outcome: 'pending' as const, commandId, itemId }, 202);
      }
      c.header('Location', `/v1/items/${itemId}`);
      const { item, nextActions } = started;
      return c.json({ item, owner: item.owner, nextActions }, 201);
    })
    .openapi(listRoute, async (c) => {
      const { assignee, ...filter } = c.req.valid('query');
      const { workspaceId } = c.get('caller');
      const page = await listItems(db, { ...filter, workspaceId, assigneeId: assignee });
      return c.json(
        pageView(page, (row) => itemSummaryView(row, { local })),
        200,
      );
    })
    .openapi(readRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { workspaceId } = c.get('caller');
      const row = await getItem(db, { workspaceId, itemId });
      if (row === null) throw notFound('item', itemId);
      const { playbookName: name, playbookVersion: version } = row;
      const { context } = row.snapshot;
      const [playbook, intents, proposals, around] = await Promise.all([
        getPlaybook(db, { workspaceId, name, version }),
        listIntents(db, { workspaceId, itemId }),
        proposeSlots(db, { context, now: itemTime(row) }, log),
        readItemsAround(db, row),
      ]);
      const facts = { playbook: playbook?.data ?? null, intents, proposals };
      return c.json({ ...itemView(row, { ...facts, local }), ...around }, 200);
    })
    .openapi(actionsRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const items = await sender.inquire({ caller: c.get('caller'), itemId });
      if (items === null) throw notFound('item', itemId);
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(timelineRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { workspaceId } = c.get('caller');
      const item = await getItem(db, { workspaceId, itemId });
      if (item === null) throw notFound('item', itemId);
      const page = await readTimeline(db, { workspaceId, itemId, ...c.req.valid('query') });
      return c.json(pageView(page, timelineView), 200);
    });
}
