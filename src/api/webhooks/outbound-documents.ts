import type { OpenAPIHono } from '@hono/zod-openapi';
import {
  bodySchemaOf,
  exampleOf,
  OUTBOUND_EVENT_TYPES,
  OUTBOUND_EVENTS,
} from '../../domain/outbound/catalogue.ts';
import type { ApiEnv } from '../gates/context.ts';

/** Puts every event that subscriptions can be told into the document, as its receiver sees it. */
export function documentOutboundEvents({
  openAPIRegistry: registry,
}: Pick<OpenAPIHono<ApiEnv>, 'openAPIRegistry'>): void {
  const known = new Set(
    registry.definitions.flatMap((one) => (one.type === 'webhook' ? one.webhook.path : [])),
  );
  for (const type of OUTBOUND_EVENT_TYPES) {
    if (known.has(type)) continue;
    const { line } = OUTBOUND_EVENTS[type];
    registry.registerWebhook({
      method: 'post',
      path: type,
      operationId: `on.${type}`,
      summary: line,
      tags: ['Webhooks'],
      security: [{ webhookSignature: [] }],
      request: {
        body: {
          required: true,
          content: { 'application/json': { schema: bodySchemaOf(type), example: exampleOf(type) } },
        },
      },
      responses: {
        '2XX': { description: 'taken: it is not delivered again' },
        410: { description: 'gone: nothing more is delivered to this subscription' },
        default: { description: 'another attempt follows, up to ten over 75 hours' },
      },
    });
  }
}
