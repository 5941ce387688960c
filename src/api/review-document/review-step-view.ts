import { z } from '@hono/zod-openapi';
import type { ReviewStepRow } from '../../db/item/items.ts';
import { DECISIONS } from '../../domain/kpi/recommendation.ts';
import { OWNER_ROLES } from '../../domain/people/roles.ts';
import { ItemSummary } from '../item-schema.ts';
import { itemSummaryView } from '../item-view.ts';
import { InstantText } from '../route-parts.ts';

/** A review that waits for people, and for whom. */
export const ReviewStep = ItemSummary.extend({
  review: z
    .object({
      id: z.string(),
      number: z.int(),
      hash: z.string().nullable().describe('null until its readings are frozen'),
      recommended: z.enum(DECISIONS).optional(),
    })
    .describe('what is to be signed'),
  open: z.array(
    z.object({
      role: z.enum(OWNER_ROLES),
      memberId: z.string().optional(),
      since: InstantText,
      reason: z.string(),
    }),
  ),
}).meta({ id: 'ReviewStep' });
export type ReviewStep = z.infer<typeof ReviewStep>;

export function reviewStepView(row: ReviewStepRow, options: { local: boolean }): ReviewStep {
  const { id, number, hash, recommended } = row.review;
  return {
    ...itemSummaryView(row, options),
    review: { id, number, hash, ...(recommended !== undefined && { recommended }) },
    open: row.waitingOn.flatMap(({ role, memberId, for: command }) => {
      const asked = OWNER_ROLES.find((one) => one === role);
      if (asked === undefined || command !== 'sign_off') return [];
      const member = memberId === undefined ? {} : { memberId };
      return [{ role: asked, ...member, ...whyOpen(row, asked) }];
    }),
  };
}

function whyOpen(
  { review, stageEnteredAt }: ReviewStepRow,
  role: (typeof OWNER_ROLES)[number],
): { since: string; reason: string } {
  const { hash, signOffs, recommended, returnedAt } = review;
  const lead = signOffs.find((signed) => signed.role === 'strategist');
  if (hash === null) return { since: stageEnteredAt, reason: 'its readings are being frozen' };
  if (role !== 'strategist') {
    return {
      since: lead?.at ?? stageEnteredAt,
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
    since: stageEnteredAt,
    reason: `its readings are frozen: decide${recommended === undefined ? '' : `; Baton recommends ${recommended}`}`,
  };
}
