import { and, asc, desc, eq, getTableColumns, gt, lt, max, sql } from 'drizzle-orm';
import type { ItemEvent } from '../../domain/item/event.ts';
import type { Db } from '../client.ts';
import { itemEvents } from '../schema/index.ts';
import { type ItemKey, isOfItem } from './items.ts';

/** A stored event, in the form that `verifyChain` of the domain checks. */
export type StoredEvent = ItemEvent & { commandId: string | null };

const {
  itemId: _,
  workspaceId: __,
  recordedAt: ___,
  ...eventColumns
} = getTableColumns(itemEvents);

/** At most `limit` events that follow a seq, in order. */
export async function readEventsAfter(
  db: Db,
  { afterSeq, limit, ...key }: ItemKey & { afterSeq: number; limit: number },
): Promise<StoredEvent[]> {
  return db
    .select(eventColumns)
    .from(itemEvents)
    .where(and(isOfItem(itemEvents, key), gt(itemEvents.seq, afterSeq)))
    .orderBy(asc(itemEvents.seq))
    .limit(limit);
}

/** The whole chain of an item: what an audit pack or a check of the chain reads. */
export async function readChain(db: Db, key: ItemKey): Promise<StoredEvent[]> {
  return db
    .select(eventColumns)
    .from(itemEvents)
    .where(isOfItem(itemEvents, key))
    .orderBy(asc(itemEvents.seq));
}

/**
 * The events that name a command as their cause; empty when the run never applied it. Answers for a
 * command whose run has closed and no longer knows it.
 */
export async function findEventsOfCommand(
  db: Db,
  { workspaceId, commandId }: { workspaceId: string; commandId: string },
): Promise<StoredEvent[]> {
  return db
    .select(eventColumns)
    .from(itemEvents)
    .where(and(eq(itemEvents.workspaceId, workspaceId), eq(itemEvents.commandId, commandId)))
    .orderBy(asc(itemEvents.seq));
}

/** The hash of the draft that was submitted as a content; null when none was. */
export async function findSubmittedDraft(
  db: Db,
  { contentHash, ...key }: ItemKey & { contentHash: string },
): Promise<string | null> {
  const submitted = db
    .select({ seq: max(itemEvents.seq) })
    .from(itemEvents)
    .where(
      and(
        isOfItem(itemEvents, key),
        eq(itemEvents.type, 'review.submitted'),
        eq(sql`${itemEvents.data} ->> 'contentHash'`, contentHash),
      ),
    );
  const [row] = await db
    .select({ hash: sql<string>`${itemEvents.data} ->> 'hash'` })
    .from(itemEvents)
    .where(
      and(
        isOfItem(itemEvents, key),
        eq(itemEvents.type, 'draft.saved'),
        lt(itemEvents.seq, sql`(${submitted})`),
      ),
    )
    .orderBy(desc(itemEvents.seq))
    .limit(1);
  return row?.hash ?? null;
}
