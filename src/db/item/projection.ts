import { and, eq, gte, lte } from 'drizzle-orm';
import pg from 'pg';
import { GENESIS_HASH, type ItemEvent } from '../../domain/item/event.ts';
import type { Db } from '../client.ts';
import { ChainConflict, isUniqueViolation, StoreError } from '../errors.ts';
import { commands, itemEvents, items } from '../schema/index.ts';
import { inTransaction, retryOnConflict } from '../transaction.ts';
import { getCommand, verdictOf } from './commands.ts';
import type { Projection, ProjectionBatch } from './projection-batch.ts';
import { type NextRow, type WriteResult, writeBatch } from './projection-statement.ts';

/**
 * The only writer of an item's state and of its events. One transaction, repeatable in any order:
 * events are inserted if absent, the item row moves only forward in seq, the first verdict stays.
 * Returns what is committed, which is what a caller has to be answered.
 * @throws ChainConflict when an event stands with another hash or does not fit its neighbours.
 * @throws StoreError `item_row_missing`, `batch_incomplete`.
 */
export async function projectEvents(db: Db, batch: ProjectionBatch): Promise<Projection> {
  const events = [...batch.events].sort((a, b) => a.seq - b.seq);
  const written = await projectInOrder(db, batch, events);
  if (written === null) return inTransaction(db, (tx) => projectAnyhow(tx, batch, events));
  const { recorded, verdict } = written;
  const settled =
    verdict === null && batch.command !== undefined
      ? await inTransaction(db, (tx) => readVerdict(tx, batch))
      : { verdict, contradiction: false };
  return { seq: events.at(-1)?.seq ?? 0, recorded, missing: [], ...settled };
}

/**
 * For a batch that continues where the row stands: at the event before it, or at one of its own, for a
 * run repeats what it does not know to be stored. A person waits for it, and it saves six round trips.
 * The row's head hash names the event it stands at.
 * @returns null when the batch does not continue there, or runs in a transaction of someone else's:
 * then nothing was done.
 */
async function projectInOrder(
  db: Db,
  batch: ProjectionBatch,
  events: readonly ItemEvent[],
): Promise<WriteResult | null> {
  const { item } = batch;
  const first = events.at(0);
  const last = events.at(-1);
  // An error inside a foreign transaction would end it; there is no falling back from that.
  if (!(db.$client instanceof pg.Pool)) return null;
  if (item === undefined || first === undefined || last?.seq !== item.seq) return null;
  if (!isUnbroken(events)) return null;
  try {
    const written = await retryOnConflict(() =>
      writeBatch(db, batch, {
        events,
        next: { ...item, headHash: last.hash },
        from: { seq: first.seq - 1, hashes: events.map(({ prevHash }) => prevHash) },
        isLocked: false,
      }),
    );
    return written.moved ? written : null;
  } catch (error) {
    // An event beyond the row was recorded without its row: the general way sorts that out.
    if (isUniqueViolation(error, 'item_events_pkey')) return null;
    throw error;
  }
}

function isUnbroken(events: readonly ItemEvent[]): boolean {
  return events.every((event, index) => {
    const previous = events[index - 1];
    return (
      previous === undefined || (event.seq === previous.seq + 1 && event.prevHash === previous.hash)
    );
  });
}

/** Batches that overlap what is stored, come early or late, or only settle a command. */
async function projectAnyhow(
  tx: Db,
  batch: ProjectionBatch,
  events: readonly ItemEvent[],
): Promise<Projection> {
  const row = await lockItem(tx, batch);
  const stored = await readNeighbours(tx, batch, events);
  const chain = joinChain(batch.itemId, row, stored, events);
  const missing = events.map(({ seq }) => seq - 1).filter((seq) => !chain.has(seq));
  const next = nextRow(batch, row, chain);
  const { recorded, verdict } = await writeBatch(tx, batch, {
    events,
    next,
    from: { seq: row.seq, hashes: [row.headHash] },
    isLocked: true,
  });
  const settled =
    verdict === null ? await readVerdict(tx, batch) : { verdict, contradiction: false };
  return { seq: next?.seq ?? row.seq, recorded, missing, ...settled };
}

interface ItemHead {
  seq: number;
  headHash: string;
}

interface Link {
  seq: number;
  hash: string;
  prevHash: string;
}

async function lockItem(tx: Db, { workspaceId, itemId }: ProjectionBatch): Promise<ItemHead> {
  const [row] = await tx
    .select({ seq: items.seq, headHash: items.headHash })
    .from(items)
    .where(and(eq(items.id, itemId), eq(items.workspaceId, workspaceId)))
    .for('no key update');
  if (row === undefined) throw new StoreError('item_row_missing', `${itemId} has no row`);
  return row;
}

/** The stored events that the batch touches. The lock is held: they cannot change before the commit. */
async function readNeighbours(
  tx: Db,
  { itemId }: ProjectionBatch,
  events: readonly ItemEvent[],
): Promise<Link[]> {
  const first = events.at(0);
  const last = events.at(-1);
  if (first === undefined || last === undefined) return [];
  return tx
    .select({ seq: itemEvents.seq, hash: itemEvents.hash, prevHash: itemEvents.prevHash })
    .from(itemEvents)
    .where(
      and(
        eq(itemEvents.itemId, itemId),
        gte(itemEvents.seq, first.seq - 1),
        lte(itemEvents.seq, last.seq + 1),
      ),
    );
}

/** The hash of every seq that is known once the batch is stored. */
function joinChain(
  itemId: string,
  row: ItemHead,
  stored: readonly Link[],
  events: readonly ItemEvent[],
): Map<number, string> {
  const chain = new Map([
    [0, GENESIS_HASH],
    [row.seq, row.headHash],
  ]);
  for (const { seq, hash } of [...stored, ...events]) {
    const expected = chain.get(seq) ?? hash;
    if (expected !== hash) throw new ChainConflict({ itemId, seq, expected, actual: hash });
    chain.set(seq, hash);
  }
  for (const { seq, prevHash } of [...stored, ...events]) {
    const expected = chain.get(seq - 1) ?? prevHash;
    if (expected !== prevHash) {
      throw new ChainConflict({ itemId, seq: seq - 1, expected, actual: prevHash });
    }
  }
  return chain;
}

/** The row after the batch; null when it stands there already or further. */
function nextRow(
  { itemId, item }: ProjectionBatch,
  row: ItemHead,
  chain: ReadonlyMap<number, string>,
): NextRow | null {
  if (item === undefined || item.seq <= row.seq) return null;
  const headHash = chain.get(item.seq);
  if (headHash === undefined) {
    throw new StoreError('batch_incomplete', `${itemId}: event ${item.seq} is not in the batch`);
  }
  return { ...item, headHash };
}

/**
 * The verdict that a command had before. Events are kept even if it contradicts them: the run is the
 * truth about what happened.
 */
async function readVerdict(
  tx: Db,
  { workspaceId, command }: ProjectionBatch,
): Promise<Pick<Projection, 'verdict' | 'contradiction'>> {
  const row = command === undefined ? null : await getCommand(tx, { workspaceId, id: command.id });
  if (command === undefined || row === null) return { verdict: null, contradiction: false };
  const { id, seq } = command;
  const isRefusal = row.state === 'refused' || row.state === 'expired';
  const contradiction = isRefusal || row.appliedSeq !== seq;
  if (contradiction) {
    await tx
      .update(commands)
      .set({
        lastError: `the run applied it at event ${seq}, but its verdict is "${row.state}"`,
        appliedSeq: isRefusal ? seq : row.appliedSeq,
      })
      .where(and(eq(commands.id, id), eq(commands.workspaceId, workspaceId)));
  }
  return { verdict: verdictOf(row), contradiction };
}
