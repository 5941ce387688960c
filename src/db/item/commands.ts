import {
  and,
  asc,
  eq,
  getTableColumns,
  isNull,
  lte,
  ne,
  not,
  or,
  type Placeholder,
  sql,
} from 'drizzle-orm';
import type { Unmet } from '../../domain/item/requirements/catalogue.ts';
import type { Db } from '../client.ts';
import { preparedOnce } from '../prepared.ts';
import { commands, items } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

export type CommandRow = typeof commands.$inferSelect;

/** What became of a command, for good. */
export type CommandVerdict =
  | { state: 'applied'; answer: Record<string, unknown>; seq: number; settledAt: string }
  /** Expired: nobody answered it in time, so it can no longer be applied. */
  | { state: 'refused' | 'expired'; unmet: Unmet[]; seq: number; settledAt: string };

export interface NewCommand {
  id: string;
  workspaceId: string;
  itemId: string;
  actorId: string;
  source: CommandRow['source'];
  type: string;
  payload: Record<string, unknown>;
  bodyHash: string;
  /** ISO instant, real time. */
  expiresAt: string;
  traceId?: string | undefined;
}

export type CommandInsertion =
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
): Promise<CommandInsertion> {
  const { payload } = command;
  const fence = { attempt: leaseMs === undefined ? 0 : 1, leaseMs: leaseMs ?? null };
  const { traceId = null } = command;
  const [created] = await storeNew(db).execute({ ...command, ...fence, traceId });
  if (created !== undefined) {
    const attempt = leaseMs === undefined ? null : created.attempt;
    return { conflict: false, inserted: true, attempt, row: { ...created, payload } };
  }
  const row = await getCommand(db, command);
  // A command goes long after its item was closed: a row that cannot be seen is another workspace's.
  if (row === null || !isSameRequest(row, command)) {
    return { conflict: true };
  }
  return { conflict: false, inserted: false, attempt: null, row };
}

/** Hash of the body of a command that was stored again from the history of its run. */
export const UNKNOWN_BODY = '';

/** Whether an id is used again for what it was used for. */
export function isSameRequest(
  row: Pick<CommandRow, 'bodyHash' | 'type'>,
  { bodyHash, type }: { bodyHash: string; type: string },
): boolean {
  return row.type === type && (row.bodyHash === bodyHash || row.bodyHash === UNKNOWN_BODY);
}

/** The payload is not read back: it is the largest column and the caller has it. */
const { payload: _, ...columnsBesidePayload } = getTableColumns(commands);

const storeNew = preparedOnce((db) =>
  db
    .insert(commands)
    .values({
      id: sql.placeholder('id'),
      workspaceId: sql.placeholder('workspaceId'),
      itemId: sql.placeholder('itemId'),
      actorId: sql.placeholder('actorId'),
      source: sql.placeholder('source'),
      type: sql.placeholder('type'),
      payload: sql.placeholder('payload'),
      bodyHash: sql.placeholder('bodyHash'),
      expiresAt: sql.placeholder('expiresAt'),
      traceId: sql.placeholder('traceId'),
      attempt: sql.placeholder('attempt'),
      leaseUntil: inMs(sql.placeholder('leaseMs')),
    })
    .onConflictDoNothing()
    .returning(columnsBesidePayload)
    .prepare('store_command'),
);

export interface CommandKey {
  workspaceId: string;
  id: string;
}

/** The row of a command, or null. */
export async function getCommand(
  db: Db,
  { workspaceId, id }: CommandKey,
): Promise<CommandRow | null> {
  const [row] = await findCommand(db).execute({ workspaceId, id });
  return row ?? null;
}

const findCommand = preparedOnce((db) =>
  db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.id, sql.placeholder('id')),
        eq(commands.workspaceId, sql.placeholder('workspaceId')),
      ),
    )
    .prepare('find_command'),
);

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

/** Whether a command other than `besides` is on its way to the item's run. */
export async function hasPendingCommand(
  db: Db,
  { workspaceId, itemId, besides }: { workspaceId: string; itemId: string; besides: string },
): Promise<boolean> {
  const [row] = await db
    .select({ id: commands.id })
    .from(commands)
    .where(
      and(
        eq(commands.itemId, itemId),
        eq(commands.workspaceId, workspaceId),
        eq(commands.state, 'pending'),
        ne(commands.id, besides),
      ),
    )
    .limit(1);
  return row !== undefined;
}

/** The verdict of a command; null while it is pending, and for an id unknown in the workspace. */
export async function readVerdict(db: Db, key: CommandKey): Promise<CommandVerdict | null> {
  const row = await getCommand(db, key);
  return row === null ? null : verdictOf(row);
}

const verdictColumns = {
  state: commands.state,
  answer: commands.answer,
  unmet: commands.unmet,
  appliedSeq: commands.appliedSeq,
  refusedAtSeq: commands.refusedAtSeq,
  settledAt: commands.settledAt,
  createdAt: commands.createdAt,
};

/** The verdict in a row, or null while it is pending. */
export function verdictOf(
  row: Pick<CommandRow, keyof typeof verdictColumns>,
): CommandVerdict | null {
  const settledAt = row.settledAt ?? row.createdAt;
  switch (row.state) {
    case 'pending':
      return null;
    case 'applied':
      return { state: 'applied', answer: row.answer ?? {}, seq: row.appliedSeq ?? 0, settledAt };
    case 'refused':
    case 'expired':
      return { state: row.state, unmet: row.unmet ?? [], seq: row.refusedAtSeq ?? 0, settledAt };
  }
}

/**
 * Stores a refusal where the attempt is still the caller's and no verdict stands.
 * @param atSeq where the run stood when it refused; the item's row decides when it is not known.
 * @returns the verdict that stands afterwards; null when a later attempt took over and has none yet.
 */
export async function storeRefusal(
  db: Db,
  {
    unmet,
    atSeq,
    state = 'refused',
    ...fenced
  }: CommandKey & {
    attempt: number;
    unmet: Unmet[];
    atSeq?: number;
    state?: 'refused' | 'expired';
  },
): Promise<CommandVerdict | null> {
  const refusal = { ...fenced, unmet: JSON.stringify(unmet), atSeq: atSeq ?? null, state };
  const [row] = await refuse(db).execute(refusal);
  return row === undefined ? readVerdict(db, fenced) : verdictOf(row);
}

const refuse = preparedOnce((db) =>
  db
    .update(commands)
    .set({
      state: sql`${sql.placeholder('state')}`,
      unmet: sql`${sql.placeholder('unmet')}::jsonb`,
      refusedAtSeq: sql`coalesce(${sql.placeholder('atSeq')}::integer,
        (select ${items.seq} from ${items} where ${items.id} = ${commands.itemId}), 0)`,
      settledAt: sql`now()`,
      leaseUntil: null,
      // Why nobody answered is worth knowing.
      lastError: sql`case when ${sql.placeholder('state')} = 'expired' then ${commands.lastError} end`,
    })
    .where(
      and(
        eq(commands.id, sql.placeholder('id')),
        eq(commands.workspaceId, sql.placeholder('workspaceId')),
        eq(commands.attempt, sql.placeholder('attempt')),
        eq(commands.state, 'pending'),
      ),
    )
    .returning(verdictColumns)
    .prepare('refuse_command'),
);

/**
 * Pending commands of every workspace that nobody is sending and that wait in no queue, oldest first:
 * whoever stored them died.
 * @param minAgeMs leaves those to their own sender that are younger.
 */
export async function listAbandonedCommands(
  db: Db,
  { limit, minAgeMs = 0 }: { limit: number; minAgeMs?: number },
): Promise<CommandKey[]> {
  return acrossWorkspaces('unsettled_commands', () =>
    db
      .select({ workspaceId: commands.workspaceId, id: commands.id })
      .from(commands)
      .where(
        and(
          eq(commands.state, 'pending'),
          not(commands.isQueued),
          leaseIsOver(),
          lte(commands.createdAt, inMs(-minAgeMs)),
        ),
      )
      .orderBy(asc(commands.createdAt), asc(commands.id))
      .limit(limit)
      .execute(),
  );
}

function isCommand({ workspaceId, id }: CommandKey) {
  return and(eq(commands.id, id), eq(commands.workspaceId, workspaceId));
}

function leaseIsOver() {
  return or(isNull(commands.leaseUntil), lte(commands.leaseUntil, sql`clock_timestamp()`));
}

// clock_timestamp(), not now(): now() is when the transaction began, which shortens a lease.
// Null is never.
function inMs(ms: number | Placeholder) {
  return sql`clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`;
}
