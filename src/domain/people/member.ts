import { z } from 'zod';
import { CHANNEL_IDS, ChannelId } from '../channel/channels.ts';
import { ROLES } from './roles.ts';

/** How well a member knows a channel: 1 knows it, 2 works in it, 3 is deep in it. */
export const PlatformTags = z
  .partialRecord(ChannelId, z.int().min(1).max(3))
  .meta({ id: 'PlatformTags', maxProperties: CHANNEL_IDS.length });
export type PlatformTags = z.infer<typeof PlatformTags>;

/** A person in a workspace. */
export const Member = z
  .object({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    skillTags: z.array(z.string()),
    platformTags: PlatformTags,
    backupId: z.string().nullable(),
    active: z.boolean(),
    absentFrom: z.string().nullable(),
    absentUntil: z.string().nullable(),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof Member>;
