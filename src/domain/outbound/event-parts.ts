import { z } from 'zod';

export const instant = z.string().meta({ format: 'date-time' });
export const text = z.string();

/** One kind of event: what it says beside what every event says, and how it looks. */
export interface OutboundEvent {
  /** What has happened, in a sentence. */
  line: string;
  /** Fields of `data` of its own. Later releases may add some. */
  own: z.ZodObject;
  /** A whole `data` without what every event has. */
  example: Record<string, unknown>;
}

export function event(
  line: string,
  own: z.ZodRawShape,
  example: Record<string, unknown>,
): OutboundEvent {
  return { line, own: z.looseObject(own), example };
}

export const post = {
  publicationId: text,
  channelAccountId: text,
  channel: text,
  slotNumber: z.int(),
  scheduledAt: instant,
};

export const POST_EXAMPLE = {
  publicationId: 'pub_01KAMJ5SQ0_1',
  channelAccountId: 'cha_01KAMJ5SQ0',
  channel: 'sandbox',
  slotNumber: 1,
  scheduledAt: '2030-01-02T08:30:00.000Z',
};

export const HASH_EXAMPLE = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
