import { z } from 'zod';
import { CheckpointName } from '../../kpi/checkpoint-name.ts';
import { GivenLearnings } from '../../kpi/learning.ts';
import { OWNER_ROLES, type OwnerRole } from '../../people/roles.ts';
import { Sha256 } from '../content/draft.ts';
import { SignOff } from '../record-schema.ts';
import { comment, conditions, ReasonBody } from './body-parts.ts';
import type { Facts } from './facts.ts';

/** The KPI review. */
export interface ReviewPayloads {
  open_kpi_review: { refs: { reason?: string }; facts: Facts };
  sign_off: {
    refs: {
      role: OwnerRole;
      decision: SignOff['decision'];
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
    decision: SignOff.shape.decision,
    reviewHash: Sha256.optional(),
    extendTo: CheckpointName.optional(),
    learnings: GivenLearnings.optional(),
    comment,
    ...conditions,
  }),
} as const satisfies Record<keyof ReviewPayloads, z.ZodType>;
