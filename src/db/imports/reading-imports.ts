import { and, asc, desc, eq, gt, sql } from 'drizzle-orm';
import type { ImportCounts, ImportedRow } from '../../domain/csv/row-result.ts';
import type { Db } from '../client.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import { readingImportBlocks, readingImports } from '../schema/index.ts';

export type ReadingImportRow = typeof readingImports.$inferSelect;

export interface ImportKey {
  workspaceId: string;
  importId: string;
}

/**
 * Keeps what became of some rows, and how far the import is.
 * @returns false when the import runs no more: it was taken for dead, and nothing of it may be stored.
 */
export async function keepImportedRows(
  tx: Db,
  {
    lastLine,
    rows,
    counts,
    readings,
    ...key
  }: ImportKey & {
    lastLine: number;
    rows: ImportedRow[];
    /** Of the whole import until now. */
    counts: ImportCounts;
    readings: number;
  },
): Promise<boolean> {
  const { workspaceId, importId } = key;
  await tx.insert(readingImportBlocks).values({ importId, workspaceId, lastLine, rows });
  const moved = await tx
    .update(readingImports)
    .set({ counts, readings, line: lastLine, seenAt: sql`now()` })
    .where(isRunning(key))
    .returning({ id: readingImports.id });
  return moved.length > 0;
}

export async function getReadingImport(db: Db, key: ImportKey): Promise<ReadingImportRow | null> {
  const [row] = await db.select().from(readingImports).where(isImport(key));
  return row ?? null;
}

/** Latest first. */
export async function listReadingImports(
  db: Db,
  request: PageRequest & { workspaceId: string },
): Promise<Page<ReadingImportRow>> {
  const page = pageBy(readingImports, 'createdAt', request, desc);
  const rows = await db
    .select()
    .from(readingImports)
    .where(and(eq(readingImports.workspaceId, request.workspaceId), page.after))
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}

/** Blocks of rows in the order of the file, from the one that holds what follows `line`. */
export async function* readImportedRows(
  db: Db,
  { line, ...key }: ImportKey & { line: number },
): AsyncGenerator<ImportedRow[]> {
  let after = line;
  for (;;) {
    const [block] = await db
      .select()
      .from(readingImportBlocks)
      .where(
        and(
          eq(readingImportBlocks.workspaceId, key.workspaceId),
          eq(readingImportBlocks.importId, key.importId),
          gt(readingImportBlocks.lastLine, after),
        ),
      )
      .orderBy(asc(readingImportBlocks.lastLine))
      .limit(1);
    if (block === undefined) return;
    yield block.rows;
    after = block.lastLine;
  }
}

function isImport({ workspaceId, importId }: ImportKey) {
  return and(eq(readingImports.id, importId), eq(readingImports.workspaceId, workspaceId));
}

export function isRunning(key: ImportKey) {
  return and(isImport(key), eq(readingImports.state, 'running'));
}
