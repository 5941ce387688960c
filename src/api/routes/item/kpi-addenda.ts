import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { standingDecision } from '../../../commands/review-successor.ts';
import type { Db } from '../../../db/client.ts';
import { getItem } from '../../../db/item/items.ts';
import {
  type AddendumRow,
  decideAddendum,
  getAddendum,
  listAddenda,
} from '../../../db/item/kpi-addenda.ts';
import { Recommendation } from '../../../domain/kpi/recommendation.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiEnv } from '../../gates/context.ts';
import { ApiError, notFound, refusal } from '../../gates/errors.ts';
import { once } from '../../gates/idempotency.ts';
import { forRoles } from '../../gates/require-role.ts';
import { VerdictFlip } from '../../review-document/verdict-flip.ts';
import { changeAnswers, pageAnswers, pageView } from '../../route-answers.ts';
import {
  body,
  InstantText,
  ItemParams,
  idempotent,
  paging,
  wholeNumber,
  withKey,
} from '../../route-parts.ts';

/** What may still be decided once a review is over. */
const DECISIONS = ['scale', 'iterate', 'retire', 'recycle'] as const;

const Addendum = z
  .object({
    itemId: z.string(),
    reviewNumber: z.int().describe('the review that it stands beside; that one never changes'),
    number: z.int().describe('of the item'),
    hash: z.string().describe('over targets, readings and verdicts as they are by late readings'),
    flips: z.array(VerdictFlip),
    recommendation: Recommendation.optional().describe(
      'what Baton recommends by these verdicts; else the decision that was signed may stay',
    ),
    createdAt: InstantText,
    decision: z.enum(DECISIONS).nullable().describe('null: it waits for the strategist'),
    reason: z.string().nullable(),
    decidedBy: z.string().nullable(),
    decidedAt: InstantText.nullable(),
  })
  .meta({ id: 'KpiAddendum' });

/** What the worker stores (activities/late-readings.ts). */
const Body = z.object({ flips: z.array(VerdictFlip), recommendation: Recommendation.optional() });

const AddendumDecision = z
  .strictObject({
    decision: z.enum(DECISIONS),
    reason: z.string().trim().min(1).max(2_000),
  })
  .meta({ id: 'AddendumDecision' });
const DECISION_EXAMPLE = {
  decision: 'iterate',
  reason: 'The clicks that came late do not reach the target',
};

const AddendumParams = ItemParams.extend({
  number: wholeNumber({ from: 1, to: 10_000 }).meta({ type: 'integer', example: 1 }),
});

const listRoute = createRoute({
  ...withKey('get', 'KPI review'),
  path: '/v1/kpi-addenda',
  operationId: 'listKpiAddenda',
  summary: 'What readings say that came after a review was frozen, oldest first',
  description:
    'A reading that comes late changes no review. Where it turns a verdict, an addendum stands beside the review, and the strategist decides about it.',
  request: {
    query: z.strictObject({
      itemId: z.string().min(1).max(64).optional(),
      state: z.enum(['open', 'all']).default('open'),
      ...paging,
    }),
  },
  responses: pageAnswers(Addendum, 'A page of addenda'),
});

const decideRoute = createRoute({
  ...idempotent('post', 'KPI review'),
  middleware: forRoles(['strategist']),
  path: '/v1/items/{id}/kpi-addenda/{number}/decision',
  operationId: 'decideKpiAddendum',
  summary: 'Decide again, by verdicts that late readings turned: once, with a reason',
  description:
    'What Baton recommends by these verdicts, or the decision that stands: nobody else signs here, so a third one is refused (`decision_reasoned`).',
  request: { params: AddendumParams, body: body(AddendumDecision, DECISION_EXAMPLE) },
  responses: changeAnswers(Addendum, 'Decided', 'forbidden', 'not_found', 'refused'),
});

export function kpiAddendumRoutes({ db }: Pick<ApiDeps, 'db'>) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(listRoute, async (c) => {
      const { workspaceId } = c.get('caller');
      const { state, ...query } = c.req.valid('query');
      const page = await listAddenda(db, { workspaceId, ...query, open: state === 'open' });
      return c.json(pageView(page, addendumView), 200);
    })
    .openapi(decideRoute, async (c) => {
      const { workspaceId, memberId } = c.get('caller');
      const { id: itemId, number } = c.req.valid('param');
      const decided = c.req.valid('json');
      const key = { workspaceId, itemId, number };
      const answer = await once(c, { db, status: 200 }, async (tx) => {
        const known = await getAddendum(tx, key);
        if (known === null) throw notFound('addendum', `${itemId} ${number}`);
        await requireAdvised(tx, known, decided.decision);
        const row = await decideAddendum(tx, { ...key, ...decided, decidedBy: memberId });
        if (row !== null) return addendumView(row);
        const { decidedBy, decision } = (await getAddendum(tx, key)) ?? known;
        throw new ApiError('conflict', {
          detail: `${decidedBy} has decided about it: ${decision}`,
        });
      });
      return c.json(answer, 200);
    });
}

/** A decision against the advice takes one more role to agree, and nobody else signs here. */
async function requireAdvised(tx: Db, addendum: AddendumRow, decision: string): Promise<void> {
  if (addendum.decision !== null) return;
  const { workspaceId, itemId, reviewNumber } = addendum;
  const advised = Body.parse(addendum.body).recommendation?.decision;
  const item = await getItem(tx, { workspaceId, itemId });
  const review = item?.snapshot.context.reviews.find(({ number }) => number === reviewNumber);
  const standing =
    review === undefined ? null : await standingDecision(tx, { workspaceId, itemId }, review);
  if (advised === undefined || decision === advised || decision === standing) return;
  const message = `Baton recommends ${advised}, and ${standing ?? 'nothing'} was decided: nobody else agrees to ${decision} here`;
  throw refusal([{ code: 'decision_reasoned', message }]);
}

function addendumView({ workspaceId: _, id: __, body, decision, ...row }: AddendumRow) {
  const { flips, recommendation } = Body.parse(body);
  const known = DECISIONS.find((one) => one === decision) ?? null;
  return { ...row, flips, ...(recommendation && { recommendation }), decision: known };
}
