import { z } from '@hono/zod-openapi';
import type { Page } from '../db/paging.ts';
import { type ErrorCode, problems, WRITE_ERRORS } from './gates/errors.ts';

/** A JSON answer of a route. */
export function answers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** Responses of a route that reads one record. */
export function recordAnswers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { 200: answers(schema, description), ...problems('unauthenticated', 'not_found') };
}

/** Responses of a list. */
export function pageAnswers<Item extends z.ZodType, Code extends ErrorCode = never>(
  item: Item,
  description: string,
  ...codes: Code[]
) {
  return {
    200: answers(pageOf(item), description),
    ...problems<'invalid_request' | 'unauthenticated' | Code>(
      'invalid_request',
      'unauthenticated',
      ...codes,
    ),
  };
}

type WriteError = (typeof WRITE_ERRORS)[number];

/** Responses of a route that adds a record. */
export function additionAnswers<Schema extends z.ZodType, Code extends ErrorCode = never>(
  schema: Schema,
  description: string,
  ...codes: Code[]
) {
  return {
    201: answers(schema, description),
    ...problems<WriteError | Code>(...WRITE_ERRORS, ...codes),
  };
}

/** Responses of a route that changes a record. */
export function changeAnswers<Schema extends z.ZodType, Code extends ErrorCode = never>(
  schema: Schema,
  description: string,
  ...codes: Code[]
) {
  return {
    200: answers(schema, description),
    ...problems<WriteError | Code>(...WRITE_ERRORS, ...codes),
  };
}

/** Responses of a route that takes a record away. */
export function removalAnswers<Code extends ErrorCode = never>(
  description: string,
  ...codes: Code[]
) {
  return {
    204: { description },
    ...problems<'unauthenticated' | 'not_found' | Code>('unauthenticated', 'not_found', ...codes),
  };
}

/** A page of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('null at the end'),
  });
}

/** A page of rows as `pageOf` answers it. */
export function pageView<Row, Item>(page: Page<Row>, view: (row: Row) => Item): Page<Item> {
  return { items: page.items.map((row) => view(row)), nextCursor: page.nextCursor };
}

const ETAG_HEADER = {
  ETag: {
    description: 'the hash of the version, for `If-Match`',
    schema: { type: 'string' as const },
  },
};

/** A JSON answer with the ETag of the version it is about. */
export function versionAnswers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { ...answers(schema, description), headers: ETAG_HEADER };
}
