import { z } from '@hono/zod-openapi';
import type { CampaignStepRow, DueStep } from '../../db/campaign/review-steps.ts';
import type { ReviewStepRow } from '../../db/item/items.ts';
import type { SignOff } from '../../domain/item/record-schema.ts';
import { rolesToSign } from '../../domain/item/review-decision.ts';
import { DECISIONS, type ReviewDecision } from '../../domain/kpi/recommendation.ts';
import { OWNER_ROLES, type OwnerRole } from '../../domain/people/roles.ts';
import { ItemSummary } from '../item-schema.ts';
import { itemSummaryView } from '../item-view.ts';
import { InstantText } from '../route-parts.ts';

const OpenRole = z.object({
  role: z.enum(OWNER_ROLES),
  memberId: z.string().optional(),
  since: InstantText,
  reason: z.string(),
});

/** An item's review that waits for people, and for whom. */
const ItemStep = ItemSummary.extend({
  kind: z.literal('item'),
  review: z
    .object({
      id: z.string(),
      number: z.int(),
      hash: z.string().nullable().describe('null until its readings are frozen'),
      recommended: z.enum(DECISIONS).optional(),
    })
    .describe('what is to be signed'),
  open: z.array(OpenRole),
}).meta({ id: 'ItemReviewStep' });

/** The same of a campaign. */
const CampaignStep = z
  .object({
    kind: z.literal('campaign'),
    id: z.string().describe('of the campaign'),
    title: z.string().describe('its name'),
    dueAt: InstantText,
    review: z.object({ hash: z.string(), recommended: z.enum(DECISIONS).optional() }),
    open: z.array(OpenRole),
  })
  .meta({ id: 'CampaignReviewStep' });

export const ReviewStep = z
  .discriminatedUnion('kind', [ItemStep, CampaignStep])
  .meta({ id: 'ReviewStep' });
export type ReviewStep = z.infer<typeof ReviewStep>;

export function reviewStepView({ kind, row }: DueStep, options: { local: boolean }): ReviewStep {
  return kind === 'item' ? itemStepView(row, options) : campaignStepView(row);
}

function itemStepView(row: ReviewStepRow, options: { local: boolean }): ReviewStep {
  const { id, number, hash, recommended } = row.review;
  const step = { ...row.review, openedAt: row.stageEnteredAt };
  return {
    kind: 'item',
    ...itemSummaryView(row, options),
    review: { id, number, hash, ...(recommended !== undefined && { recommended }) },
    open: row.waitingOn.flatMap(({ role, memberId, for: command }) => {
      const asked = OWNER_ROLES.find((one) => one === role);
      if (asked === undefined || command !== 'sign_off') return [];
      const member = memberId === undefined ? {} : { memberId };
      return [{ role: asked, ...member, ...whyOpen(step, asked) }];
    }),
  };
}

function campaignStepView(row: CampaignStepRow): ReviewStep {
  const { id, name, dueAt, hash, openedAt, recommended, open, signOffs } = row;
  const advice = recommended === null ? {} : { recommended };
  const last = signOffs.filter(({ round }) => round < open.round).at(-1);
  const returned = last === undefined ? {} : { returnedAt: last.at };
  const step = { hash, openedAt, signOffs: open.signOffs, ...advice, ...returned };
  return {
    kind: 'campaign',
    id,
    title: name,
    dueAt,
    review: { hash, ...advice },
    open: rolesToSign(open.signOffs).map((role) => ({ role, ...whyOpen(step, role) })),
  };
}

interface WaitingReview {
  hash: string | null;
  openedAt: string;
  recommended?: ReviewDecision;
  returnedAt?: string;
  signOffs: readonly Pick<SignOff, 'role' | 'decision' | 'at'>[];
}

function whyOpen(
  { hash, openedAt, signOffs, recommended, returnedAt }: WaitingReview,
  role: OwnerRole,
): { since: string; reason: string } {
  const lead = signOffs.find((signed) => signed.role === 'strategist');
  if (hash === null) return { since: openedAt, reason: 'its readings are being frozen' };
  if (role !== 'strategist') {
    return {
      since: lead?.at ?? openedAt,
      reason: `the strategist decided ${lead?.decision}: agree, or dissent with a comment`,
    };
  }
  if (returnedAt !== undefined) {
    return {
      since: returnedAt,
      reason: `nobody agreed to a decision against the recommendation ${recommended}: decide again`,
    };
  }
  return {
    since: openedAt,
    reason: `its readings are frozen: decide${recommended === undefined ? '' : `; Baton recommends ${recommended}`}`,
  };
}
