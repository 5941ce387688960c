import { z } from 'zod';
import { Instant } from '../../instant.ts';
import { OWNER_ROLES, type OwnerRole, type Role } from '../../people/roles.ts';
import { conditions, ReasonBody, reasonText } from './body-parts.ts';
import type { Facts } from './facts.ts';

/** Pause, people and deadlines. */
export interface StagePayloads {
  hold: { refs: { reason?: string }; facts: Facts };
  resume: { refs: { reason?: string }; facts: Facts };
  cancel: { refs: { reason?: string }; facts: Facts };
  reassign: {
    refs: { role: OwnerRole; memberId: string; as: 'owner' | 'co_author'; reason?: string };
    facts: Facts & { receiverRoles: Role[]; receiverActive: boolean };
  };
  extend: { refs: { reason?: string; until?: string }; facts: Facts };
  set_campaign: {
    refs: { campaignId: string | null; reason?: string };
    /** The campaign as it is; null for none. */
    facts: Facts & { campaign: { id: string; released: boolean } | null };
  };
}

export const STAGE_BODIES = {
  hold: ReasonBody,
  resume: ReasonBody,
  cancel: ReasonBody,
  reassign: z.strictObject({
    role: z.enum(OWNER_ROLES),
    memberId: z.string().min(1).max(64),
    as: z.enum(['owner', 'co_author']).default('owner'),
    reason: reasonText,
    ...conditions,
  }),
  extend: z.strictObject({ reason: reasonText, until: Instant.optional(), ...conditions }),
  set_campaign: z.strictObject({
    campaignId: z.string().min(1).max(64).nullable().describe('null: it leaves its campaign'),
    reason: reasonText,
    ...conditions,
  }),
} as const satisfies Record<keyof StagePayloads, z.ZodType>;
