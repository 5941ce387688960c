import { and, eq, gte, lt, lte, sql } from 'drizzle-orm';
import { z } from 'zod';
import { intentKeyOf } from '../../domain/channel/publication-intent.ts';
import { commandIdOf, GENESIS_HASH, type ItemEvent } from '../../domain/item/event.ts';
import type { Db } from '../client.ts';
import { ChainConflict, StoreError } from '../errors.ts';
import { resolveIntent } from '../publishing/publish-intents.ts';
import { commands, itemEvents, items, outbox } from '../schema/index.ts';
import { inTransaction } from '../transaction.ts';
import { getCommand, verdictOf } from './commands.ts';
import { outboxRows, type Projection, type ProjectionBatch } from './projection-batch.ts';
import { projectInOrder } from './projection-in-order.ts';

/**
 * The only writer of an item's state and of its events. One transaction, repeatable in any order:
 * events are inserted if absent, the item row moves only forward in seq, the first verdict stays.
 * Returns what is committed, which is what a caller has to be answered.
 * @throws ChainConflict when an event stands with another hash or does not fit its neighbours.
 * @throws StoreError `item_row_missing`, `batch_incomplete`.
 */
export async function projectEvents(db: Db, batch: ProjectionBatch): Promise<Projection> {
  const events = [...batch.events].sort((a, b) => a.seq - b.seq);
  const inOrder = events.some(isResolution) ? null : await projectInOrder(db, batch, events);
  if (inOrder === null) return inTransaction(db, (tx) => projectAnyhow(tx, batch, events));
  const standing =
    inOrder.verdict === null && batch.command !== undefined
      ? await inTransaction(db, (tx) => settleCommand(tx, batch))
      : { verdict: inOrder.verdict, contradiction: false };
  return { seq: events.at(-1)?.seq ?? 0, recorded: inOrder.recorded, missing: [], ...standing };
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
  const recorded = await insertEvents(tx, batch, events);
  const seq = await moveItem(tx, batch, row, chain);
  await insertOutbox(tx, batch);
  await settleResolved(tx, batch, events);
  return { seq, recorded, missing, ...(await settleCommand(tx, batch)) };
}

function isResolution({ type }: ItemEvent): boolean {
  return type === 'publication.resolved';
}

/** What a person said of a send settles its row in the send ledger, in the same transaction as the event. */
async function settleResolved(
  tx: Db,
  { workspaceId, itemId }: ProjectionBatch,
  events: readonly ItemEvent[],
): Promise<void> {
  for (const { actor, at, data } of events.filter(isResolution)) {
    const said = Resolution.safeParse(data);
    if (!said.success) continue;
    const { channelAccountId, slotNumber, outcome, evidence, remoteId, permalink } = said.data;
    await resolveIntent(tx, {
      workspaceId,
      intentKey: intentKeyOf({ workspaceId, itemId, channelAccountId, slotNumber }),
      ...{
        resolution: outcome,
        remoteId,
        permalink,
        evidence: { by: actor, saidAt: at, reason: evidence },
      },
    });
  }
}

/** Data of `publication.resolved`; a slot that is only moved has nothing to settle. */
const Resolution = z.object({
  channelAccountId: z.string(),
  slotNumber: z.number(),
  outcome: z.enum(['live', 'not_live', 'publish_again', 'skip']),
  evidence: z.string().nullable().default(null),
  remoteId: z.string().nullable().default(null),
  permalink: z.string().nullable().default(null),
});

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
    if (expected !== hash) throw new ChainConflict({ itemId, seq, expected, given: hash });
    chain.set(seq, hash);
  }
  for (const { seq, prevHash } of [...stored, ...events]) {
    const expected = chain.get(seq - 1) ?? prevHash;
    if (expected !== prevHash) {
      throw new ChainConflict({ itemId, seq: seq - 1, expected, given: prevHash });
    }
  }
  return chain;
}

async function insertEvents(
  tx: Db,
  { workspaceId, itemId }: ProjectionBatch,
  events: readonly ItemEvent[],
): Promise<number[]> {
  if (events.length === 0) return [];
  const rows = events.map((event) => ({
    ...{ ...event, workspaceId, itemId },
    commandId: commandIdOf(event),
  }));
  const inserted = await tx
    .insert(itemEvents)
    .values(rows)
    .onConflictDoNothing()
    .returning({ seq: itemEvents.seq });
  return inserted.map(({ seq }) => seq).sort((a, b) => a - b);
}

/** @returns the row's seq afterwards. */
async function moveItem(
  tx: Db,
  { workspaceId, itemId, item }: ProjectionBatch,
  row: ItemHead,
  chain: ReadonlyMap<number, string>,
): Promise<number> {
  if (item === undefined || item.seq <= row.seq) return row.seq;
  const headHash = chain.get(item.seq);
  if (headHash === undefined) {
    throw new StoreError('batch_incomplete', `${itemId}: event ${item.seq} is not in the batch`);
  }
  await tx
    .update(items)
    .set({ ...item, headHash, updatedAt: sql`now()` })
    .where(and(eq(items.id, itemId), eq(items.workspaceId, workspaceId), lt(items.seq, item.seq)));
  return item.seq;
}

async function insertOutbox(tx: Db, batch: ProjectionBatch): Promise<void> {
  const { workspaceId, itemId } = batch;
  const rows = outboxRows(batch).map((row) => ({ ...row, workspaceId, itemId }));
  if (rows.length > 0) await tx.insert(outbox).values(rows).onConflictDoNothing();
}

/** Events are kept even if the verdict contradicts them: the run is the truth about what happened. */
async function settleCommand(
  tx: Db,
  { workspaceId, command }: ProjectionBatch,
): Promise<Pick<Projection, 'verdict' | 'contradiction'>> {
  if (command === undefined) return { verdict: null, contradiction: false };
  const { id, seq, answer } = command;
  const isCommand = and(eq(commands.id, id), eq(commands.workspaceId, workspaceId));
  const [settled] = await tx
    .update(commands)
    .set({
      state: 'applied',
      answer,
      appliedSeq: seq,
      settledAt: sql`now()`,
      leaseUntil: null,
      lastError: null,
      retryAt: null,
    })
    .where(and(isCommand, eq(commands.state, 'pending')))
    .returning();
  if (settled !== undefined) return { verdict: verdictOf(settled), contradiction: false };
  const standing = await getCommand(tx, { workspaceId, id });
  if (standing === null) return { verdict: null, contradiction: false };
  const contradiction = standing.state === 'refused' || standing.appliedSeq !== seq;
  if (contradiction) {
    await tx
      .update(commands)
      .set({
        lastError: `the run applied it at seq ${seq}, but it stands ${standing.state}`,
        ...(standing.state === 'refused' ? { appliedSeq: seq } : {}),
      })
      .where(isCommand);
  }
  return { verdict: verdictOf(standing), contradiction };
}
