import fc from 'fast-check';

/** Values that a schema of the document describes, for requests that are valid as far as it says. */

/** A JSON schema: read by its own rules, not by types. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type Schema = any;

type Values = fc.Arbitrary<unknown>;

const MAX_ITEMS = 3;
const MAX_LENGTH = 40;
const FIRST = new Date('2026-01-01T00:00:00Z');
const LAST = new Date('2190-01-01T00:00:00Z');

/** @param schemas components of the document by name. */
export function createValues(schemas: Record<string, Schema>): (schema: Schema) => Values {
  const named = new Map<string, Values>();

  function byName(reference: string): Values {
    const name = reference.replace('#/components/schemas/', '');
    const known = named.get(name) ?? valuesOf(schemas[name]);
    named.set(name, known);
    return known;
  }

  function valuesOf(schema: Schema): Values {
    if (schema?.$ref !== undefined) return byName(schema.$ref);
    if (schema?.const !== undefined) return fc.constant(schema.const);
    if (schema?.enum !== undefined) return fc.constantFrom(...schema.enum);
    const alternatives = schema?.anyOf ?? schema?.oneOf;
    if (alternatives !== undefined) return fc.oneof(...alternatives.map(valuesOf));
    if (schema?.allOf !== undefined) {
      const parts: Values[] = schema.allOf.map(valuesOf);
      return fc.tuple(...parts).map((values) => Object.assign({}, ...values));
    }
    if (Array.isArray(schema?.type)) {
      return fc.oneof(...schema.type.map((type: string) => valuesOf({ ...schema, type })));
    }
    return ofType(schema ?? {});
  }

  function ofType(schema: Schema): Values {
    switch (schema.type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return fc.integer({ min: schema.minimum ?? -10, max: schema.maximum ?? 1_000_000 });
      case 'number':
        return fc.double({ min: schema.minimum ?? -10, max: schema.maximum ?? 1e9, noNaN: true });
      case 'string':
        return texts(schema);
      case 'array':
        return fc.array(valuesOf(schema.items), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 99, MAX_ITEMS)),
        });
      case 'object':
        return objects(schema);
      default:
        return fc.jsonValue({ maxDepth: 2 });
    }
  }

  function objects({ properties = {}, required = [], additionalProperties }: Schema): Values {
    const fields = Object.fromEntries(
      Object.entries(properties).map(([name, field]) => [name, valuesOf(field)]),
    );
    const whole = fc.record(fields, { requiredKeys: required, noNullPrototype: true });
    if (additionalProperties === undefined || additionalProperties === false) return whole;
    const others = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,20}$/),
      valuesOf(additionalProperties === true ? {} : additionalProperties),
      { maxKeys: MAX_ITEMS, noNullPrototype: true },
    );
    return fc.tuple(whole, others).map(([named, more]) => ({ ...more, ...named }));
  }

  return valuesOf;
}

function texts({ format, pattern, minLength = 0, maxLength = MAX_LENGTH }: Schema): Values {
  if (format === 'date-time') {
    return fc
      .date({ min: FIRST, max: LAST, noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (format === 'uri') return fc.webUrl({ validSchemes: ['https'] });
  // A pattern that looks ahead is that of a wall time: nobody makes texts of it.
  if (pattern?.includes('(?!') || pattern?.includes('(?=') || pattern?.includes('(?<')) {
    return fc.constantFrom('2030-06-01T12:00:00', '2030-03-31T02:30:00', '2031-01-01T00:00:00');
  }
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern), { size: 'small' });
  const most = Math.max(minLength, Math.min(maxLength, MAX_LENGTH));
  return fc.string({ minLength, maxLength: most, unit: 'grapheme' });
}
