import { z } from 'zod';
import { APPROVER_ROLES, OWNER_ROLES } from '../people/roles.ts';
import { PUBLICATION_STATES } from './publication-states.ts';
import { STAGES } from './stages.ts';

/*
 * What the run records and the API shows just as it is. Workflow code imports only the types, so that
 * its bundle has no schemas.
 */

const memberId = z.string();
const instant = z.string().meta({ format: 'date-time' });

export const Handoff = z
  .object({
    id: z.string(),
    kind: z.enum(['brief', 'schedule']),
    state: z.enum(['offered', 'accepted', 'declined', 'withdrawn']),
    offeredAt: instant,
    offeredBy: z.string().describe('a member, or `system`'),
    decidedAt: instant.nullable(),
    decidedBy: z.string().nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'Handoff' });
export type Handoff = z.infer<typeof Handoff>;

export const Approval = z.object({
  role: z.enum(APPROVER_ROLES),
  memberId,
  decision: z.enum(['approve', 'request_changes']),
  contentHash: z.string(),
  at: instant,
});
export type Approval = z.infer<typeof Approval>;

export const Checkpoint = z
  .object({
    publicationId: z.string(),
    checkpoint: z.string().meta({ example: '+24h' }),
    required: z.boolean(),
    dueAt: instant,
    state: z.enum(['due', 'recorded', 'missing']),
    settledAt: instant.nullable(),
  })
  .meta({ id: 'PlannedCheckpoint' });
export type Checkpoint = z.infer<typeof Checkpoint>;

export const SignOff = z
  .object({
    role: z.enum(OWNER_ROLES),
    memberId,
    decision: z.enum([
      'scale',
      'iterate',
      'retire',
      'recycle',
      'extend_measurement',
      'agree',
      'dissent',
    ]),
    at: instant,
  })
  .meta({ id: 'SignOff' });
export type SignOff = z.infer<typeof SignOff>;

/**
 * The answer of an applied command: small, and the same for every repetition. The run gives it and
 * remembers it, so that a repetition long after is answered by what was so at the time.
 */
export const CommandAnswer = z
  .object({
    seq: z.int().describe('number of the last event of this command'),
    stage: z.enum(STAGES),
    substage: z.string().nullable(),
    version: z.int().optional(),
    hash: z.string().optional(),
    contentHash: z.string().nullable().optional(),
    handoffId: z.string().optional(),
    publications: z
      .array(
        z.object({
          id: z.string(),
          channelAccountId: z.string(),
          state: z.enum(PUBLICATION_STATES),
          at: z.string(),
        }),
      )
      .optional(),
    warnings: z
      .array(z.object({ code: z.string(), message: z.string() }))
      .optional()
      .describe('allowed, but worth knowing'),
  })
  .meta({ id: 'CommandAnswer' });
export type CommandAnswer = z.infer<typeof CommandAnswer>;
