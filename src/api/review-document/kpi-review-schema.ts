import { z } from '@hono/zod-openapi';
import { Checkpoint, SignOff } from '../../domain/item/record-schema.ts';
import { CheckpointName } from '../../domain/kpi/checkpoint-name.ts';
import { Growth } from '../../domain/kpi/growth.ts';
import { DECISIONS, Recommendation } from '../../domain/kpi/recommendation.ts';
import { Completeness, Effort, Extremes, FunnelStep } from '../../domain/kpi/review-summary.ts';
import { KpiId, ReviewVerdicts, RoleVerdict, VerdictRow } from '../../domain/kpi/verdict-schema.ts';
import { OWNER_ROLES } from '../../domain/people/roles.ts';
import { StoredReading } from '../readings/reading-view.ts';
import { LibraryLearning } from './learning-view.ts';

const ReviewSignOff = SignOff.extend({
  comment: z.string().optional().describe('a dissent has one'),
  learnings: z.string().optional().describe('what it teaches for the next brief'),
}).meta({ id: 'ReviewSignOff' });

export const Target = z.object({
  kpi: KpiId,
  target: z.number(),
  checkpoint: CheckpointName,
  primary: z.boolean().optional(),
});

export const Unavailable = z
  .object({
    publicationId: z.string(),
    checkpoint: z.string(),
    source: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'UnavailableSource' });

/** A number that a verdict stands on, or that such a number outranks. */
const ReviewReading = StoredReading.omit({ provisional: true })
  .partial({ createdAt: true })
  .extend({
    counts: z
      .boolean()
      .describe('false: one of the same measure, scope and checkpoint has a later `asOf`'),
  })
  .meta({ id: 'ReviewReading' });
export type ReviewReading = z.infer<typeof ReviewReading>;

export const KpiReview = z
  .object({
    itemId: z.string(),
    title: z.string().describe('of the item'),
    frozen: z
      .boolean()
      .describe('false: what the readings say so far, to be frozen when the review opens'),
    reviewId: z.string().nullable(),
    number: z.int().nullable(),
    hash: z
      .string()
      .nullable()
      .describe('over targets, frozen readings and verdicts: a sign-off names it'),
    frozenAt: z.string().nullable(),
    targets: z.array(Target),
    verdicts: z.array(VerdictRow).describe('one row per KPI, role, scope and target'),
    roles: z.array(RoleVerdict),
    combined: ReviewVerdicts.shape.combined,
    primary: ReviewVerdicts.shape.primary,
    recommendation: Recommendation.optional().describe(
      'what Baton recommends; a decision against it needs a comment, and one more role to agree. A review that was frozen before Baton recommended has none',
    ),
    guardrails: ReviewVerdicts.shape.guardrails,
    falseAlarms: ReviewVerdicts.shape.falseAlarms,
    readings: z.array(z.string()).describe('ids of the readings that any row stands on'),
    stated: z.array(ReviewReading).describe('of the numbers behind the verdicts: by people'),
    measured: z.array(ReviewReading).describe('and those by sources'),
    checkpoints: z.array(Checkpoint),
    unavailable: z
      .array(Unavailable)
      .describe('sources that gave no numbers for a checkpoint, and what they said instead'),
    signOffs: z.array(ReviewSignOff),
    missing: z.array(z.enum(OWNER_ROLES)).describe('roles that have not signed this review'),
    completeness: Completeness,
    extremes: Extremes.nullable(),
    growth: Growth.nullable(),
    funnel: z.array(FunnelStep),
    effort: Effort,
    learnings: z.array(LibraryLearning).describe('what its sign-offs taught'),
    decision: z
      .object({
        decision: z.enum(DECISIONS),
        owner: z.object({ memberId: z.string(), name: z.string().optional() }),
        at: z.string(),
        comment: z.string().optional(),
        isAgainst: z.boolean().describe('it is not what Baton recommends'),
      })
      .nullable()
      .describe('the strategist’s; it stands when all three roles have signed'),
    carriedOnBy: z
      .string()
      .optional()
      .describe('the item that was started from it (`POST /v1/items` with `fromReview`)'),
  })
  .meta({ id: 'KpiReview' });
export type KpiReview = z.infer<typeof KpiReview>;
