import { and, desc, eq, sql } from 'drizzle-orm';
import type { Brief } from '../domain/brief.ts';
import type { Draft } from '../domain/draft.ts';
import type { Db } from './client.ts';
import { StoreError } from './errors.ts';
import type { ItemKey } from './items.ts';
import { briefs, drafts, items } from './schema/index.ts';
import { inTransaction } from './transaction.ts';

export type BriefRow = typeof briefs.$inferSelect;
export type DraftRow = typeof drafts.$inferSelect;

interface NewVersion<Body> extends ItemKey {
  hash: string;
  body: Body;
  authorId: string;
}

export interface SavedVersion<Row> {
  row: Row;
  /** False when a version of this hash stood already: it is the one returned. */
  created: boolean;
}

/**
 * Stores a brief under the item's next version number, or finds the one with the same hash.
 * Which version counts is in the item's snapshot, not here.
 * @throws StoreError `item_row_missing`.
 */
export function saveBrief(db: Db, version: NewVersion<Brief>): Promise<SavedVersion<BriefRow>> {
  return inTransaction(db, async (tx) => {
    await lockItem(tx, version);
    const standing = await getBrief(tx, version);
    if (standing !== null) return { row: standing, created: false };
    const [row] = await tx
      .insert(briefs)
      .values({ ...version, version: nextVersion(briefs, version) })
      .returning();
    return { row: inserted(row, version), created: true };
  });
}

/**
 * Stores a draft under the item's next version number, or finds the one with the same hash.
 * Which version counts is in the item's snapshot, not here.
 * @throws StoreError `item_row_missing`.
 */
export function saveDraft(db: Db, version: NewVersion<Draft>): Promise<SavedVersion<DraftRow>> {
  return inTransaction(db, async (tx) => {
    await lockItem(tx, version);
    const standing = await getDraft(tx, version);
    if (standing !== null) return { row: standing, created: false };
    const [row] = await tx
      .insert(drafts)
      .values({ ...version, version: nextVersion(drafts, version) })
      .returning();
    return { row: inserted(row, version), created: true };
  });
}

export async function getBrief(db: Db, key: ItemKey & { hash: string }): Promise<BriefRow | null> {
  const [row] = await db
    .select()
    .from(briefs)
    .where(and(isOfItem(briefs, key), eq(briefs.hash, key.hash)));
  return row ?? null;
}

export async function getDraft(db: Db, key: ItemKey & { hash: string }): Promise<DraftRow | null> {
  const [row] = await db
    .select()
    .from(drafts)
    .where(and(isOfItem(drafts, key), eq(drafts.hash, key.hash)));
  return row ?? null;
}

/** The brief saved last; an older one may be the one that counts. */
export async function getLatestBrief(db: Db, key: ItemKey): Promise<BriefRow | null> {
  const [row] = await db
    .select()
    .from(briefs)
    .where(isOfItem(briefs, key))
    .orderBy(desc(briefs.version))
    .limit(1);
  return row ?? null;
}

/** The draft saved last; an older one may be the one that counts. */
export async function getLatestDraft(db: Db, key: ItemKey): Promise<DraftRow | null> {
  const [row] = await db
    .select()
    .from(drafts)
    .where(isOfItem(drafts, key))
    .orderBy(desc(drafts.version))
    .limit(1);
  return row ?? null;
}

/** Savers of one item queue here: that is what keeps its version numbers without gaps. */
async function lockItem(tx: Db, { workspaceId, itemId }: ItemKey): Promise<void> {
  const [row] = await tx
    .select({ id: items.id })
    .from(items)
    .where(and(eq(items.id, itemId), eq(items.workspaceId, workspaceId)))
    .for('no key update');
  if (row === undefined) throw new StoreError('item_row_missing', `${itemId} has no row`);
}

function nextVersion(table: typeof briefs | typeof drafts, { itemId }: ItemKey) {
  return sql<number>`(select coalesce(max(version), 0) + 1 from ${table} where item_id = ${itemId})`;
}

function isOfItem(table: typeof briefs | typeof drafts, { workspaceId, itemId }: ItemKey) {
  return and(eq(table.itemId, itemId), eq(table.workspaceId, workspaceId));
}

function inserted<Row>(row: Row | undefined, { itemId, hash }: NewVersion<unknown>): Row {
  if (row === undefined) throw new Error(`${itemId}: insert of ${hash} returned no row`);
  return row;
}
