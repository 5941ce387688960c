import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listUnavailable } from '../../../db/item/checkpoint-replies.ts';
import { getItem, listItems } from '../../../db/item/items.ts';
import { getKpiReview, listSignOffTexts } from '../../../db/item/kpi-reviews.ts';
import { listLatestReadings } from '../../../db/item/readings.ts';
import { getBrief } from '../../../db/item/versions.ts';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { currentReview } from '../../../domain/item/context.ts';
import { OWNER_ROLES } from '../../../domain/people/roles.ts';
import { runInThread } from '../../../threads/threads.ts';
import { COMMAND_RESPONSES, commandOf } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { REASON_EXAMPLE, SIGN_OFF_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { notFound, problems } from '../../gates/errors.ts';
import { ItemSummary } from '../../item-schema.ts';
import { itemSummaryView } from '../../item-view.ts';
import { frozenReviewView, KpiReview, PREVIEW, previewReview } from '../../kpi-review-view.ts';
import { answers, pageAnswers, pageView } from '../../route-answers.ts';
import { body, ItemParams, idempotent, paging, wholeNumber, withKey } from '../../route-parts.ts';

/** Readings that take less than the way to a thread. */
const JUDGED_HERE = 500;

const readRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/items/{id}/kpi-review',
  operationId: 'getKpiReview',
  summary: 'A verdict per KPI and per role',
  description:
    'The frozen review once there is one; before, what the readings say so far. A missing number is null, never 0.',
  request: {
    params: ItemParams,
    query: z.strictObject({
      number: wholeNumber({ from: 1, to: 10_000 }).optional().meta({
        type: 'integer',
        description: 'an earlier review; the latest when left out',
      }),
    }),
  },
  responses: {
    200: answers(KpiReview, 'The review'),
    ...problems('invalid_request', 'unauthenticated', 'not_found'),
  },
});

const openRoute = createRoute({
  ...idempotent('post', 'KPI review'),
  path: '/v1/items/{id}/kpi-review',
  operationId: 'openKpiReview',
  middleware: gives('open_kpi_review'),
  summary: 'Open the review before every checkpoint is settled',
  request: { params: ItemParams, body: body(COMMAND_BODIES.open_kpi_review, REASON_EXAMPLE) },
  responses: COMMAND_RESPONSES,
});

const signRoute = createRoute({
  ...idempotent('post', 'KPI review'),
  path: '/v1/items/{id}/kpi-review/sign-offs',
  operationId: 'signOff',
  middleware: gives('sign_off'),
  summary: 'Sign the verdicts off for a role',
  description:
    'The strategist decides first; the other two agree or dissent with a comment. `learnings` are what it teaches for the next brief: kept beside the comment, shown with the sign-off and in the thread, and no stand-in for a comment. `reviewHash` says which verdicts were seen: others are not signed. Left out, the review that is frozen is meant.',
  request: { params: ItemParams, body: body(COMMAND_BODIES.sign_off, SIGN_OFF_EXAMPLE) },
  responses: COMMAND_RESPONSES,
});

const dueRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/kpi-reviews',
  operationId: 'listKpiReviews',
  summary: 'Post-campaign steps due: items whose review waits for sign-offs',
  request: {
    query: z.strictObject({
      role: z
        .enum(OWNER_ROLES)
        .optional()
        .meta({ description: 'only those that wait for this role' }),
      campaignId: z.string().min(1).max(64).optional(),
      ...paging,
    }),
  },
  responses: pageAnswers(ItemSummary, 'A page of items in review; `waitingOn` names the roles'),
});

export function kpiReviewRoutes(deps: Pick<ApiDeps, 'db' | 'sender' | 'settings'>) {
  const { db, settings } = deps;

  return new OpenAPIHono<ApiEnv>()
    .openapi(readRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { number } = c.req.valid('query');
      const key = { workspaceId: c.get('caller').workspaceId, itemId };
      const item = await getItem(db, key);
      if (item === null) throw notFound('item', itemId);
      const { context } = item.snapshot;
      const wanted = number ?? currentReview(context)?.number;
      const stored =
        wanted === undefined ? null : await getKpiReview(db, { ...key, number: wanted });
      // Stored a moment before the run hears of it: until then nothing can be signed on it.
      const frozen = context.reviews.some(({ hash }) => hash === stored?.hash) ? stored : null;
      if (frozen !== null) {
        const texts = await listSignOffTexts(db, { ...key, reviewId: frozen.id });
        return c.json(frozenReviewView(frozen, context, texts), 200);
      }
      if (number !== undefined && number !== currentReview(context)?.number) {
        throw notFound('review', String(number));
      }
      const [brief, readings, unavailable] = await Promise.all([
        context.brief === null ? null : getBrief(db, { ...key, hash: context.brief.hash }),
        listLatestReadings(db, key),
        listUnavailable(db, key),
      ]);
      const asked = { context, brief, readings, unavailable };
      const preview =
        readings.length > JUDGED_HERE
          ? await runInThread(PREVIEW, asked, { workspaceId: key.workspaceId })
          : previewReview(asked);
      return c.json(preview, 200);
    })
    .openapi(openRoute, commandOf(deps, 'open_kpi_review'))
    .openapi(signRoute, commandOf(deps, 'sign_off'))
    .openapi(dueRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const filter = c.req.valid('query');
      const page = await listItems(db, { ...filter, workspaceId, stage: 'kpi_review' });
      return c.json(
        pageView(page, (row) => itemSummaryView(row, settings)),
        200,
      );
    });
}
