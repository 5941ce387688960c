import { z } from 'zod';
import { Checklist, comment, conditions, ReasonBody, reasonCode } from './body-parts.ts';
import type { Facts, Holders } from './facts.ts';
import type { Reason } from './reasons.ts';

/** The handoff of the brief and of the approved content. */
export interface HandoffPayloads {
  offer_handoff: {
    refs: { checklist: string[]; note?: string };
    facts: Facts & { holders: Holders };
  };
  withdraw_handoff: { refs: { handoffId: string; reason?: string }; facts: Facts };
  accept_handoff: { refs: { handoffId: string }; facts: Facts };
  decline_handoff: {
    refs: { handoffId: string; reason?: Reason; commentId?: string };
    facts: Facts;
  };
}

/** Which offer is decided on: what stands meanwhile may be another one. */
const handoffId = z.string().min(1).max(80);

export const HANDOFF_BODIES = {
  offer_handoff: z.strictObject({ checklist: Checklist.default({}), note: comment, ...conditions }),
  withdraw_handoff: ReasonBody.extend({ handoffId }),
  accept_handoff: z.strictObject({ handoffId, ...conditions }),
  decline_handoff: z.strictObject({
    handoffId,
    reason: reasonCode,
    comment,
    ...conditions,
  }),
} as const satisfies Record<keyof HandoffPayloads, z.ZodType>;
