import { commandIdOf, type ItemEvent } from '../../domain/item/event.ts';
import type { ItemRow } from '../../domain/item/row.ts';
import type { Db } from '../client.ts';
import { items } from '../schema/index.ts';
import type { CommandVerdict } from './commands.ts';
import { outboxRows, type ProjectionBatch } from './projection-batch.ts';

/** The row as a batch leaves it. */
export type NextRow = ItemRow & { title?: string; headHash: string };

/** Types of the columns that a batch moves. */
const COLUMN_TYPES: Record<keyof NextRow, string> = {
  title: 'text',
  stage: 'text',
  substage: 'text',
  ownerRole: 'text',
  assigneeId: 'text',
  waitingOn: 'jsonb',
  snapshot: 'jsonb',
  stageEnteredAt: 'timestamptz',
  dueAt: 'timestamptz',
  alarms: 'jsonb',
  nextAlarmAt: 'timestamptz',
  closedAt: 'timestamptz',
  seq: 'integer',
  headHash: 'text',
};
// Its keys are exactly those of NextRow.
const COLUMNS = Object.keys(COLUMN_TYPES) as (keyof NextRow)[];

/** The parameters before those of the row. */
const FIRST_COLUMN = 11;
const PARAMETERS = new Map(
  COLUMNS.map((key, index) => [key, `$${FIRST_COLUMN + index}::${COLUMN_TYPES[key]}`]),
);
const CHANGES = COLUMNS.filter((key) => key !== 'title')
  .map((key) => `${items[key].name} = ${PARAMETERS.get(key)}`)
  .join(', ');

/**
 * All writes of a projection. The row moves from where `$3` and `$4` say that it stands: moving it takes
 * its lock, and checks that again once it has it. Where it does not move, nothing else happens, unless
 * the caller holds the lock (`$5`).
 */
const WRITE = `
with moved as (
  update items set
    title = coalesce(${PARAMETERS.get('title')}, title), ${CHANGES}, updated_at = now(),
    -- One that the tables have lost is none: the item's run still knows it.
    campaign_id = (select c.id from campaigns c where c.workspace_id = $2
      and c.id = ${PARAMETERS.get('snapshot')} #>> '{context,campaign,id}')
  where id = $1 and workspace_id = $2
    and seq between $3 and ${PARAMETERS.get('seq')} - 1 and head_hash = any($4::text[])
  returning seq
), held as (
  select from moved union all select where $5::boolean
), recorded as (
  insert into item_events
    (item_id, workspace_id, seq, at, type, actor, data, prev_hash, hash, command_id)
  select $1, $2, e.seq, e.at, e.type, e.actor, e.data, e."prevHash", e.hash, e."commandId"
  from jsonb_to_recordset($6::jsonb) as e (
    seq integer, at timestamptz, type text, actor text, data jsonb,
    "prevHash" text, hash text, "commandId" text)
  where exists (select from held)
    -- Another hash under its seq is no repetition: the key refuses it.
    and not exists (select from item_events s
      where s.item_id = $1 and s.seq = e.seq and s.hash = e.hash)
  returning seq
), sent as (
  -- With its event, so once: a row that was handed on is gone.
  insert into outbox (id, workspace_id, stream, item_id, seq, ordinal, type, payload)
  select o.id, $2, $1, $1, o.seq, o.ordinal, o.type, o.payload
  from jsonb_to_recordset($7::jsonb) as o (
    id text, seq integer, ordinal integer, type text, payload jsonb)
  where o.seq in (select seq from recorded)
  order by o.seq, o.ordinal
  -- An event that comes back to its table may be waiting to be told still.
  on conflict do nothing
), settled as (
  update commands set
    state = 'applied', answer = $10::jsonb, applied_seq = $9, settled_at = now(),
    lease_until = null, last_error = null
  where id = $8 and workspace_id = $2 and state = 'pending' and exists (select from held)
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

export interface WriteResult {
  moved: boolean;
  /** Seqs stored by this call. */
  recorded: number[];
  /** Null when the command was not pending, and without one. */
  verdict: CommandVerdict | null;
}

/**
 * Writes a batch in one statement.
 * @param next null to leave the row where it stands.
 * @param from the seqs and head hashes that the row may stand at for this.
 */
export async function writeBatch(
  db: Db,
  batch: ProjectionBatch,
  {
    events,
    next,
    from,
    isLocked,
  }: {
    events: readonly ItemEvent[];
    next: NextRow | null;
    from: { seq: number; hashes: string[] };
    isLocked: boolean;
  },
): Promise<WriteResult> {
  const { workspaceId, itemId, command } = batch;
  const rows = events.map((event) => ({ ...event, commandId: commandIdOf(event) }));
  const { $client: client } = db;
  const {
    rows: [outcome],
  } = await client.query<Outcome>({
    name: 'write_batch',
    text: WRITE,
    values: [
      itemId,
      workspaceId,
      from.seq,
      from.hashes,
      isLocked,
      JSON.stringify(rows),
      JSON.stringify(outboxRows(batch)),
      command?.id ?? null,
      command?.seq ?? null,
      JSON.stringify(command?.answer ?? null),
      ...COLUMNS.map((key) => (next === null ? null : parameterOf(key, next))),
    ],
  });
  if (outcome === undefined) throw new Error('the projection returned no row');
  const { moved, recorded } = outcome;
  return { moved, recorded, verdict: verdictOf(batch, outcome) };
}

function parameterOf(key: keyof NextRow, next: NextRow): unknown {
  const value = next[key];
  return COLUMN_TYPES[key] === 'jsonb' ? JSON.stringify(value) : value;
}

/** As it is stored: a repeated command reads it back, and both answers have to be the same. */
function verdictOf({ command }: ProjectionBatch, outcome: Outcome): CommandVerdict | null {
  const { answer, settledAt } = outcome;
  if (command === undefined || answer === null || settledAt === null) return null;
  return { state: 'applied', answer, seq: command.seq, settledAt: settledAt.toISOString() };
}
