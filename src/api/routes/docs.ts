import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { OpenAPIHono } from '@hono/zod-openapi';
import { html, raw } from 'hono/html';
import type { ApiEnv } from '../gates/context.ts';
import { ERROR_CODES, statusOf, titleOf } from '../gates/errors.ts';

const require = createRequire(import.meta.url);

/** The parts of Swagger UI that the page loads. */
const STYLE = require.resolve('swagger-ui-dist/swagger-ui.css');
const SCRIPT = require.resolve('swagger-ui-dist/swagger-ui-bundle.js');
const FOR_A_DAY = { 'Cache-Control': 'public, max-age=86400' };

/**
 * Without `validatorUrl: null` it would send the document's address to a site that checks documents. The
 * place asked for is read before it starts, because it writes its own.
 */
const START = `const place = location.hash.slice(1);
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  filter: true,
  validatorUrl: null,
  onComplete: () => document.getElementById(place)?.scrollIntoView(),
});`;

/** Allows what this server serves, and of scripts in the page exactly that one. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  `script-src 'self' 'sha256-${createHash('sha256').update(START, 'utf8').digest('base64')}'`,
  // The library draws its arrows from addresses that hold the image.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The `type` of a problem leads to its line in the table. */
const PAGE = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Baton API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body class="swagger-ui">
<noscript>This page shows <a href="/openapi.json">/openapi.json</a> and needs JavaScript to do so.</noscript>
<main id="reference"></main>
<section class="wrapper">
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> with one of these codes.</p>
<table>
${ERROR_CODES.map(
  (code) =>
    html`<tr id="error-${code}"><td><code>${code}</code></td><td>${statusOf(code)}</td><td>${titleOf(code)}</td></tr>`,
)}
</table>
</section>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>${raw(START)}</script>
</body>
</html>`;

/**
 * `/openapi.json` and `/docs`. They describe the API and are no part of it, so they are not in the
 * document themselves.
 * @param document asked for once, when the whole app is put together.
 */
export function docsRoutes(document: () => unknown) {
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
      c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      c.header('Cache-Control', 'public, max-age=60');
      return c.html(PAGE, 200);
    })
    .get('/docs/swagger-ui.css', async (c) =>
      c.body(await readFile(STYLE, 'utf8'), 200, { ...FOR_A_DAY, 'Content-Type': 'text/css' }),
    )
    .get('/docs/swagger-ui-bundle.js', async (c) =>
      c.body(await readFile(SCRIPT, 'utf8'), 200, {
        ...FOR_A_DAY,
        'Content-Type': 'text/javascript',
      }),
    );
}
