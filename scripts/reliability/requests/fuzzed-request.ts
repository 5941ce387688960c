import fc from 'fast-check';
import { signWebhook } from '../../../src/client/webhook-signature.ts';
import { ROLES } from '../../../src/domain/people/roles.ts';
import type { Ground } from './ground.ts';
import { filledPath, type Operation } from './operations.ts';
import type { Schema } from './values.ts';

export interface FuzzedRequest {
  operation: Operation;
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

/** What no schema asks for, and somebody sends. */
const HOSTILE: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, '', ' ', '\u0000', '\ud800', '__proto__', -1, 1e308, 0.1, [], {}, true),
  fc.constantFrom('2026-02-30T00:00:00Z', '../../etc/passwd', "' or 1=1 --", '%00', '٣', '𝕏'),
  fc.string({ minLength: 4_000, maxLength: 6_000 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Bodies that are no JSON, or JSON that is no object. */
const BROKEN = fc.constantFrom(
  '{',
  '[]',
  'null',
  '"text"',
  '{"__proto__": {"admin": true}}',
  '{"constructor": {"prototype": {}}}',
  '{"title": "\\u0000"}',
  '{"title": "\\ud800"}',
  `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
  '{"a": 1, "a": 2}',
  '{"value": 1e999}',
  '\ufeff{}',
  '',
);

const ODD_IDS = ['unknown', 'itm_', '..', 'é', ' ', '%00', 'x'.repeat(300), '1', "'", '\u0000'];

/** Requests of an operation: half of them valid as far as the document says, the others broken somewhere. */
export function requestsOf(
  operation: Operation,
  { ground, valuesOf }: { ground: Ground; valuesOf: (schema: Schema) => fc.Arbitrary<unknown> },
): fc.Arbitrary<FuzzedRequest> {
  const { method, withKey, json, media, query } = operation;
  const known = fc.boolean().map((exists) => (exists ? ground.known : {}));
  const path = fc
    .tuple(known, fc.constantFrom(...ODD_IDS))
    .map(([ids, odd]) => filledPath(operation.path, ids, () => odd));
  const bodies = json === null ? otherBodies(media) : jsonBodies(valuesOf(json));
  return fc
    .record({
      path,
      body: method === 'GET' ? fc.constant(null) : bodies,
      query: queries(query, valuesOf),
      role: fc.constantFrom(...ROLES),
      key: fc.option(fc.stringMatching(/^[\x20-\x7e]{0,10}$/), { freq: 3 }),
      ifMatch: fc.option(fc.constantFrom('*', '"abc"', 'W/"abc"', '"', 'a b'), { freq: 6 }),
      id: fc.uuid(),
    })
    .map(({ path, body, query, role, key, ifMatch, id }) => {
      const headers: Record<string, string> = {
        ...(withKey && { authorization: `Bearer ${ground.keyOf(role)}` }),
        ...(body !== null && { 'content-type': media ?? 'application/json' }),
        ...(key !== null && { 'idempotency-key': `${key}${id}` }),
        ...(ifMatch !== null && { 'if-match': ifMatch }),
        ...(operation.id === 'receiveWebhook' &&
          signWebhook({ secret: ground.endpoint.secret, body: body ?? '', id })),
      };
      const asked = query === '' ? path : `${path}?${query}`;
      return { operation, method, path: asked, headers, body };
    });
}

function jsonBodies(valid: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const spoiled = fc
    .tuple(valid, HOSTILE, fc.nat(), fc.constantFrom('replace', 'remove', 'add'))
    .map(([value, hostile, at, act]) => {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return hostile;
      const fields = { ...value } as Record<string, unknown>;
      const names = Object.keys(fields);
      const name = names[at % Math.max(1, names.length)] ?? 'x';
      if (act === 'remove') delete fields[name];
      else fields[act === 'add' ? 'unheardOf' : name] = hostile;
      return fields;
    });
  return fc.oneof(
    { weight: 5, arbitrary: valid.map((value) => JSON.stringify(value) ?? '') },
    { weight: 4, arbitrary: spoiled.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: BROKEN },
  );
}

function otherBodies(media: string | null): fc.Arbitrary<string | null> {
  if (media === null) return fc.constantFrom(null, null, '{}', 'x');
  return fc.string({ maxLength: 200 });
}

function queries(
  parameters: readonly Schema[],
  valuesOf: (schema: Schema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<string> {
  const given = parameters.map(({ name, schema }) =>
    fc
      .option(fc.oneof({ weight: 3, arbitrary: valuesOf(schema) }, HOSTILE), { freq: 2 })
      .map((value) => (value === null ? null : `${name}=${encoded(textOf(value).slice(0, 500))}`)),
  );
  return fc
    .tuple(fc.constantFrom(null, null, null, 'unheardOf=1'), ...given)
    .map((parts) => parts.filter((part) => part !== null).join('&'));
}

/** An object may have no prototype, and then no text of its own. */
function textOf(value: unknown): string {
  return typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
}

/** Half of a surrogate pair has no encoding. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
