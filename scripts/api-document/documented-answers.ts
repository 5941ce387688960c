import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { createApp } from '../../src/api/app.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { openApiDocument } from '../../src/api/openapi.ts';

/** Compares answers of the API with what its document says of them: status, headers and body. */

/** Any JSON of a document or an answer. */
// biome-ignore lint/suspicious/noExplicitAny: a document is read by its own rules, not by types
type Json = any;

interface Operation {
  name: string;
  pattern: RegExp;
  responses: Record<string, Json>;
}

export interface DocumentedAnswers {
  document: Json;
  /** What the document does not say of an answer; null when it says all of it. */
  undocumented(answer: Answer): string | null;
}

export interface Answer {
  method: string;
  path: string;
  status: number;
  headers: Headers;
  text: string;
}

/** Headers that callers act on; the others are about the connection, or the same for every answer. */
const SPOKEN =
  /^(etag|location|allow|link|retry-after|www-authenticate|ratelimit-.+|x-request-id|deprecation)$/;

/** The document itself and the pages that show it: no operations of the API. */
const OWN_PAGES = /^\/(openapi\.json|docs(\/.*)?)$/;

/** The document of this checkout. Nothing of it depends on a database, an engine or a setting. */
export function readDocument(): Json {
  // Routes are only named here: none of what they would work with is asked.
  const deps = { settings: { local: true, limits: {} }, log: {}, meters: {} } as unknown as ApiDeps;
  return JSON.parse(JSON.stringify(openApiDocument(createApp(deps))));
}

export function createDocumentedAnswers(document: Json = readDocument()): DocumentedAnswers {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
  formats.default(ajv);
  const schemas = Object.entries<Json>(document.components.schemas).map(([name, schema]) => [
    name,
    closed(schema, { isPart: true }),
  ]);
  ajv.addSchema({ $id: 'api:', components: { schemas: Object.fromEntries(schemas) } });
  const operations = operationsOf(document);
  const compiled = new Map<Json, ValidateFunction>();

  function faultOf(schema: Json, value: unknown): string | null {
    const validate = compiled.get(schema) ?? ajv.compile(absolute(closed(schema)));
    compiled.set(schema, validate);
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: 'body' });
  }

  return {
    document,
    undocumented({ method, path, status, headers, text }) {
      const asked = method === 'HEAD' ? 'GET' : method;
      const operation = operations.find(
        ({ name, pattern }) => name.startsWith(`${asked} `) && pattern.test(path),
      );
      const response = operation?.responses[status] ?? null;
      const at = `${operation?.name ?? `${asked} of no path`}: ${status}`;
      if (operation === undefined) {
        if (OWN_PAGES.test(path)) return null;
        // Who asks is judged before what is asked for.
        if (![400, 401, 404, 405, 408, 413, 415, 429].includes(status)) return at;
        const fault = faultOf({ $ref: '#/components/schemas/Problem' }, JSON.parse(text || '{}'));
        return method === 'HEAD' || fault === null ? null : `${at} ${fault}`;
      }
      if (response === null) return `${at} is not documented. ${text.slice(0, 200)}`;
      const header = headerFault(response, headers);
      if (header !== null) return `${at}: ${header}`;
      return bodyFault(response);

      function bodyFault({ content = {} }: Json): string | null {
        if (method === 'HEAD') return null;
        const given = headers.get('content-type')?.split(';')[0] ?? null;
        if (given === null || text === '') {
          return Object.keys(content).length === 0 || status === 304
            ? null
            : `${at} has no body, where ${Object.keys(content)} is documented`;
        }
        const media = content[given] ?? content[given.replace(/\/.*/, '/*')] ?? content['*/*'];
        if (media === undefined) return `${at} is ${given}, not ${Object.keys(content)}`;
        if (!/json$/.test(given)) return null;
        const fault = faultOf(media.schema, JSON.parse(text));
        return fault === null ? null : `${at}: ${fault}. ${text.slice(0, 300)}`;
      }
    },
  };
}

function headerFault({ headers: documented = {} }: Json, given: Headers): string | null {
  const names = new Set(Object.keys(documented).map((name) => name.toLowerCase()));
  for (const [name] of given) {
    if (SPOKEN.test(name) && !names.has(name)) return `the header ${name} is not documented`;
  }
  const lacking = Object.entries<Json>(documented).find(
    ([name, { required }]) => required === true && !given.has(name),
  );
  return lacking === undefined ? null : `the header ${lacking[0]} is missing`;
}

function operationsOf(document: Json): Operation[] {
  const operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, { responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      responses,
    })),
  );
  // A path without parameters is meant before one that would take the same text.
  const parameters = ({ name }: Operation) => name.split('{').length;
  return operations.sort((a, b) => parameters(a) - parameters(b));
}

/**
 * The schema, with no room for fields that it does not name: an answer may have none that nobody is told
 * of. A part of another schema leaves that to the whole.
 */
function closed(schema: Json, { isPart = false }: { isPart?: boolean } = {}): Json {
  if (schema === null || typeof schema !== 'object') return schema;
  const inside = (part: Json) => closed(part);
  const fieldsOf = (fields: Json) =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, inside(field)]));
  const { properties, items, prefixItems, additionalProperties, allOf, anyOf, oneOf } = schema;
  const isObject = properties !== undefined && additionalProperties === undefined;
  const isOpen = schema.$ref !== undefined || allOf !== undefined || isObject;
  const alternatives = (parts: Json[]) => parts.map((part) => closed(part, { isPart }));
  return {
    ...schema,
    ...(properties !== undefined && { properties: fieldsOf(properties) }),
    ...(items !== undefined && { items: inside(items) }),
    ...(prefixItems !== undefined && { prefixItems: prefixItems.map(inside) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: inside(additionalProperties),
    }),
    ...(allOf !== undefined && {
      allOf: allOf.map((part: Json) => closed(part, { isPart: true })),
    }),
    ...(anyOf !== undefined && { anyOf: alternatives(anyOf) }),
    ...(oneOf !== undefined && { oneOf: alternatives(oneOf) }),
    ...(isOpen && !isPart && { unevaluatedProperties: false }),
  };
}

/** Names of components as the compiled document has them. */
function absolute(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api:#/components/'));
}
