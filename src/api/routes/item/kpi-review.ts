import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { listDueSteps } from '../../../db/campaign/review-steps.ts';
import { COMMAND_BODIES } from '../../../domain/item/command-bodies.ts';
import { OWNER_ROLES } from '../../../domain/people/roles.ts';
import { COMMAND_RESPONSES, commandOf } from '../../command-reply.ts';
import type { ApiDeps } from '../../deps.ts';
import { REASON_EXAMPLE, SIGN_OFF_EXAMPLE } from '../../examples.ts';
import { gives } from '../../gates/command-rights.ts';
import type { ApiContext, ApiEnv } from '../../gates/context.ts';
import { problems } from '../../gates/errors.ts';
import { KpiReview } from '../../review-document/kpi-review-schema.ts';
import { readReview } from '../../review-document/read-review.ts';
import { ReviewStep, reviewStepView } from '../../review-document/review-step-view.ts';
import {
  acceptedFormat,
  DOCUMENT_FORMATS,
  writtenReview,
} from '../../review-document/written-review.ts';
import { pageAnswers, pageView } from '../../route-answers.ts';
import { body, ItemParams, idempotent, paging, wholeNumber, withKey } from '../../route-parts.ts';

/** The typed client asks for JSON alone: documents are in the API's document, and not in its types. */
function withDocuments<Json extends object>(json: Json): Json {
  const text = { schema: z.string() };
  return { ...json, 'text/markdown': text, 'text/html': text, 'text/csv': text };
}

/** For whoever asked for a document, which the typed client never does: so it has no type there. */
function documentAnswer(
  c: ApiContext,
  review: KpiReview,
  format: Parameters<typeof writtenReview>[1],
): never {
  const { body: text, headers } = writtenReview(review, format);
  return c.body(text, 200, headers) as never;
}

const readRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/items/{id}/kpi-review',
  operationId: 'getKpiReview',
  summary: 'A verdict per KPI and per role',
  description:
    'The frozen review once there is one; before, what the readings say so far. A missing number is null, never 0. As Markdown or HTML it is the review document, with its charts in HTML; as CSV a row for each verdict.',
  request: {
    params: ItemParams,
    query: z.strictObject({
      format: z.enum(DOCUMENT_FORMATS).optional().meta({
        description: 'without it, what `Accept` asks for; JSON where it asks for nothing of these',
      }),
      number: wholeNumber({ from: 1, to: 10_000 }).optional().meta({
        type: 'integer',
        description: 'an earlier review; the latest when left out',
      }),
    }),
  },
  responses: {
    200: {
      description: 'The review: JSON, or a document of it',
      content: withDocuments({ 'application/json': { schema: KpiReview } }),
    },
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
  summary: 'Post-campaign steps due: reviews that wait for sign-offs, soonest due first',
  description:
    '`open` says for each role that is waited for why, and since when; `dueAt` is when the review is due. `kind` says whether it is of an item or of a campaign. What is overdue comes first.',
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
  responses: pageAnswers(ReviewStep, 'A page of reviews, of items and of campaigns'),
});

export function kpiReviewRoutes(deps: Pick<ApiDeps, 'db' | 'sender' | 'settings'>) {
  const { db, settings } = deps;

  return new OpenAPIHono<ApiEnv>()
    .openapi(readRoute, async (c) => {
      const { id: itemId } = c.req.valid('param');
      const { number, format } = c.req.valid('query');
      const { workspaceId } = c.get('caller');
      const review = await readReview(db, { workspaceId, itemId, number });
      const wanted = format ?? acceptedFormat(c.req.header('accept'));
      c.header('Vary', 'Accept');
      if (wanted === 'json') return c.json(review, 200);
      return documentAnswer(c, review, wanted);
    })
    .openapi(openRoute, commandOf(deps, 'open_kpi_review'))
    .openapi(signRoute, commandOf(deps, 'sign_off'))
    .openapi(dueRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const page = await listDueSteps(db, { ...c.req.valid('query'), workspaceId });
      return c.json(
        pageView(page, (row) => reviewStepView(row, settings)),
        200,
      );
    });
}
