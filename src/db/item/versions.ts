import { and, eq, sql } from 'drizzle-orm';
import pg from 'pg';
import type { Brief } from '../../domain/item/brief.ts';
import type { Draft } from '../../domain/item/draft.ts';
import type { Db } from '../client.ts';
import { isUniqueViolation, StoreError } from '../errors.ts';
import { briefs, drafts, items } from '../schema/index.ts';
import { inTransaction, retryOnConflict } from '../transaction.ts';
import type { ItemKey } from './items.ts';

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
export async function saveBrief(
  db: Db,
  version: NewVersion<Brief>,
): Promise<SavedVersion<BriefRow>> {
  return (await saveAtOnce(db, 'briefs', version)) ?? saveInTurn(db, briefs, getBrief, version);
}

/**
 * Stores a draft under the item's next version number, or finds the one with the same hash.
 * Which version counts is in the item's snapshot, not here.
 * @throws StoreError `item_row_missing`.
 */
export async function saveDraft(
  db: Db,
  version: NewVersion<Draft>,
): Promise<SavedVersion<DraftRow>> {
  return (await saveAtOnce(db, 'drafts', version)) ?? saveInTurn(db, drafts, getDraft, version);
}

/** One statement for the usual case that nobody else saves a version of the item now. */
function statementFor(table: 'briefs' | 'drafts'): string {
  return `
with locked as (
  select id from items where id = $1 and workspace_id = $2 for no key update
), earlier as (
  select version, author_id, created_at from ${table}
  where item_id = $1 and workspace_id = $2 and hash = $3
), created as (
  insert into ${table} (item_id, version, workspace_id, hash, body, author_id)
  select id, (select coalesce(max(version), 0) + 1 from ${table} where item_id = $1),
    $2, $3, $4::jsonb, $5
  from locked where not exists (select from earlier)
  returning version, author_id, created_at
)
select true as created, created.* from created
union all
select false, earlier.* from earlier`;
}

const STATEMENTS = { briefs: statementFor('briefs'), drafts: statementFor('drafts') };

interface SavedColumns {
  created: boolean;
  version: number;
  author_id: string;
  created_at: Date;
}

/**
 * @returns null when someone else saves a version of the item at the same time, when the item has no
 * row, and in a transaction of someone else's, which a conflict would end: then nothing was done.
 */
async function saveAtOnce<Body>(
  { $client: pool }: Db,
  table: 'briefs' | 'drafts',
  version: NewVersion<Body>,
): Promise<SavedVersion<NewVersion<Body> & { version: number; createdAt: string }> | null> {
  if (!(pool instanceof pg.Pool)) return null;
  const { itemId, workspaceId, hash, body, authorId } = version;
  const values = [itemId, workspaceId, hash, JSON.stringify(body), authorId];
  try {
    const query = { name: `save_into_${table}`, text: STATEMENTS[table], values };
    const { rows } = await retryOnConflict(() => pool.query<SavedColumns>(query));
    const [saved] = rows;
    if (saved === undefined) return null;
    // The same hash is the same body.
    const row = {
      itemId,
      workspaceId,
      hash,
      body,
      version: saved.version,
      authorId: saved.author_id,
      createdAt: saved.created_at.toISOString(),
    };
    return { row, created: saved.created };
  } catch (error) {
    // The next number is read before the lock is waited for: whoever waited may find it taken.
    if (isUniqueViolation(error)) return null;
    throw error;
  }
}

/** The general way: whoever has the item's lock sees every version saved so far. */
function saveInTurn<Body, Row>(
  db: Db,
  table: typeof briefs | typeof drafts,
  find: (tx: Db, version: NewVersion<Body>) => Promise<Row | null>,
  version: NewVersion<Body>,
): Promise<SavedVersion<Row>> {
  return inTransaction(db, async (tx) => {
    await lockItem(tx, version);
    const earlier = await find(tx, version);
    if (earlier !== null) return { row: earlier, created: false };
    const { itemId, workspaceId, hash, body, authorId } = version;
    await tx.execute(sql`insert into ${table} (item_id, version, workspace_id, hash, body, author_id)
      values (${itemId}, ${nextVersion(table, version)}, ${workspaceId}, ${hash},
        ${JSON.stringify(body)}::jsonb, ${authorId})`);
    return { row: inserted(await find(tx, version), version), created: true };
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

function inserted<Row>(row: Row | null, { itemId, hash }: NewVersion<unknown>): Row {
  if (row === null) throw new Error(`${itemId}: insert of ${hash} returned no row`);
  return row;
}
