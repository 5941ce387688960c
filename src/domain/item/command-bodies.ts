import { z } from 'zod';
import { Instant, WallTime } from '../instant.ts';
import { CheckpointName } from '../kpi/checkpoint-name.ts';
import { APPROVER_ROLES, OWNER_ROLES } from '../people/roles.ts';
import { Brief } from './brief.ts';
import type { CommandType } from './commands.ts';
import { REVIEW_DECISIONS } from './context.ts';
import { Draft, Sha256 } from './draft.ts';
import { REASONS } from './reasons.ts';

/** Any command may say what it is based on and until when it is meant. */
const conditions = {
  basisSeq: z
    .int()
    .min(0)
    .optional()
    .describe('refuse unless the item is at this seq (`basis_changed`)'),
  expiresAt: Instant.optional().describe('refuse after this instant (`command_expired`)'),
};

const comment = z.string().trim().min(1).max(10_000).optional();
const reasonText = z.string().trim().max(2_000).optional();
const reasonCode = z.enum(REASONS).optional();

const Checklist = z.record(z.string().max(60), z.boolean()).meta({
  id: 'Checklist',
  example: { matches_brief: true },
  description: 'ticked entries by code',
});

/**
 * A time for a slot: an instant, a wall time with its zone (the account's zone when left out), the
 * account's next free weekly slot, or now.
 */
const slotTime = {
  at: Instant.optional(),
  local: WallTime.optional(),
  zone: z.string().min(1).max(64).optional().describe('IANA time zone'),
  slot: z
    .enum(['next', 'now'])
    .optional()
    .describe('the next free weekly slot of the account, or now (in some seconds)'),
};

function countTimes({
  at,
  local,
  slot,
}: {
  at?: unknown;
  local?: unknown;
  slot?: unknown;
}): number {
  return [at, local, slot].filter((given) => given !== undefined).length;
}

export const SlotRequest = z
  .strictObject({
    channelAccountId: z.string().min(1).max(64),
    ...slotTime,
    variant: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .describe('channel of the variant; the account decides it'),
  })
  .refine((slot) => countTimes(slot) === 1, {
    message: 'give one of `at`, `local` and `slot`',
    path: ['at'],
  })
  .refine((slot) => slot.slot !== 'next' || slot.zone === undefined, {
    message: 'weekly slots are in the zone of the account',
    path: ['zone'],
  })
  .meta({ id: 'SlotRequest' });
export type SlotRequest = z.infer<typeof SlotRequest>;

const givenReason = z.strictObject({ reason: reasonText, ...conditions });

/** Bodies of the commands as they come over HTTP and webhooks; the same names as in `actions`. */
export const COMMAND_BODIES = {
  save_brief: z.strictObject({ brief: Brief, ...conditions }),
  offer_handoff: z.strictObject({ checklist: Checklist.default({}), note: comment, ...conditions }),
  withdraw_handoff: givenReason,
  accept_handoff: z.strictObject({ handoffId: z.string().max(80).optional(), ...conditions }),
  decline_handoff: z.strictObject({
    handoffId: z.string().max(80).optional(),
    reason: reasonCode,
    comment,
    ...conditions,
  }),
  save_draft: z.strictObject({ draft: Draft, ...conditions }),
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
  plan_schedule: z.strictObject({ publications: z.array(SlotRequest).max(20), ...conditions }),
  unschedule: givenReason,
  skip_publication: z.strictObject({
    publicationId: z.string().max(80),
    reason: reasonText,
    ...conditions,
  }),
  resolve_publication: z.strictObject({
    publicationId: z.string().max(80),
    outcome: z.enum(['live', 'not_live', 'publish_again', 'reschedule', 'skip']),
    evidence: z.string().trim().max(4_000).optional(),
    permalink: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional(),
    remoteId: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .optional()
      .describe('the id of the post on its channel'),
    ...slotTime,
    ...conditions,
  }),
  open_kpi_review: givenReason,
  sign_off: z.strictObject({
    role: z.enum(OWNER_ROLES),
    decision: z.enum([...REVIEW_DECISIONS, 'agree', 'dissent']),
    reviewHash: Sha256.optional(),
    extendTo: CheckpointName.optional(),
    learnings: z.string().trim().min(1).max(10_000).optional(),
    comment,
    ...conditions,
  }),
  hold: givenReason,
  resume: givenReason,
  cancel: givenReason,
  reassign: z.strictObject({
    role: z.enum(OWNER_ROLES),
    memberId: z.string().min(1).max(64),
    as: z.enum(['owner', 'co_author']).default('owner'),
    reason: reasonText,
    ...conditions,
  }),
  extend: z.strictObject({ reason: reasonText, until: Instant.optional(), ...conditions }),
} as const satisfies Record<CommandType, z.ZodType>;

export type CommandBody<T extends CommandType> = z.infer<(typeof COMMAND_BODIES)[T]>;

/** Body of `POST /v1/items`. */
export const StartItemBody = z
  .strictObject({
    title: z.string().trim().min(1).max(300),
    playbook: z.string().min(1).max(60).optional(),
    campaignId: z.string().min(1).max(64).optional(),
    brief: Brief.optional(),
    team: z
      .strictObject({
        strategist: z.string().min(1).max(64).optional(),
        creator: z.string().min(1).max(64).optional(),
        social_media_manager: z.string().min(1).max(64).optional(),
      })
      .optional(),
  })
  .meta({ id: 'StartItem' });
export type StartItemBody = z.infer<typeof StartItemBody>;
