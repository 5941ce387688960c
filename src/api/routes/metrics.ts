import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { createFigures } from '../../health/figures.ts';
import { figuresText } from '../../health/figures-text.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiCaller, ApiEnv } from '../gates/context.ts';
import { problems } from '../gates/errors.ts';
import { withKey } from '../route-parts.ts';

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const metricsRoute = createRoute({
  ...withKey('get', 'Health'),
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'Metrics for Prometheus, in its text format',
  description:
    'With the metrics key of the installation (`BATON_METRICS_KEY`): of all workspaces, and of the process. With an API key: the figures of its own workspace; on the local stack everything. Figures of the tables are up to 15 seconds old.',
  responses: {
    200: { description: 'The metrics', content: { 'text/plain': { schema: z.string() } } },
    ...problems('unauthenticated'),
  },
});

export function metricsRoutes({
  db,
  meters,
  settings,
}: Pick<ApiDeps, 'db' | 'meters' | 'settings'>) {
  const readFigures = createFigures({ db });
  return new OpenAPIHono<ApiEnv>().openapi(metricsRoute, async (c) => {
    // Absent for who shows the metrics key: it is of no member.
    const caller: ApiCaller | undefined = c.get('caller');
    const isWhole = caller === undefined || settings.local;
    const figures = await figuresText(await readFigures(isWhole ? null : caller.workspaceId));
    const process = isWhole ? await meters.text() : '';
    return c.text(`${figures}\n${process}`, 200, { 'Content-Type': CONTENT_TYPE });
  });
}
