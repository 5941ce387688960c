import { z } from '@hono/zod-openapi';

/** Public: see PUBLIC_ROUTES. */
export const PUBLIC: never[] = [];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** A route that needs a key, as all do that are not public. */
export function withKey<const M extends Method>(method: M, tag: string) {
  return { method, tags: [tag], security: [{ apiKey: [] }] };
}

/** A route that needs a key and takes an `Idempotency-Key`. */
export function idempotent<const M extends Method>(method: M, tag: string) {
  return { ...withKey(method, tag), parameters: IDEMPOTENT };
}

/** A JSON body. An empty body is `{}`, so `required` only says that the schema is always applied. */
export function body<Schema extends z.ZodType>(schema: Schema, example?: object) {
  const json = { schema, ...(example !== undefined && { example }) };
  return { required: true, content: { 'application/json': json } };
}

export const idText = (description: string, example: string) =>
  z.string().min(1).max(400).meta({ description, example });

export const ItemParams = z.object({ id: idText('id of the item', 'itm_01KAMJ5SQ0') });

/** An instant in an answer, ISO 8601 with `Z`. */
export const InstantText = z.string().meta({ format: 'date-time' });

/** One path parameter, `id` unless it is named. */
export function idParams(description: string, example: string): z.ZodObject<{ id: z.ZodString }> {
  return z.object({ id: idText(description, example) });
}

const MAX_LIMIT = 200;

/**
 * A whole number of a query, written in digits: `1e2`, `0x10` and ` 5` are other people's numbers.
 * The client states it as a number.
 */
export function wholeNumber({ from, to }: { from: number; to: number }) {
  return z.preprocess(
    (value) => (typeof value === 'string' && !/^\d{1,9}$/.test(value) ? Number.NaN : value),
    z.coerce.number(`is a whole number from ${from} to ${to}, in digits`).int().min(from).max(to),
  );
}

/** Query parameters of every list. */
export const paging = {
  limit: wholeNumber({ from: 1, to: MAX_LIMIT }).optional().meta({
    description: 'entries at most, 50 when left out',
    type: 'integer',
    minimum: 1,
    maximum: MAX_LIMIT,
    example: 50,
  }),
  cursor: z
    .string()
    .min(1)
    .max(2_000)
    .optional()
    .meta({ description: '`nextCursor` of the page before' }),
};

/** `Idempotency-Key`, validated before the routes: here for the documentation only. */
const IDEMPOTENT = [
  {
    name: 'Idempotency-Key',
    in: 'header' as const,
    required: false,
    schema: { type: 'string' as const, pattern: '^[\\x21-\\x7e]{1,128}$' },
    description:
      'The same key and body gives the first answer again; the same key with another body is 409 `idempotency_conflict`.',
  },
];

/** `If-Match` of a save. */
export const CONDITIONAL = [
  ...IDEMPOTENT,
  {
    name: 'If-Match',
    in: 'header' as const,
    required: false,
    schema: { type: 'string' as const },
    description: 'ETag of the version that is changed; 412 when another one stands.',
  },
];
