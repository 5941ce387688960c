import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { addressOf } from '../gates/authenticate.ts';
import type { ApiEnv } from '../gates/context.ts';
import { ApiError, problems } from '../gates/errors.ts';
import { idText, PUBLIC } from '../route-parts.ts';

const route = createRoute({
  method: 'get',
  path: '/r/{code}',
  operationId: 'openShortLink',
  tags: ['Links'],
  summary: 'Where a short link of a post leads',
  description:
    'Leads to what was stored when the post was sent, and nowhere else. No cookie is set; no address and no user agent is stored. A click is counted unless a bot, a preview, a prefetch or a repetition made it (docs/links.md).',
  security: PUBLIC,
  request: { params: z.object({ code: idText('of the short link', '4fK9q0XbT2mA') }) },
  responses: {
    ...problems('invalid_request', 'rate_limited', 'unavailable'),
    302: {
      description: 'Found',
      headers: {
        Location: { description: 'where it leads', schema: { type: 'string' as const } },
      },
    },
    404: { description: 'There is no such link', content: { 'text/html': { schema: z.string() } } },
  },
});

const UNKNOWN = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex">
<title>No such link</title>
<p>This link leads nowhere: it was mistyped, or cut off.</p>
<p lang="fr">Ce lien ne mène nulle part : il a été mal saisi, ou coupé.</p>
</html>
`;

export function redirectRoutes({ redirector, settings }: Pick<ApiDeps, 'redirector' | 'settings'>) {
  return new OpenAPIHono<ApiEnv>().openapi(route, async (c) => {
    const found = await redirector.open(c.req.valid('param').code, {
      method: c.req.method,
      header: (name) => c.req.header(name),
      address: addressOf(c, settings),
    });
    if (found === 'unknown') return c.html(UNKNOWN, 404);
    if (found === 'unavailable') {
      throw new ApiError('unavailable', {
        detail: 'nobody can say now where this link leads: try again',
        headers: { 'Retry-After': '5' },
      });
    }
    // In ASCII, whatever its author wrote.
    c.header('Location', new URL(found.target).href);
    c.header('Cache-Control', 'no-store');
    c.header('X-Robots-Tag', 'noindex, nofollow');
    return c.body(null, 302);
  });
}
