import { type AnyColumn, asc, type desc, sql } from 'drizzle-orm';
import { StoreError } from './errors.ts';

/** One page of a list, and where the next one starts; null at the end. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface PageRequest {
  /** Rows at most, 1 to 200. */
  limit?: number | undefined;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

const MAX_LIMIT = 200;

/** The asked limit, held between 1 and 200; 50 when none is asked. */
export function pageLimit({ limit }: PageRequest): number {
  return Math.min(Math.max(Math.trunc(limit ?? 50), 1), MAX_LIMIT);
}

/** Cuts the extra row off that was read to know whether there is more. */
export function toPage<T>(
  rows: T[],
  limit: number,
  keyOf: (row: T) => (string | number)[],
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor(keyOf(last)) : null };
}

/** A page of a list that is ordered by an instant of its table and by id: oldest first, unless `desc` is given. */
export function pageBy<Field extends string>(
  table: Record<Field | 'id', AnyColumn>,
  field: Field,
  request: PageRequest,
  direction: typeof asc | typeof desc = asc,
) {
  const limit = pageLimit(request);
  const isAfter = (cursor: string) => {
    const { at, id } = decodeInstantCursor(cursor);
    const sign = direction === asc ? sql`>` : sql`<`;
    return sql`(${table[field]}, ${table.id}) ${sign} (${at}::timestamptz, ${id})`;
  };
  return {
    after: request.cursor === undefined ? undefined : isAfter(request.cursor),
    order: [direction(table[field]), direction(table.id)],
    /** With the extra row that tells whether there is more. */
    limit: limit + 1,
    of: <Row extends Record<Field | 'id', string>>(rows: Row[]): Page<Row> =>
      toPage(rows, limit, (row) => [row[field], row.id]),
  };
}

/** The sort key of a row as an opaque text. */
export function encodeCursor(key: (string | number)[]): string {
  return Buffer.from(JSON.stringify(key), 'utf8').toString('base64url');
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const isId = (part: unknown) =>
  typeof part === 'string' && part.length > 0 && part.length <= 600 && !part.includes('\0');
const isSeq = (part: unknown) =>
  typeof part === 'number' && Number.isInteger(part) && part >= 0 && part <= 2_147_483_647;
const isInstant = (part: unknown) =>
  typeof part === 'string' && INSTANT.test(part) && !Number.isNaN(Date.parse(part));

/** Cursor of a list ordered by an instant and an id. */
export function decodeInstantCursor(cursor: string): { at: string; id: string } {
  const [at, id, ...rest] = decode(cursor);
  if (!isInstant(at) || !isId(id) || rest.length > 0) throw invalidCursor();
  return { at: String(at), id: String(id) };
}

/** Cursor of a list ordered by `length` texts. */
export function decodeTextCursor(cursor: string, length: number): string[] {
  const key = decode(cursor);
  if (key.length !== length || !key.every(isId)) throw invalidCursor();
  return key.map(String);
}

/** Cursor of a list ordered by a seq. */
export function decodeSeqCursor(cursor: string): number {
  const [seq, ...rest] = decode(cursor);
  if (!isSeq(seq) || rest.length > 0) throw invalidCursor();
  return Number(seq);
}

/** Cursor of a list ordered by a name and the version of what is called so. */
export function decodeVersionCursor(cursor: string): { name: string; version: number } {
  const [name, version, ...rest] = decode(cursor);
  if (!isId(name) || !isSeq(version) || rest.length > 0) throw invalidCursor();
  return { name: String(name), version: Number(version) };
}

/** Cursor of a timeline: after an event, or after a refusal (`settledAt` and `id` given). */
export function decodeTimelineCursor(cursor: string): {
  seq: number;
  refusal: { settledAt: string; id: string } | null;
} {
  const [seq, settledAt, id, ...rest] = decode(cursor);
  if (!isSeq(seq) || rest.length > 0) throw invalidCursor();
  if (settledAt === undefined) return { seq: Number(seq), refusal: null };
  if (!isInstant(settledAt) || !isId(id)) throw invalidCursor();
  return { seq: Number(seq), refusal: { settledAt: String(settledAt), id: String(id) } };
}

/** Cursor of the audit: the instant the first page was asked at, and the place after which to go on. */
export function decodeFindingCursor(cursor: string): {
  asOf: string;
  after: { rank: number; since: string; id: string };
} {
  const [asOf, rank, since, id, ...rest] = decode(cursor);
  if (!isInstant(asOf) || !isSeq(rank) || !isInstant(since) || !isId(id) || rest.length > 0) {
    throw invalidCursor();
  }
  const after = { rank: Number(rank), since: String(since), id: String(id) };
  return { asOf: String(asOf), after };
}

function decode(cursor: string): unknown[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key)) return key;
  } catch {
    // Falls through: whatever it is, it is no cursor of ours.
  }
  throw invalidCursor();
}

function invalidCursor(): StoreError {
  return new StoreError('cursor_invalid', 'cursor: is not one that this list returned');
}
