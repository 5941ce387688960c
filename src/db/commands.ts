import { and, asc, eq, isNull, lte, or, sql } from 'drizzle-orm';
import type { Unmet } from '../domain/item-commands.ts';
import type { Db } from './client.ts';
import { commands, items } from './schema/index.ts';

export type CommandRow = typeof commands.$inferSelect;

/** What became of a command, for good. */
export type CommandVerdict =
  | { state: 'applied'; answer: Record<string, unknown>; seq: number; settledAt: string }
  | { state: 'refused'; unmet: Unmet[]; seq: number; settledAt: string };

export interface NewCommand {
  id: string;
  workspaceId: string;
  itemId: string;
  actorId: string;
  source: CommandRow['source'];
  type: string;
  payload: Record<string, unknown>;
  bodyHash: string;
}

export type InsertedCommand =
  /** `attempt` is the fence's number when the row is new and a lease was asked for, else null. */
  | { conflict: false; inserted: boolean; attempt: number | null; row: CommandRow }
  /** The id was used for something else: another body, type or workspace. */
  | { conflict: true };

/**
 * Stores a command, or finds it when the same id was stored before.
 * @param command with `leaseMs` a new row is born fenced: its sender saves a round trip and a commit.
 */
export async function insertCommand(
  db: Db,
  { leaseMs, ...command }: NewCommand & { leaseMs?: number },
): Promise<InsertedCommand> {
  const fence = leaseMs === undefined ? {} : { attempt: 1, leaseUntil: inMs(leaseMs) };
  const [created] = await db
    .insert(commands)
    .values({ ...command, ...fence })
    .onConflictDoNothing()
    .returning();
  if (created !== undefined) {
    const attempt = leaseMs === undefined ? null : created.attempt;
    return { conflict: false, inserted: true, attempt, row: created };
  }
  const row = await getCommand(db, command);
  // Commands are never deleted, so a row that cannot be seen belongs to another workspace.
  if (row === null || row.bodyHash !== command.bodyHash || row.type !== command.type) {
    return { conflict: true };
  }
  return { conflict: false, inserted: false, attempt: null, row };
}

export interface CommandKey {
  workspaceId: string;
  id: string;
}

/** The row of a command, or null. */
export async function getCommand(db: Db, key: CommandKey): Promise<CommandRow | null> {
  const [row] = await db.select().from(commands).where(isCommand(key));
  return row ?? null;
}

/**
 * Takes the fence: whoever gets a number may send the command to the run until the lease runs out.
 * One conditional UPDATE on the database's clock, so of any number of callers one gets it.
 * @param leaseMs longer than the sender's own deadline.
 * @returns this attempt's number, or null when someone else has the lease or a verdict stands.
 */
export async function takeFence(
  db: Db,
  { leaseMs = 3_500, ...key }: CommandKey & { leaseMs?: number },
): Promise<number | null> {
  const [row] = await db
    .update(commands)
    .set({ attempt: sql`${commands.attempt} + 1`, leaseUntil: inMs(leaseMs) })
    .where(and(isCommand(key), eq(commands.state, 'pending'), leaseIsOver()))
    .returning({ attempt: commands.attempt });
  return row?.attempt ?? null;
}

/** Gives the fence back early, so that the next sender need not wait. A lost lease stays as it is. */
export async function releaseLease(
  db: Db,
  fenced: CommandKey & { attempt: number },
): Promise<void> {
  await db.update(commands).set({ leaseUntil: null }).where(isOwn(fenced));
}

/** The verdict of a command; null while it is pending, and for an id unknown in the workspace. */
export async function readVerdict(db: Db, key: CommandKey): Promise<CommandVerdict | null> {
  const row = await getCommand(db, key);
  return row === null ? null : verdictOf(row);
}

/** The verdict in a row, or null while it is pending. */
export function verdictOf(row: CommandRow): CommandVerdict | null {
  const settledAt = row.settledAt ?? row.createdAt;
  switch (row.state) {
    case 'pending':
      return null;
    case 'applied':
      return { state: 'applied', answer: row.answer ?? {}, seq: row.appliedSeq ?? 0, settledAt };
    case 'refused':
      return { state: 'refused', unmet: row.unmet ?? [], seq: row.refusedAtSeq ?? 0, settledAt };
  }
}

/**
 * Stores a refusal where the attempt is still the caller's and no verdict stands.
 * @param atSeq where the run stood when it refused; the item's row decides when it is not known.
 * @returns the verdict that stands afterwards; null when a later attempt took over and has none yet.
 */
export async function storeRefusal(
  db: Db,
  { unmet, atSeq, ...fenced }: CommandKey & { attempt: number; unmet: Unmet[]; atSeq?: number },
): Promise<CommandVerdict | null> {
  const [row] = await db
    .update(commands)
    .set({
      state: 'refused',
      unmet,
      refusedAtSeq:
        atSeq ??
        sql`coalesce((select ${items.seq} from ${items} where ${items.id} = ${commands.itemId}), 0)`,
      settledAt: sql`now()`,
      leaseUntil: null,
      lastError: null,
      retryAt: null,
    })
    .where(isOwn(fenced))
    .returning();
  return row === undefined ? readVerdict(db, fenced) : verdictOf(row);
}

/**
 * Pending commands of every workspace that nobody is sending now, oldest first: the drainer's work.
 * It still has to take the fence of each.
 * @param minAgeMs leaves those to their own sender that are younger.
 */
export async function listUnsettledCommands(
  db: Db,
  { limit, minAgeMs = 0 }: { limit: number; minAgeMs?: number },
): Promise<CommandRow[]> {
  return db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.state, 'pending'),
        leaseIsOver(),
        or(isNull(commands.retryAt), lte(commands.retryAt, sql`now()`)),
        lte(commands.createdAt, inMs(-minAgeMs)),
      ),
    )
    .orderBy(asc(commands.createdAt), asc(commands.id))
    .limit(limit);
}

/**
 * Notes why an attempt came to nothing, gives its lease back and makes the drainer wait `retryInMs`.
 * The message must not hold texts or secrets: `describeDatabaseError` gives one that does not.
 */
export async function recordCommandError(
  db: Db,
  {
    error,
    retryInMs,
    ...fenced
  }: CommandKey & { attempt: number; error: string; retryInMs: number },
): Promise<void> {
  await db
    .update(commands)
    .set({
      lastError: error.slice(0, 2_000),
      errorCount: sql`${commands.errorCount} + 1`,
      retryAt: inMs(retryInMs),
      leaseUntil: null,
    })
    .where(isOwn(fenced));
}

function isCommand({ workspaceId, id }: CommandKey) {
  return and(eq(commands.id, id), eq(commands.workspaceId, workspaceId));
}

function isOwn(fenced: CommandKey & { attempt: number }) {
  return and(
    isCommand(fenced),
    eq(commands.attempt, fenced.attempt),
    eq(commands.state, 'pending'),
  );
}

function leaseIsOver() {
  return or(isNull(commands.leaseUntil), lte(commands.leaseUntil, sql`clock_timestamp()`));
}

// clock_timestamp(), not now(): now() is when the transaction began, which shortens a lease.
function inMs(ms: number) {
  return sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
}
