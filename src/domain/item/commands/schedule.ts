import { z } from 'zod';
import { ChannelId } from '../../channel/channels.ts';
import { Instant, WallTime } from '../../instant.ts';
import { PERMALINK_BYTES, REMOTE_ID_BYTES } from '../size.ts';
import { conditions, keptText, ReasonBody, reasonText } from './body-parts.ts';
import type { Facts, PlannedSlot, PostHolder, SlotFacts } from './facts.ts';

/** Slots, and what became of a publication. */
export interface SchedulePayloads {
  plan_schedule: { refs: { publications: PlannedSlot[] }; facts: Facts & { slots: SlotFacts[] } };
  unschedule: { refs: { reason?: string }; facts: Facts };
  skip_publication: { refs: { publicationId: string; reason?: string }; facts: Facts };
  resolve_publication: {
    refs: {
      publicationId: string;
      outcome: 'live' | 'not_live' | 'publish_again' | 'reschedule' | 'skip';
      evidence?: string;
      slot?: PlannedSlot;
      permalink?: string;
      remoteId?: string;
    };
    facts: Facts & { slots: SlotFacts[]; holder?: PostHolder };
  };
}

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
  return [at, local, slot].filter((time) => time !== undefined).length;
}

export const SlotRequest = z
  .strictObject({
    channelAccountId: z.string().min(1).max(64),
    ...slotTime,
    variant: ChannelId.optional().describe('channel of the variant; the account decides it'),
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

export const SCHEDULE_BODIES = {
  plan_schedule: z.strictObject({ publications: z.array(SlotRequest).max(20), ...conditions }),
  unschedule: ReasonBody,
  skip_publication: z.strictObject({
    publicationId: z.string().max(80),
    reason: reasonText,
    ...conditions,
  }),
  resolve_publication: z.strictObject({
    publicationId: z.string().max(80),
    outcome: z.enum(['live', 'not_live', 'publish_again', 'reschedule', 'skip']),
    evidence: z.string().trim().max(4_000).optional(),
    permalink: keptText(z.url({ protocol: /^https?$/ }), PERMALINK_BYTES).optional(),
    remoteId: keptText(z.string().trim().min(1), REMOTE_ID_BYTES)
      .optional()
      .describe('the id of the post on its channel'),
    ...slotTime,
    ...conditions,
  }),
} as const satisfies Record<keyof SchedulePayloads, z.ZodType>;
