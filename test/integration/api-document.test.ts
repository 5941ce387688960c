import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/api/gates/errors.ts';
import type { Json } from '../support/api-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
let document: Json;
beforeAll(async () => {
  api = await openIdleApi();
  document = (await api.call(null, 'GET', '/openapi.json')).json;
});
afterAll(() => api?.close());

function operations(): { name: string; operation: Json }[] {
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => ({
      name: `${method} ${path}`,
      operation,
    })),
  );
}

/** The examples of request bodies, with where they belong. */
function* requestExamples(): Generator<{
  name: string;
  method: string;
  path: string;
  example: Json;
}> {
  for (const { name, operation } of operations()) {
    const example = operation.requestBody?.content['application/json']?.example;
    const [method = '', path = ''] = name.split(' ');
    if (example !== undefined) yield { name, method: method.toUpperCase(), path, example };
  }
}

/** Every `$ref` in a value. */
function references(value: Json): string[] {
  if (value === null || typeof value !== 'object') return [];
  const own = typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(references)];
}

describe('the OpenAPI document', () => {
  it('is 3.1, with the credentials and every problem', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.components.securitySchemes).toMatchObject({
      apiKey: { type: 'http', scheme: 'bearer' },
      webhookSignature: { type: 'apiKey', in: 'header' },
    });
    expect(document['x-problems'].map(({ code }: Json) => code)).toEqual(ERROR_CODES);
  });

  it('gives each operation a name of its own, a summary, a tag and its problems', () => {
    const names = operations().map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    const tags = new Set(document.tags.map(({ name }: Json) => name));
    for (const { name, operation } of operations()) {
      expect(operation.summary, name).toBeTruthy();
      expect(
        operation.tags.every((tag: string) => tags.has(tag)),
        name,
      ).toBe(true);
      const problem = operation.responses['500']?.content['application/problem+json'].schema;
      if (!operation.tags.includes('Health')) {
        expect(problem, name).toEqual({ $ref: '#/components/schemas/Problem' });
      }
    }
  });

  it('says of every change that it may be repeated, unless it is so by itself', () => {
    const without = operations().filter(({ name, operation }) => {
      if (!/^(post|put) /.test(name)) return false;
      return !(operation.parameters ?? []).some((one: Json) => one.name === 'Idempotency-Key');
    });
    // A check asks anew each time, a link is used once, a delivery is known by its id, a file by its bytes,
    // and a reading of an export by what it says.
    expect(without.map(({ name }) => name).sort()).toEqual([
      'post /approve/{token}',
      'post /v1/assets',
      'post /v1/metric-sources/{id}/check',
      'post /v1/readings/imports',
      'post /v1/webhooks/{endpointId}',
    ]);
  });

  it('says of the filter for stuck items where everything else that is stuck is told', () => {
    const { parameters } = document.paths['/v1/items'].get;
    const stuck = parameters.find(({ name }: Json) => name === 'stuck');
    expect(JSON.stringify(stuck)).toContain('GET /v1/audit/stuck');
    expect(document.paths['/v1/audit/stuck'].get).toBeDefined();
  });

  it('pages every list, but those that are short whatever happens: they say that they are whole', () => {
    const { schemas } = document.components;
    const lists = operations().flatMap(({ name, operation }) => {
      const given = operation.responses['200']?.content?.['application/json']?.schema ?? {};
      const schema = schemas[given.$ref?.replace('#/components/schemas/', '')] ?? given;
      const isList = name.startsWith('get ') && schema.properties?.items?.type === 'array';
      const names = (operation.parameters ?? []).map((one: Json) => one.name);
      const isPaged = names.includes('limit') && names.includes('cursor');
      return isList ? [{ name, isPaged, next: schema.properties.nextCursor }] : [];
    });
    expect(lists.length).toBeGreaterThan(30);
    expect(lists.filter(({ next }) => next === undefined)).toEqual([]);
    const whole = lists.filter(({ isPaged }) => !isPaged);
    expect(whole.map(({ name }) => name).sort()).toEqual([
      'get /v1/csv-mappings/shipped',
      'get /v1/items/{id}/actions',
      'get /v1/items/{id}/draft/links',
    ]);
    expect(whole.map(({ next }) => next.type)).toEqual(['null', 'null', 'null']);
  });

  it('refers to nothing that is not there, and calls schemas by their names', () => {
    const missing = references(document).filter((reference) => {
      const name = reference.replace('#/components/schemas/', '');
      return document.components.schemas[name] === undefined;
    });
    expect(missing).toEqual([]);
    const { schemas } = document.components;
    for (const name of [
      'Item',
      'Brief',
      'Draft',
      'Problem',
      'CommandApplied',
      'WebhookDelivery',
      'KpiReview',
    ]) {
      expect(schemas[name], name).toBeDefined();
    }
    const put = document.paths['/v1/items/{id}/brief'].put;
    expect(put.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/Brief',
    });
    expect(schemas.Brief.additionalProperties).toBe(false);
  });

  it('shows examples that its own routes accept', async () => {
    const parsed = [...requestExamples()];
    expect(parsed.length).toBeGreaterThan(15);
    for (const { name, method, path, example } of parsed) {
      const filled = path.replace('{number}', '1').replaceAll(/\{[^}]+\}/g, 'unknown');
      const { status, text } = await api.as('strategist', method, filled, { body: example });
      // Done, or no such item: the body itself was fine.
      expect([200, 201, 404], `${name}: ${text}`).toContain(status);
    }
  });

  it('is what the validators use: a body it describes as wrong is refused', async () => {
    const { json } = await api.as('strategist', 'POST', '/v1/items', {
      body: { title: 'x', nope: 1 },
    });
    expect(json.issues).toEqual([{ path: 'nope', message: 'is not a known field' }]);
    expect(document.components.schemas.StartItem.properties.nope).toBeUndefined();
  });
});

describe('the page of the document', () => {
  it('needs nothing from elsewhere and runs only its own scripts', async () => {
    const { status, text, headers } = await api.call(null, 'GET', '/docs');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    expect(text).not.toMatch(/https?:\/\//);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    const [, inline = ''] = /<script>(.+?)<\/script>/s.exec(text) ?? [];
    const hash = createHash('sha256').update(inline, 'utf8').digest('base64');
    expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`);
    expect(policy).not.toContain('unsafe');
    expect(inline).toContain("url: '/openapi.json'");
    expect(inline).toContain('validatorUrl: null');
  });

  it('serves the library that it loads', async () => {
    const { text } = await api.call(null, 'GET', '/docs');
    const paths = [...text.matchAll(/(?:href|src)="(\/docs\/[^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(paths).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']);
    const [style, script] = await Promise.all(paths.map((path) => api.call(null, 'GET', path)));
    expect(style?.headers.get('content-type')).toMatch(/^text\/css/);
    expect(style?.text).toContain('.swagger-ui');
    expect(script?.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(script?.text).toContain('SwaggerUIBundle');
  });

  it('has a line for each kind of problem, where the `type` of a problem leads', async () => {
    const { text } = await api.call(null, 'GET', '/docs');
    for (const code of ERROR_CODES) expect(text).toContain(`id="error-${code}"`);
    const problem = await api.call(null, 'GET', '/v1/items');
    const [page, anchor = ''] = problem.json.type.split('#');
    expect(page).toBe('/docs');
    expect(text).toContain(`id="${anchor}"`);
  });
});

describe('health', () => {
  it('is alive while it is not ready, and says what is missing', async () => {
    expect((await api.call(null, 'GET', '/healthz')).json).toEqual({ status: 'ok' });
    const { status, json } = await api.call(null, 'GET', '/readyz');
    expect(status).toBe(503);
    expect(json).toEqual({
      status: 'not_ready',
      checks: {
        accepting: true,
        database: true,
        engine: true,
        worker: { polls: false, lastSeenAt: null },
      },
    });
  });

  it('answers 503 to everything else while the database is away', async () => {
    const away = await openIdleApi();
    const key = away.keyOf('strategist');
    await away.database.close();
    try {
      const { status, json, headers } = await away.call(key, 'POST', '/v1/items', {
        body: { title: 'x' },
      });
      expect(status).toBe(503);
      expect(json.code).toBe('unavailable');
      expect(json.detail).toMatch(/nothing was stored/);
      expect(headers.get('retry-after')).toBe('2');
      expect((await away.call(null, 'GET', '/readyz')).json.checks.database).toBe(false);
      expect((await away.call(null, 'GET', '/healthz')).status).toBe(200);
    } finally {
      await away.close();
    }
  });
});
