import { z } from '@hono/zod-openapi';
import { COMMAND_BODIES } from '../../domain/item/command-bodies.ts';

/** Decisions that may come by webhook. */
export const WEBHOOK_DECISIONS = [
  'accept_handoff',
  'decline_handoff',
  'decide_approval',
  'sign_off',
] as const;
export type WebhookDecision = (typeof WEBHOOK_DECISIONS)[number];

const itemId = z.string().min(1).max(64).meta({ example: 'itm_01KAMJ5SQ0' });

/**
 * The envelope of Standard Webhooks is its sender's: it may carry a `timestamp` and more, which decide
 * nothing. What decides is in `data`, where nothing unknown is let pass.
 */
function deliveryOf<Type extends WebhookDecision, Data extends z.ZodType>(type: Type, data: Data) {
  return z.object({ type: z.literal(type), data });
}

/** What a delivery wants, known before what it says is judged. */
export const DeliveryType = z.object({ type: z.enum(WEBHOOK_DECISIONS) });

/** Body of an inbound delivery: the name of a command, and what it needs. */
export const WebhookDelivery = z
  .discriminatedUnion('type', [
    deliveryOf('accept_handoff', COMMAND_BODIES.accept_handoff.extend({ itemId })),
    deliveryOf('decline_handoff', COMMAND_BODIES.decline_handoff.extend({ itemId })),
    deliveryOf('decide_approval', COMMAND_BODIES.decide_approval.extend({ itemId })),
    deliveryOf('sign_off', COMMAND_BODIES.sign_off.extend({ itemId })),
  ])
  .meta({
    id: 'WebhookDelivery',
    example: {
      type: 'decide_approval',
      data: {
        itemId: 'itm_01KAMJ5SQ0',
        role: 'editor',
        contentHash: 'a'.repeat(64),
        decision: 'approve',
      },
    },
  });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;
