import { z } from 'zod';
import { CheckpointName } from '../../kpi/checkpoint-name.ts';
import { OWNER_ROLES, type OwnerRole } from '../../people/roles.ts';
import type { ReviewDecision } from '../context.ts';
import { REVIEW_DECISIONS } from '../context.ts';
import { Sha256 } from '../draft.ts';
import { comment, conditions, ReasonBody } from './body-parts.ts';
import type { Facts } from './facts.ts';

/** The KPI review. */
export interface ReviewPayloads {
  open_kpi_review: { refs: { reason?: string }; facts: Facts };
  sign_off: {
    refs: {
      role: OwnerRole;
      decision: ReviewDecision | 'agree' | 'dissent';
      reviewHash?: string;
      extendTo?: string;
      commentId?: string;
    };
    facts: Facts;
  };
}

export const REVIEW_BODIES = {
  open_kpi_review: ReasonBody,
  sign_off: z.strictObject({
    role: z.enum(OWNER_ROLES),
    decision: z.enum([...REVIEW_DECISIONS, 'agree', 'dissent']),
    reviewHash: Sha256.optional(),
    extendTo: CheckpointName.optional(),
    learnings: z.string().trim().min(1).max(10_000).optional(),
    comment,
    ...conditions,
  }),
} as const satisfies Record<keyof ReviewPayloads, z.ZodType>;
