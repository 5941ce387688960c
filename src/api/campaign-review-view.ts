import { z } from '@hono/zod-openapi';
import type { LateChanges } from '../campaigns/late-changes.ts';
import type { CampaignReviewRow, CampaignSignOffRow } from '../db/campaign/reviews.ts';
import { openRound } from '../domain/campaign/sign-off.ts';
import { SignOff } from '../domain/item/record-schema.ts';
import {
  isAgainstAdvice,
  leadDecision,
  peerDecision,
  rolesMissing,
} from '../domain/item/review-decision.ts';
import { DECISIONS, Recommendation } from '../domain/kpi/recommendation.ts';
import { KpiTarget } from '../domain/kpi/targets.ts';
import { ReviewVerdicts, RoleVerdict, VerdictRow } from '../domain/kpi/verdict-schema.ts';
import { OWNER_ROLES } from '../domain/people/roles.ts';
import { VerdictFlip } from './review-document/verdict-flip.ts';
import { InstantText } from './route-parts.ts';

const CampaignSignOff = SignOff.extend({
  comment: z.string().nullable(),
  learnings: z.string().nullable().describe('what it teaches for the next campaign'),
}).meta({ id: 'CampaignSignOff' });

/** Verdicts that late readings turned. */
const LateChangesView = z
  .object({
    verdicts: z.array(VerdictFlip).describe('of the campaign and its accounts'),
    items: z
      .array(
        z.object({
          itemId: z.string(),
          addendum: z.int().describe('its number: `GET /v1/kpi-addenda?itemId=…`'),
          at: InstantText,
          afterSigning: z.boolean().describe('the campaign was closed by then'),
          flips: z.array(VerdictFlip),
        }),
      )
      .describe('of its items, the first 50'),
  })
  .meta({ id: 'CampaignLateChanges' });

export const CampaignReview = z
  .object({
    campaignId: z.string(),
    frozen: z.boolean().describe('false: what the readings say so far'),
    hash: z
      .string()
      .nullable()
      .describe('over targets, readings and verdicts: a sign-off names it'),
    openedAt: InstantText.nullable(),
    openedBy: z.string().nullable().describe('a member, or `system`'),
    items: z.int().describe('items whose readings are in it'),
    targets: z.array(KpiTarget),
    verdicts: z
      .array(VerdictRow)
      .describe('one row per KPI, role and target: of the whole, then of each account'),
    roles: z.array(RoleVerdict),
    combined: ReviewVerdicts.shape.combined,
    primary: ReviewVerdicts.shape.primary,
    recommendation: Recommendation.optional().describe(
      'what Baton recommends, by the table of an item’s review; a decision against it needs a comment, and one more role to agree. A review that was frozen before Baton recommended has none',
    ),
    dueAt: InstantText.nullable().describe('when it should be signed'),
    decision: z
      .object({ decision: z.enum(DECISIONS), isAgainst: z.boolean() })
      .nullable()
      .describe('the strategist’s; it stands when all three roles have signed'),
    signOffs: z.array(CampaignSignOff),
    returned: z
      .array(CampaignSignOff)
      .describe('of decisions against the recommendation that nobody agreed to'),
    missing: z.array(z.enum(OWNER_ROLES)).describe('roles that have not signed'),
    changed: LateChangesView.nullable().describe(
      'what readings turned that came after it was frozen; nothing of the review is rewritten. Null: nothing, or not asked (an answer to a signature)',
    ),
  })
  .meta({ id: 'CampaignReview' });

export function verdictsOf({ rows: verdicts, roles, combined, primary }: ReviewVerdicts) {
  return { verdicts, roles, combined, primary };
}

/** A frozen review. */
export function campaignReviewView(
  { campaignId, hash, openedAt, openedBy, dueAt, body: frozen }: CampaignReviewRow,
  rows: readonly CampaignSignOffRow[],
  since: { late: LateChanges; closedAt: string | null } | null,
): z.infer<typeof CampaignReview> {
  const { recommendation } = frozen;
  const recommended = recommendation?.decision;
  const { round, signOffs } = openRound(rows, recommended);
  const decision = leadDecision({ signOffs });
  const advice = recommended === undefined ? {} : { recommended };
  return {
    campaignId,
    frozen: true,
    hash,
    openedAt,
    openedBy,
    items: frozen.itemIds.length,
    targets: frozen.targets,
    ...verdictsOf(frozen.verdicts),
    ...(recommendation !== undefined && { recommendation }),
    dueAt,
    decision: decision === null ? null : { decision, isAgainst: isAgainstAdvice(advice, decision) },
    signOffs: signOffs.map((row) => signOffView(row, rows)),
    returned: rows.filter((row) => row.round < round).map((row) => signOffView(row, rows)),
    missing: rolesMissing(signOffs),
    changed: since === null ? null : changedView(since.late, since.closedAt),
  };
}

/** What the worker stores (activities/late-readings.ts). */
const AddendumFlips = z.object({ flips: z.array(VerdictFlip) });

function changedView(
  { flips, addenda }: LateChanges,
  closedAt: string | null,
): z.infer<typeof LateChangesView> | null {
  if (flips.length === 0 && addenda.length === 0) return null;
  return {
    verdicts: flips,
    items: addenda.map(({ itemId, number, createdAt, body }) => ({
      itemId,
      addendum: number,
      at: createdAt,
      afterSigning: closedAt !== null && Date.parse(createdAt) > Date.parse(closedAt),
      flips: AddendumFlips.parse(body).flips,
    })),
  };
}

function signOffView(
  { round, role, memberId, decision, comment, learnings, at }: CampaignSignOffRow,
  rows: readonly CampaignSignOffRow[],
): z.infer<typeof CampaignSignOff> {
  const lead = rows.find((row) => row.round === round && row.role === 'strategist')?.decision;
  const shown = role === 'strategist' ? decision : peerDecision(decision, lead);
  return { role, memberId, decision: shown, comment, learnings, at };
}
