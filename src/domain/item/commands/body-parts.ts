import { z } from 'zod';
import { Instant } from '../../instant.ts';
import { REASONS } from '../reasons.ts';

/** Any command may say what it is based on and until when it is meant. */
export const conditions = {
  basisSeq: z
    .int()
    .min(0)
    .optional()
    .describe('refuse the command unless the item is at this seq (`basis_changed`)'),
  expiresAt: Instant.optional().describe(
    'refuse the command after this instant (`command_expired`)',
  ),
};

export const comment = z.string().trim().min(1).max(10_000).optional();
export const reasonText = z.string().trim().max(2_000).optional();
export const reasonCode = z.enum(REASONS).optional();

export const Checklist = z.record(z.string().max(60), z.boolean()).meta({
  id: 'Checklist',
  example: { matches_brief: true },
  description: 'ticked entries by code',
});

/** A command that needs nothing but its reason. */
export const ReasonBody = z.strictObject({ reason: reasonText, ...conditions });
