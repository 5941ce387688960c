/** A rule of the store that a caller broke; `code` is stable and safe to show. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

export type StoreErrorCode =
  /** An event of this seq stands with another hash, or does not follow its neighbour's hash. */
  | 'chain_conflict'
  /** The item has no row in this workspace. */
  | 'item_row_missing'
  /** A batch names a seq whose event is neither in it nor stored. */
  | 'batch_incomplete'
  | 'cursor_invalid'
  | 'migration_invalid';

/** The same seq with another hash, or a link that does not fit: nothing of the batch is stored. */
export class ChainConflict extends StoreError {
  readonly itemId: string;
  readonly seq: number;

  constructor(conflict: { itemId: string; seq: number; expected: string; actual: string }) {
    const { itemId, seq, expected, actual } = conflict;
    super(
      'chain_conflict',
      `${itemId}: event ${seq} has hash ${actual}, the chain has ${expected}`,
    );
    this.name = 'ChainConflict';
    this.itemId = itemId;
    this.seq = seq;
  }
}

/** Errors of the network below the driver. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
]);

/**
 * SQLSTATEs that say "not now" rather than "not this": the session was ended, the server starts,
 * stops or only reads, it is out of a resource, or the statement or lock took longer than allowed.
 */
const AWAY_STATES = /^(08...|53...|57P0[1-5]|57014|55P03|25006|58030)$/;

/** Messages of the driver that come without a code. */
const AWAY_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|timeout expired|connection timeout)/i;

/** True when the database cannot answer now: the same call may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  return chainOf(error).some((link) => {
    const code = codeOf(link);
    if (code !== null && (NETWORK_CODES.has(code) || AWAY_STATES.test(code))) return true;
    return link instanceof Error && AWAY_MESSAGE.test(link.message);
  });
}

/** Deadlock (40P01) or serialization failure (40001): the same transaction may simply run again. */
export function isTransactionConflict(error: unknown): boolean {
  return hasState(error, '40P01', '40001');
}

/** A NUL byte or an unpaired surrogate, which PostgreSQL text and jsonb cannot hold. */
export function isUnstorableText(error: unknown): boolean {
  // The last two are dates that the database does not know.
  return hasState(error, '22021', '22P05', '22P02', '22007', '22008');
}

/** A row already has this unique key. `constraint` narrows it to one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return isViolation(error, '23505', constraint);
}

/** A row points at something that does not exist in its workspace. `constraint` narrows it to one. */
export function isReferenceViolation(error: unknown, constraint?: string): boolean {
  return isViolation(error, '23503', constraint);
}

/**
 * One line for a log or a finding: class, code and message of the root cause. The query layer puts
 * parameters (texts, hashes, encrypted secrets) in its own message, which is therefore left out.
 */
export function describeDatabaseError(error: unknown): string {
  const root = chainOf(error).findLast((link) => link instanceof Error);
  if (root === undefined) return 'unknown database error';
  const code = codeOf(root);
  const message = root.message.startsWith('Failed query') ? 'query failed' : root.message;
  return [root.name, code, message].filter((part) => part !== null && part !== '').join(': ');
}

function isViolation(error: unknown, state: string, constraint: string | undefined): boolean {
  return chainOf(error).some(
    (link) =>
      codeOf(link) === state &&
      (constraint === undefined || fieldOf(link, 'constraint') === constraint),
  );
}

function hasState(error: unknown, ...states: string[]): boolean {
  return chainOf(error).some((link) => states.includes(codeOf(link) ?? ''));
}

/** The error, its causes, and the parts of an AggregateError (one per address tried). */
function chainOf(error: unknown): unknown[] {
  const links: unknown[] = [];
  const queue: unknown[] = [error];
  while (queue.length > 0 && links.length < 16) {
    const link = queue.shift();
    if (link === undefined || link === null || links.includes(link)) continue;
    links.push(link);
    if (link instanceof AggregateError) queue.push(...link.errors);
    if (link instanceof Error) queue.push(link.cause);
  }
  return links;
}

function codeOf(link: unknown): string | null {
  return fieldOf(link, 'code');
}

function fieldOf(link: unknown, field: string): string | null {
  if (typeof link !== 'object' || link === null) return null;
  const value: unknown = Reflect.get(link, field);
  return typeof value === 'string' ? value : null;
}
