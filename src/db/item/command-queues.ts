import { and, asc, eq, sql } from 'drizzle-orm';
import type { Divergence } from '../../domain/item/divergence.ts';
import type { Db } from '../client.ts';
import { commandQueues, commands } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';
import type { CommandKey, CommandRow } from './commands.ts';

export type CommandQueue = typeof commandQueues.$inferSelect;

interface QueueKey {
  workspaceId: string;
  itemId: string;
}

/** The right to send the commands of one run, one after the other. */
export interface QueueTurn extends QueueKey {
  turn: number;
  failures: number;
  isSilent: boolean;
}

/** How many queues are wanted: of runs that may answer, and of runs that did not for some time. */
export interface QueuesWanted {
  lively: number;
  silent: number;
  /** Of one workspace at most, of either kind. */
  perWorkspace: number;
}

/**
 * Queues of every workspace whose time has come: the first of each workspace before the second of any.
 * Each workspace costs a look into the index, however many queues it has. Whoever gets the list still
 * has to take the turn of each.
 */
export async function listDueQueues(db: Db, wanted: QueuesWanted): Promise<QueueKey[]> {
  const { lively, silent, perWorkspace } = wanted;
  // Awaited inside: the query is sent when it is waited for.
  const { rows } = await acrossWorkspaces('unsettled_commands', async () => {
    return await db.execute<{ item_id: string; workspace_id: string }>(sql`
      (${dueOf({ isSilent: false, limit: lively, perWorkspace })})
      union all
      (${dueOf({ isSilent: true, limit: silent, perWorkspace })})`);
  });
  return rows.map((row) => ({ workspaceId: row.workspace_id, itemId: row.item_id }));
}

function dueOf(part: { isSilent: boolean; limit: number; perWorkspace: number }) {
  const { isSilent, limit, perWorkspace } = part;
  return sql`
    with recursive spaces as (
      (select workspace_id from command_queues where is_silent = ${isSilent}
        order by workspace_id limit 1)
      union all
      select (select q.workspace_id from command_queues q
        where q.is_silent = ${isSilent} and q.workspace_id > s.workspace_id
        order by q.workspace_id limit 1)
      from spaces s where s.workspace_id is not null
    )
    select d.item_id, d.workspace_id from spaces s cross join lateral (
      select q.item_id, q.workspace_id, q.next_attempt_at,
        row_number() over (order by q.next_attempt_at, q.item_id) as place
      from command_queues q
      where q.is_silent = ${isSilent} and q.workspace_id = s.workspace_id
        and q.next_attempt_at <= clock_timestamp()
      order by q.next_attempt_at, q.item_id limit ${perWorkspace}
    ) d
    order by d.place, d.next_attempt_at, d.item_id limit ${limit}`;
}

/**
 * Takes the turns of queues of one workspace that are due and that nobody is taking right now.
 * @param againAfterMs also those whose last attempt is so long ago: somebody asks.
 */
export async function takeTurns(
  db: Db,
  {
    workspaceId,
    itemIds,
    leaseMs,
    againAfterMs = null,
  }: {
    workspaceId: string;
    itemIds: readonly string[];
    leaseMs: number;
    againAfterMs?: number | null;
  },
): Promise<QueueTurn[]> {
  const { rows } = await db.execute<{
    item_id: string;
    turn: number;
    failures: number;
    is_silent: boolean;
  }>(sql`
    update command_queues q set turn = q.turn + 1, attempted_at = clock_timestamp(),
      next_attempt_at = ${fromNow(leaseMs)}
    from (
      select item_id from command_queues
      where workspace_id = ${workspaceId}
        and item_id in (select jsonb_array_elements_text(${JSON.stringify(itemIds)}::jsonb))
        and (next_attempt_at <= clock_timestamp()
          or attempted_at + ${againAfterMs}::float8 * interval '1 millisecond' <= clock_timestamp())
      for update skip locked
    ) due
    where q.item_id = due.item_id and q.workspace_id = ${workspaceId}
    returning q.item_id, q.turn, q.failures, q.is_silent`);
  return rows.map(({ item_id: itemId, turn, failures, is_silent: isSilent }) => ({
    workspaceId,
    itemId,
    turn,
    failures,
    isSilent,
  }));
}

/** The command of a queue that is sent next: the oldest. */
export async function firstInLine(
  db: Db,
  { workspaceId, itemId }: QueueKey,
): Promise<CommandRow | null> {
  const [row] = await db
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.itemId, itemId),
        eq(commands.workspaceId, workspaceId),
        eq(commands.state, 'pending'),
      ),
    )
    .orderBy(asc(commands.createdAt), asc(commands.id))
    .limit(1);
  return row ?? null;
}

/** Puts commands into the queues of their runs, which are made where there are none. */
export async function joinQueues(
  db: Db,
  { workspaceId, commandIds }: { workspaceId: string; commandIds: readonly string[] },
): Promise<void> {
  // An update, not "do nothing": it waits for whoever is about to remove an empty queue.
  await db.execute(sql`
    with joined as (
      update commands set is_queued = true
      where workspace_id = ${workspaceId} and state = 'pending'
        and id in (select jsonb_array_elements_text(${JSON.stringify(commandIds)}::jsonb))
      returning item_id
    )
    insert into command_queues (item_id, workspace_id)
    select distinct item_id, ${workspaceId} from joined order by item_id
    on conflict (item_id) do update set workspace_id = excluded.workspace_id`);
}

/**
 * Gives a turn back after an answer. A queue with nobody in it is removed; one that goes on is due at
 * once, behind the others of its workspace.
 */
export async function leaveQueue(db: Db, held: QueueTurn): Promise<void> {
  const { workspaceId, itemId } = held;
  await inTransaction(db, async (tx) => {
    // Whoever joins waits for this lock, or is seen by the next query.
    const [own] = await tx
      .select({ turn: commandQueues.turn })
      .from(commandQueues)
      .where(isHeld(held))
      .for('update');
    if (own === undefined) return;
    if ((await firstInLine(tx, { workspaceId, itemId })) === null) {
      await tx.delete(commandQueues).where(isHeld(held));
      return;
    }
    const again = { failures: 0, isSilent: false, nextAttemptAt: sql`clock_timestamp()` };
    await tx.update(commandQueues).set(again).where(isHeld(held));
  });
}

/** Gives a turn back that came too early: somebody is sending the first command right now. */
export async function postponeQueue(
  db: Db,
  held: QueueTurn,
  { pauseMs }: { pauseMs: number },
): Promise<void> {
  await db
    .update(commandQueues)
    .set({ nextAttemptAt: fromNow(pauseMs) })
    .where(isHeld(held));
}

/** What an attempt that came to nothing means for the queue of the run. */
export interface FailedAttempt {
  /** Of whoever works the queue; 0 for the first sender of a command. */
  turn: number;
  failures: number;
  isSilent: boolean;
  pauseMs: number;
}

/**
 * Notes why an attempt came to nothing and gives its lease back. The command waits in the queue of its
 * run from then on, and the queue waits `pauseMs`.
 * The message must not hold texts or secrets: `describeDatabaseError` gives one that does not.
 */
export async function recordCommandError(
  db: Db,
  {
    workspaceId,
    id,
    attempt,
    error,
    queue: { turn, failures, isSilent, pauseMs },
    divergence = null,
  }: CommandKey & {
    attempt: number;
    error: string;
    queue: FailedAttempt;
    /** What the run said of the item's row; what it said before stands without. */
    divergence?: Divergence | null;
  },
): Promise<void> {
  const said = divergence === null ? null : JSON.stringify(divergence);
  await db.execute(sql`
    with failed as (
      update commands set last_error = ${error.slice(0, 2_000)}, error_count = error_count + 1,
        is_queued = true, lease_until = null, divergence = coalesce(${said}::jsonb, divergence)
      where id = ${id} and workspace_id = ${workspaceId} and attempt = ${attempt}
        and state = 'pending'
      returning item_id
    )
    insert into command_queues as q (item_id, workspace_id, turn, failures, is_silent, attempted_at,
      next_attempt_at)
    select item_id, ${workspaceId}, ${turn}, ${failures}, ${isSilent}, clock_timestamp(),
      ${fromNow(pauseMs)}
    from failed
    on conflict (item_id) do update set
      -- Whoever works the queue decides; who only sent its own command joins it.
      failures = case when q.turn = excluded.turn then excluded.failures else q.failures end,
      is_silent = case when q.turn = excluded.turn then excluded.is_silent else q.is_silent end,
      attempted_at =
        case when q.turn = excluded.turn then excluded.attempted_at else q.attempted_at end,
      next_attempt_at =
        case when q.turn = excluded.turn then excluded.next_attempt_at else q.next_attempt_at end`);
}

function isHeld({ workspaceId, itemId, turn }: QueueTurn) {
  return and(
    eq(commandQueues.itemId, itemId),
    eq(commandQueues.workspaceId, workspaceId),
    eq(commandQueues.turn, turn),
  );
}

function fromNow(ms: number) {
  return sql`clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`;
}
