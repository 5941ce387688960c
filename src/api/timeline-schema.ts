import { z } from '@hono/zod-openapi';
import type { TimelineEntry as TimelineRow } from '../db/item/timeline.ts';
import { ITEM_EVENT_TYPES } from '../domain/item/event.ts';
import { UnmetRequirement } from './gates/errors.ts';
import { InstantText } from './route-parts.ts';

const issuedBy = z
  .string()
  .optional()
  .describe('the member who made it for the actor; absent when nobody else did');

export const Via = z
  .union([
    z.object({ keyId: z.string(), issuedBy }),
    z.object({ endpointId: z.string(), issuedBy }),
    z.object({ linkId: z.string(), name: z.string().describe('whom it was made for'), issuedBy }),
  ])
  .meta({
    id: 'Via',
    description: 'the API key, webhook endpoint or approval link it was done with',
  });

/** Told of an event where somebody else had made the credential for the actor. */
const via = Via.optional();

export const EventEntry = z
  .object({
    kind: z.literal('event'),
    seq: z.int(),
    at: InstantText,
    type: z.enum(ITEM_EVENT_TYPES),
    actor: z.string().describe('a member, `external:<linkId>`, or `system`'),
    data: z.record(z.string(), z.unknown()),
    prevHash: z.string(),
    hash: z
      .string()
      .describe('SHA-256 of `prevHash` and the RFC 8785 JSON of `{seq, at, type, actor, data}`'),
    via,
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
    via,
  })
  .meta({ id: 'RefusalEntry' });

export const TimelineEntry = z
  .union([EventEntry, RefusalEntry])
  .meta({ id: 'TimelineEntry', description: 'what happened, and what was refused' });

/** Exactly what the hash of an event covers, the hash, and the credential that needs telling. */
export function timelineView({ via, ...entry }: TimelineRow): z.infer<typeof TimelineEntry> {
  const told = via === null ? {} : { via };
  if (entry.kind === 'refusal') return { ...entry, ...told };
  const { kind, seq, at, type, actor, data, prevHash, hash } = entry;
  return { kind, seq, at, type, actor, data, prevHash, hash, ...told };
}
