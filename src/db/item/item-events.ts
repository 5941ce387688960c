import { and, asc, desc, eq, getTableColumns, gt, inArray, lt, max, sql } from 'drizzle-orm';
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

/** An item came into a stage. */
export interface StageChange {
  at: string;
  from: string | null;
  to: string;
}

/** Where an item was, in order: at most as many moves as a document shows. */
export async function listStageChanges(db: Db, key: ItemKey): Promise<StageChange[]> {
  const { data } = itemEvents;
  return db
    .select({
      at: itemEvents.at,
      from: sql<string | null>`${data} ->> 'from'`,
      to: sql<string>`coalesce(${data} ->> 'to', 'briefing')`,
    })
    .from(itemEvents)
    .where(
      and(
        isOfItem(itemEvents, key),
        inArray(itemEvents.type, ['item.started', 'item.stage_changed']),
      ),
    )
    .orderBy(asc(itemEvents.seq))
    .limit(MAX_CHANGES);
}

const MAX_CHANGES = 10_000;

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
