import { z } from '@hono/zod-openapi';
import type { TimelineEntry as TimelineRow } from '../db/item/timeline.ts';
import { ITEM_EVENT_TYPES } from '../domain/item/event.ts';
import { UnmetRequirement } from './gates/errors.ts';
import { InstantText } from './route-parts.ts';

export const EventEntry = z
  .object({
    kind: z.literal('event'),
    seq: z.int(),
    at: InstantText,
    type: z.enum(ITEM_EVENT_TYPES),
    actor: z.string().describe('a member, or `system`'),
    data: z.record(z.string(), z.unknown()),
    prevHash: z.string(),
    hash: z
      .string()
      .describe('SHA-256 of `prevHash` and the RFC 8785 JSON of `{seq, at, type, actor, data}`'),
  })
  .meta({ id: 'EventEntry' });

export const RefusalEntry = z
  .object({
    kind: z.literal('refusal'),
    seq: z.int().describe('where the item stood: it comes after this event'),
    at: InstantText,
    commandId: z.string(),
    type: z.string().describe('the command'),
    actor: z.string(),
    unmet: z.array(UnmetRequirement),
  })
  .meta({ id: 'RefusalEntry' });

export const TimelineEntry = z
  .union([EventEntry, RefusalEntry])
  .meta({ id: 'TimelineEntry', description: 'what happened, and what was refused' });

/** Exactly what the hash of an event covers, and the hash. */
export function timelineView(entry: TimelineRow): z.infer<typeof TimelineEntry> {
  if (entry.kind === 'refusal') return entry;
  const { kind, seq, at, type, actor, data, prevHash, hash } = entry;
  return { kind, seq, at, type, actor, data, prevHash, hash };
}
