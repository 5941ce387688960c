import { z } from 'zod';
import { ROLES } from '../people/roles.ts';
import { instant, type OutboundEvent, text } from './event-parts.ts';
import { ITEM_EVENTS } from './item-events.ts';
import { OTHER_EVENTS } from './other-events.ts';

/** Everything that outside systems can be told: a closed list. */
export const OUTBOUND_EVENTS = { ...ITEM_EVENTS, ...OTHER_EVENTS } satisfies Record<
  string,
  OutboundEvent
>;

export type OutboundEventType = keyof typeof OUTBOUND_EVENTS;

/** Its keys are exactly those of the catalogue. */
export const OUTBOUND_EVENT_TYPES = Object.keys(OUTBOUND_EVENTS) as [
  OutboundEventType,
  ...OutboundEventType[],
];

/** Whom an item waits for. */
const WaitingFor = z
  .object({
    role: z.enum(ROLES),
    memberId: text.optional(),
    for: text.describe('the command that would move the item on'),
  })
  .meta({ id: 'EventWaitingOn' });

/** What whoever is asked needs to answer. */
const Answer = z
  .object({
    endpoint: text
      .optional()
      .describe(
        'URL of an endpoint of this workspace that may decide this for whoever is asked; its path alone where the instance names no public address',
      ),
    contentHash: text.optional(),
    handoffId: text.optional(),
    reviewHash: text.optional(),
  })
  .meta({ id: 'EventAnswer' });

const EventItem = z
  .object({
    id: text,
    title: text,
    stage: text,
    substage: text.nullable(),
    campaignId: text.nullable(),
  })
  .meta({
    id: 'EventItem',
    description: 'the item as it stands after the events that were written together with this one',
  });

/** What every event says in `data`. */
const Common = z.looseObject({
  workspaceId: text,
  eventId: text.describe('also the `webhook-id`: the same at every attempt and replay'),
  actor: text.optional().describe('a member, or `system`'),
  seq: z.int().optional().describe('number of the event in the chain of its item'),
  itemId: text.optional(),
  item: EventItem.optional(),
  waitingOn: z.array(WaitingFor).optional(),
  dueAt: instant
    .nullable()
    .optional()
    .describe('of what the item waits for; an event about a deadline names its own'),
  answer: Answer.optional(),
  truncated: z.literal(true).optional().describe('long texts were cut: the API has all of it'),
});

export const COMMON_EXAMPLE = {
  workspaceId: 'wsp_01KAMJ5SQ0',
  eventId: 'evt_01KAMJ5SQ0_7_0',
  actor: 'mbr_01KAMJ5SQ0',
};

const ITEM_EXAMPLE = {
  seq: 7,
  itemId: 'itm_01KAMJ5SQ0',
  item: {
    id: 'itm_01KAMJ5SQ0',
    title: 'The order book that saves bread',
    stage: 'review',
    substage: 'deciding',
    campaignId: null,
  },
  waitingOn: [{ role: 'editor', for: 'decide_approval' }],
  dueAt: '2030-01-01T12:00:00.000Z',
  answer: { endpoint: 'https://baton.example/v1/webhooks/whe_01KAMJ5SQ0' },
};

/** The body of a delivery. */
export function bodySchemaOf(type: OutboundEventType) {
  const data = Common.extend(OUTBOUND_EVENTS[type].own.shape);
  return z.object({
    type: z.literal(type),
    timestamp: instant.describe('when it happened'),
    data,
  });
}

export function exampleOf(type: OutboundEventType): Record<string, unknown> {
  const ofItem = Object.hasOwn(ITEM_EVENTS, type) ? ITEM_EXAMPLE : {};
  return {
    type,
    timestamp: '2029-12-31T12:00:00.000Z',
    data: { ...COMMON_EXAMPLE, ...ofItem, ...OUTBOUND_EVENTS[type].example },
  };
}

/** What a subscription wants. */
export const SubscriptionFilter = z
  .strictObject({
    stage: text.min(1).max(40).optional(),
    role: z.enum(ROLES).optional(),
    campaignId: text.min(1).max(64).optional(),
  })
  .meta({ id: 'SubscriptionFilter', example: { stage: 'review', role: 'editor' } });
export type SubscriptionFilter = z.infer<typeof SubscriptionFilter>;
