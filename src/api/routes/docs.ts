import { OpenAPIHono } from '@hono/zod-openapi';
import { readDocsPage } from '../docs/docs-page.ts';
import type { ApiEnv } from '../gates/context.ts';

/**
 * `/openapi.json` and `/docs`. They describe the API and are no part of it, so they are not in the
 * document themselves.
 * @param document asked for once, when the whole app is put together.
 */
export function docsRoutes(document: () => unknown) {
  const page = readDocsPage();
  let text: string | null = null;
  return new OpenAPIHono<ApiEnv>()
    .get('/openapi.json', (c) => {
      text ??= JSON.stringify(document());
      return c.body(text, 200, {
        'Content-Type': 'application/json',
        'Cache-Control': 'public, max-age=60',
      });
    })
    .get('/docs', (c) => {
      c.header('Content-Security-Policy', page.contentSecurityPolicy);
      c.header('Cache-Control', 'public, max-age=60');
      return c.html(page.html, 200);
    });
}
