import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import type { ApiEnv } from '../gates/context.ts';
import { answers } from '../route-answers.ts';
import { PUBLIC } from '../route-parts.ts';

const Health = z
  .object({
    status: z.literal('ok'),
    instance: z.string().optional().describe('BATON_INSTANCE of the process, where it is set'),
  })
  .meta({ id: 'Health' });

const Ready = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    checks: z.object({
      accepting: z.boolean().describe('false while the process is stopping'),
      database: z.boolean(),
      engine: z.boolean(),
      worker: z.object({ polls: z.boolean(), lastSeenAt: z.string().nullable() }),
    }),
  })
  .meta({ id: 'Ready' });

const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  tags: ['Health'],
  summary: 'Whether the process is alive',
  security: PUBLIC,
  responses: { 200: answers(Health, 'It is') },
});

const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  tags: ['Health'],
  summary: 'Whether database and engine are reachable and a worker was seen within 30 s',
  security: PUBLIC,
  responses: { 200: answers(Ready, 'Ready'), 503: answers(Ready, 'Not ready, and why') },
});

export function healthRoutes({ readiness, settings }: Pick<ApiDeps, 'readiness' | 'settings'>) {
  const { instance } = settings;
  return new OpenAPIHono<ApiEnv>()
    .openapi(healthRoute, (c) =>
      c.json({ status: 'ok' as const, ...(instance !== null && { instance }) }, 200),
    )
    .openapi(readyRoute, async (c) => {
      const { ready, checks } = await readiness();
      return ready
        ? c.json({ status: 'ready' as const, checks }, 200)
        : c.json({ status: 'not_ready' as const, checks }, 503);
    });
}
