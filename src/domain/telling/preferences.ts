import { z } from 'zod';
import { keysOf } from '../keys.ts';
import { LANGUAGES } from '../labels/words.ts';
import { NOTICE_KINDS, NoticeChannel, type NoticeKind, USUAL_CHANNELS } from './kinds.ts';

export const DIGESTS = ['off', 'hourly', 'daily'] as const;
export type Digest = (typeof DIGESTS)[number];

const wallTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is a time such as 22:00');

export const QuietHours = z
  .strictObject({ from: wallTime, to: wallTime })
  .meta({ id: 'QuietHours', description: 'wall times in the member’s zone; may pass midnight' });
export type QuietHours = z.infer<typeof QuietHours>;

export const NoticeChannels = z
  .partialRecord(
    z.enum(NOTICE_KINDS),
    z
      .array(NoticeChannel)
      .max(3)
      .refine((list) => new Set(list).size === list.length, 'names a channel twice'),
  )
  .meta({ id: 'NoticeChannels', maxProperties: NOTICE_KINDS.length });
export type NoticeChannels = z.infer<typeof NoticeChannels>;

/** How a member wants to be told. */
export const Preferences = z
  .strictObject({
    channels: NoticeChannels.describe('per kind; a kind that is left out goes its usual way'),
    digest: z.enum(DIGESTS).describe('collects what is not urgent into one message'),
    quietHours: QuietHours.optional().describe('no mail and no Slack message then'),
    language: z.enum(LANGUAGES),
    zone: z.string().min(1).max(64).describe('IANA zone, such as Europe/Paris'),
  })
  .meta({ id: 'Preferences' });
export type Preferences = z.infer<typeof Preferences>;

/** Where a notice of a kind goes. */
export function channelsFor(kind: NoticeKind, chosen: NoticeChannels): readonly NoticeChannel[] {
  return chosen[kind] ?? USUAL_CHANNELS[kind];
}

/** Every kind with its channels. */
export function allChannels(chosen: NoticeChannels): Record<NoticeKind, NoticeChannel[]> {
  const entries = keysOf(USUAL_CHANNELS).map((kind) => [kind, [...channelsFor(kind, chosen)]]);
  // One entry for each kind.
  return Object.fromEntries(entries);
}
