import { z } from 'zod';
import { APPROVER_ROLES, type ApproverRole } from '../../people/roles.ts';
import { Sha256 } from '../content/draft.ts';
import { Checklist, comment, conditions, reasonCode } from './body-parts.ts';
import type { DraftFacts, Facts, Holders, SamePerson } from './facts.ts';
import type { Reason } from './reasons.ts';

/** The review of the content. */
export interface ApprovalPayloads {
  submit_for_review: {
    refs: { checklist: string[]; note?: string };
    facts: Facts & { holders: Holders } & DraftFacts;
  };
  acknowledge_revision: { refs: { note?: string }; facts: Facts };
  decide_approval: {
    refs: {
      role: ApproverRole;
      contentHash: string;
      decision: 'approve' | 'request_changes';
      reason?: Reason;
      commentId?: string;
    };
    facts: Facts & SamePerson;
  };
}

export const APPROVAL_BODIES = {
  submit_for_review: z.strictObject({
    checklist: Checklist.default({}),
    note: comment,
    ...conditions,
  }),
  acknowledge_revision: z.strictObject({ note: comment, ...conditions }),
  decide_approval: z.strictObject({
    role: z.enum(APPROVER_ROLES),
    contentHash: Sha256,
    decision: z.enum(['approve', 'request_changes']),
    reason: reasonCode,
    comment,
    ...conditions,
  }),
} as const satisfies Record<keyof ApprovalPayloads, z.ZodType>;
