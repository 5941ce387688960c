import pg from 'pg';
import { commandIdOf, type ItemEvent } from '../../domain/item/event.ts';
import type { Db } from '../client.ts';
import { isUniqueViolation } from '../errors.ts';
import { retryOnConflict } from '../transaction.ts';
import type { CommandVerdict } from './commands.ts';
import { outboxRows, type ProjectionBatch } from './projection-batch.ts';

/**
 * The whole projection as one statement, for a batch that continues where the row stands: at the event
 * before it, or at one of its own, for a run repeats what it does not know to be stored. A person waits
 * for it, and it saves seven round trips. The row's head hash names the event it stands at. Moving the
 * row takes its lock and checks the condition again once it has it; where that moves nothing, nothing
 * else happens either.
 */
const PROJECT_IN_ORDER = `
with moved as (
  update items set
    title = coalesce($5, title), stage = $6, substage = $7, owner_role = $8, assignee_id = $9,
    waiting_on = $10::jsonb, snapshot = $11::jsonb, stage_entered_at = $12, due_at = $13,
    closed_at = $14, seq = $15, head_hash = $16, updated_at = now()
  where id = $1 and workspace_id = $2 and seq between $3 and $15 - 1 and head_hash = any($4::text[])
  returning seq
), recorded as (
  insert into item_events
    (item_id, workspace_id, seq, at, type, actor, data, prev_hash, hash, command_id)
  select $1, $2, e.seq, e.at, e.type, e.actor, e.data, e."prevHash", e.hash, e."commandId"
  from jsonb_to_recordset($17::jsonb) as e (
    seq integer, at timestamptz, type text, actor text, data jsonb,
    "prevHash" text, hash text, "commandId" text)
  where exists (select from moved)
    -- Another hash under its seq is no repetition: the key refuses it.
    and not exists (select from item_events s
      where s.item_id = $1 and s.seq = e.seq and s.hash = e.hash)
  returning seq
), told as (
  insert into outbox (id, workspace_id, item_id, seq, ordinal, type, payload)
  select o.id, $2, $1, o.seq, o.ordinal, o.type, o.payload
  from jsonb_to_recordset($18::jsonb) as o (
    id text, seq integer, ordinal integer, type text, payload jsonb)
  where exists (select from moved)
  on conflict do nothing
), settled as (
  update commands set
    state = 'applied', answer = $20::jsonb, applied_seq = $21, settled_at = now(),
    lease_until = null, last_error = null, retry_at = null
  where id = $19 and workspace_id = $2 and state = 'pending' and exists (select from moved)
  returning answer, settled_at
)
select exists (select from moved) as moved,
       array(select seq from recorded order by seq) as recorded,
       (select answer from settled) as answer,
       (select settled_at from settled) as "settledAt"`;

interface Outcome {
  moved: boolean;
  recorded: number[];
  answer: Record<string, unknown> | null;
  settledAt: Date | null;
}

/**
 * @returns null when the batch does not continue where the row stands, or runs in a transaction of
 * someone else's: then nothing was done. `verdict` is null when the command was not pending.
 */
export async function projectInOrder(
  db: Db,
  batch: ProjectionBatch,
  events: readonly ItemEvent[],
): Promise<{ verdict: CommandVerdict | null; recorded: number[] } | null> {
  const { $client: pool } = db;
  const values = valuesOf(batch, events);
  // An error inside a foreign transaction would end it; there is no falling back from that.
  if (!(pool instanceof pg.Pool) || values === null) return null;
  try {
    const { rows } = await retryOnConflict(() =>
      pool.query<Outcome>({ name: 'project_in_order', text: PROJECT_IN_ORDER, values }),
    );
    const [outcome] = rows;
    if (outcome === undefined || !outcome.moved) return null;
    return { verdict: verdictOf(batch, outcome), recorded: outcome.recorded };
  } catch (error) {
    // An event beyond the row was recorded without its row: the general way sorts that out.
    if (isUniqueViolation(error, 'item_events_pkey')) return null;
    throw error;
  }
}

function valuesOf(batch: ProjectionBatch, events: readonly ItemEvent[]): unknown[] | null {
  const { workspaceId, itemId, item, command } = batch;
  const first = events.at(0);
  const last = events.at(-1);
  if (item === undefined || first === undefined || last?.seq !== item.seq) return null;
  if (!isUnbroken(events)) return null;
  const rows = events.map((event) => ({ ...event, commandId: commandIdOf(event) }));
  return [
    ...[itemId, workspaceId, first.seq - 1, events.map(({ prevHash }) => prevHash)],
    ...[item.title ?? null, item.stage, item.substage, item.ownerRole, item.assigneeId],
    ...[JSON.stringify(item.waitingOn), JSON.stringify(item.snapshot)],
    ...[item.stageEnteredAt, item.dueAt, item.closedAt, item.seq, last.hash],
    ...[JSON.stringify(rows), JSON.stringify(outboxRows(batch))],
    ...[command?.id ?? null, JSON.stringify(command?.answer ?? null), command?.seq ?? null],
  ];
}

function isUnbroken(events: readonly ItemEvent[]): boolean {
  return events.every((event, index) => {
    const previous = events[index - 1];
    return (
      previous === undefined || (event.seq === previous.seq + 1 && event.prevHash === previous.hash)
    );
  });
}

/** As it is stored: a repeated command reads it back, and both answers have to be the same. */
function verdictOf({ command }: ProjectionBatch, outcome: Outcome): CommandVerdict | null {
  const { answer, settledAt } = outcome;
  if (command === undefined || answer === null || settledAt === null) return null;
  return { state: 'applied', answer, seq: command.seq, settledAt: settledAt.toISOString() };
}
