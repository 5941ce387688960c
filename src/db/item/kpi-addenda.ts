import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { items, kpiAddenda, lateReadings } from '../schema/index.ts';
import { type ItemKey, isOfItem } from './items.ts';

export type AddendumRow = typeof kpiAddenda.$inferSelect;

/** An item that got readings after its review was frozen. */
export interface LateItem {
  itemId: string;
  /** Tells what was noted since from what was noted before. */
  times: number;
}

/** The item's readings stand still until the transaction ends: whoever stores some waits for it. */
export async function lockReadings(tx: Db, { workspaceId, itemId }: ItemKey): Promise<void> {
  await tx
    .select({ id: items.id })
    .from(items)
    .where(and(eq(items.workspaceId, workspaceId), eq(items.id, itemId)))
    .for('update');
}

/** Items of a workspace with late readings, the longest waiting first. */
export async function listLateItems(
  db: Db,
  { workspaceId, limit }: { workspaceId: string; limit: number },
): Promise<LateItem[]> {
  const { itemId, times, notedAt } = lateReadings;
  return db
    .select({ itemId, times })
    .from(lateReadings)
    .where(eq(lateReadings.workspaceId, workspaceId))
    .orderBy(notedAt, itemId)
    .limit(limit);
}

/** The late readings of an item are judged. What was noted meanwhile stays. */
export async function forgetLateItem(
  db: Db,
  { times, ...key }: ItemKey & Pick<LateItem, 'times'>,
): Promise<void> {
  await db
    .delete(lateReadings)
    .where(and(isOfItem(lateReadings, key), eq(lateReadings.times, times)));
}

/** The item waits behind the others from here on. */
export async function putOffLateItem(db: Db, key: ItemKey): Promise<void> {
  await db.update(lateReadings).set({ notedAt: sql`now()` }).where(isOfItem(lateReadings, key));
}

/** @returns null when one of the number stands: somebody else has judged at the same time. */
export async function insertAddendum(
  tx: Db,
  addendum: Pick<
    AddendumRow,
    'id' | 'workspaceId' | 'itemId' | 'reviewNumber' | 'number' | 'hash' | 'body'
  >,
): Promise<AddendumRow | null> {
  const [row] = await tx.insert(kpiAddenda).values(addendum).onConflictDoNothing().returning();
  return row ?? null;
}

/** One addendum of an item, the latest when no number is given; of one review, or of those decided, if asked. */
export async function getAddendum(
  db: Db,
  {
    number,
    reviewNumber,
    decided = false,
    ...key
  }: ItemKey & { number?: number; reviewNumber?: number; decided?: boolean },
): Promise<AddendumRow | null> {
  const [row] = await db
    .select()
    .from(kpiAddenda)
    .where(
      and(
        isOfItem(kpiAddenda, key),
        ...ifGiven(number, (wanted) => eq(kpiAddenda.number, wanted)),
        ...ifGiven(reviewNumber, (wanted) => eq(kpiAddenda.reviewNumber, wanted)),
        decided ? isNotNull(kpiAddenda.decision) : undefined,
      ),
    )
    .orderBy(desc(kpiAddenda.number))
    .limit(1);
  return row ?? null;
}

/** Addenda of a workspace or of one item, the oldest first. */
export async function listAddenda(
  db: Db,
  request: PageRequest & { workspaceId: string; itemId?: string | undefined; open?: boolean },
): Promise<Page<AddendumRow>> {
  const page = pageBy(kpiAddenda, 'createdAt', request);
  const rows = await db
    .select()
    .from(kpiAddenda)
    .where(
      and(
        eq(kpiAddenda.workspaceId, request.workspaceId),
        ...ifGiven(request.itemId, (itemId) => eq(kpiAddenda.itemId, itemId)),
        request.open === true ? isNull(kpiAddenda.decision) : undefined,
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Decides about an addendum, once. @returns null when somebody has. */
export async function decideAddendum(
  db: Db,
  {
    number,
    decision,
    reason,
    decidedBy,
    ...key
  }: ItemKey & { number: number; decision: string; reason: string; decidedBy: string },
): Promise<AddendumRow | null> {
  const [row] = await db
    .update(kpiAddenda)
    .set({ decision, reason, decidedBy, decidedAt: sql`now()` })
    .where(
      and(isOfItem(kpiAddenda, key), eq(kpiAddenda.number, number), isNull(kpiAddenda.decision)),
    )
    .returning();
  return row ?? null;
}
