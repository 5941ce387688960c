import { z } from 'zod';
import { Instant } from '../../instant.ts';
import { jsonBytes } from '../size.ts';
import { REASONS } from './reasons.ts';

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

/** As many as two checklists of a playbook have. */
const MAX_ENTRIES = 80;

export const Checklist = z
  .record(z.string().max(60), z.boolean())
  .refine(
    (entries) => Object.keys(entries).length <= MAX_ENTRIES,
    `has at most ${MAX_ENTRIES} entries`,
  )
  .meta({
    id: 'Checklist',
    example: { matches_brief: true },
    description: 'ticked entries by code; only those of the checklist of the playbook',
    maxProperties: MAX_ENTRIES,
  });

/** A text that the item keeps as it is, so that its length counts as it is stored. */
export function keptText<T extends z.ZodString | z.ZodURL>(schema: T, maxBytes: number) {
  return schema
    .max(maxBytes)
    .refine((text) => jsonBytes(text) - 2 <= maxBytes, `has at most ${maxBytes} bytes as JSON`);
}

/** A command that needs nothing but its reason. */
export const ReasonBody = z.strictObject({ reason: reasonText, ...conditions });
