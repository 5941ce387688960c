import { and, eq, inArray, max, sql } from 'drizzle-orm';
import pg from 'pg';
import type { Brief } from '../../domain/item/content/brief.ts';
import type { Draft } from '../../domain/item/content/draft.ts';
import type { Db } from '../client.ts';
import { isReferenceViolation, isUniqueViolation, StoreError } from '../errors.ts';
import { briefs, commands, commandTexts, drafts, items } from '../schema/index.ts';
import { inTransaction, retryOnConflict } from '../transaction.ts';
import { type ItemKey, isOfItem } from './items.ts';

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
  return save(db, 'briefs', version);
}

/** The same for a draft. */
export function saveDraft(db: Db, version: NewVersion<Draft>): Promise<SavedVersion<DraftRow>> {
  return save(db, 'drafts', version);
}

async function save<Body>(db: Db, table: Table, version: NewVersion<Body>) {
  return (await saveAtOnce(db, table, version)) ?? saveInTurn(db, table, version);
}

type Table = 'briefs' | 'drafts';

/** One statement for the usual case that nobody else saves a version of the item now. */
function statementFor(table: Table): string {
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
async function saveAtOnce<Body>(db: Db, table: Table, version: NewVersion<Body>) {
  if (!(db.$client instanceof pg.Pool)) return null;
  try {
    return await retryOnConflict(() => runStatement(db, table, version));
  } catch (error) {
    // The next number is read before the lock is waited for: whoever waited may find it taken.
    if (isUniqueViolation(error)) return null;
    throw error;
  }
}

/** The general way: whoever has the item's lock sees every version saved so far. */
function saveInTurn<Body>(db: Db, table: Table, version: NewVersion<Body>) {
  return inTransaction(db, async (tx) => {
    await lockItem(tx, version);
    const saved = await runStatement(tx, table, version);
    if (saved === null) throw new Error(`${version.itemId}: ${version.hash} was not stored`);
    return saved;
  });
}

async function runStatement<Body>(
  { $client: client }: Db,
  table: Table,
  version: NewVersion<Body>,
) {
  const { itemId, workspaceId, hash, body, authorId } = version;
  const values = [itemId, workspaceId, hash, JSON.stringify(body), authorId];
  const query = { name: `save_into_${table}`, text: STATEMENTS[table], values };
  const { rows } = await client.query<SavedColumns>(query);
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
}

/** What a command writes: it becomes a version with the command's event. */
export interface NewText extends ItemKey {
  text: { kind: 'brief'; body: Brief } | { kind: 'draft'; body: Draft };
  hash: string;
  authorId: string;
}

/** The number that a text has or will have, and who sent this very text before, refused ones too. */
export interface TextNumber {
  version: number;
  /** It is a version already. */
  stored: boolean;
  writtenBy: string[];
}

/**
 * Numbers a text for the command that brings it.
 * @param tx the transaction that stores the command: the number is the text's until it ends.
 * @throws StoreError `item_row_missing`.
 */
export async function numberText(tx: Db, text: NewText): Promise<TextNumber> {
  await lockItem(tx, text);
  const table = TABLES[text.text.kind];
  const [earlier] = await tx
    .select({ version: table.version, authorId: table.authorId })
    .from(table)
    .where(and(isOfItem(table, text), eq(table.hash, text.hash)));
  const refused = await tx
    .selectDistinct({ actorId: commands.actorId })
    .from(commands)
    .where(
      and(
        isOfItem(commands, text),
        inArray(commands.state, ['refused', 'expired']),
        bringsHash(text),
      ),
    )
    .limit(MAX_WRITERS);
  return {
    version: earlier?.version ?? (await nextVersion(tx, text)),
    stored: earlier !== undefined,
    writtenBy: [
      ...(earlier === undefined ? [] : [earlier.authorId]),
      ...refused.map(({ actorId }) => actorId),
    ],
  };
}

/** More who sent the same text are not told of. */
const MAX_WRITERS = 50;

function bringsHash({ text: { kind }, hash }: NewText) {
  return sql`${commands.payload} #>> ${`{message,refs,${kind},hash}`}::text[] = ${hash}`;
}

/**
 * Keeps a new text beside its command until that has a verdict.
 * @throws what `isFileGone` knows, when a file that it names was tidied away.
 */
export async function keepText(
  tx: Db,
  { text: { kind, body }, ...text }: NewText & TextNumber & { commandId: string },
): Promise<void> {
  if (!text.stored) await tx.insert(commandTexts).values({ ...text, kind, body });
}

/** Whether a text was not kept because a file that it names has no record any more. */
export function isFileGone(error: unknown): boolean {
  return isReferenceViolation(error, 'command_texts_files');
}

const TABLES = { brief: briefs, draft: drafts };

/** The same text that waits twice gets one number: whichever is applied first becomes the version. */
async function nextVersion(tx: Db, { hash, text: { kind }, ...key }: NewText): Promise<number> {
  const waiting = and(isOfItem(commandTexts, key), eq(commandTexts.kind, kind));
  const [same] = await tx
    .select({ version: commandTexts.version })
    .from(commandTexts)
    .where(and(waiting, eq(commandTexts.hash, hash)));
  if (same !== undefined) return same.version;
  const table = TABLES[kind];
  const [stored] = await tx
    .select({ last: max(table.version) })
    .from(table)
    .where(isOfItem(table, key));
  const [sent] = await tx
    .select({ last: max(commandTexts.version) })
    .from(commandTexts)
    .where(waiting);
  return Math.max(stored?.last ?? 0, sent?.last ?? 0) + 1;
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
