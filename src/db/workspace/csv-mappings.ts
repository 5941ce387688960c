import { and, asc, eq, sql } from 'drizzle-orm';
import type { CsvMapping } from '../../domain/csv/mapping.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { decodeTextCursor, type Page, type PageRequest, pageLimit, toPage } from '../paging.ts';
import { csvMappings } from '../schema/index.ts';

export type CsvMappingRow = typeof csvMappings.$inferSelect;

export interface CsvMappingKey {
  workspaceId: string;
  csvMappingId: string;
}

/** @returns null when another one has this name. */
export async function insertCsvMapping(
  db: Db,
  mapping: Pick<CsvMappingRow, 'id' | 'workspaceId' | 'name' | 'body' | 'createdBy'>,
): Promise<CsvMappingRow | null> {
  const [row] = await db.insert(csvMappings).values(mapping).onConflictDoNothing().returning();
  return row ?? null;
}

export async function getCsvMapping(db: Db, key: CsvMappingKey): Promise<CsvMappingRow | null> {
  const [row] = await db.select().from(csvMappings).where(isMapping(key));
  return row ?? null;
}

/** By name. */
export async function pageCsvMappings(
  db: Db,
  request: PageRequest & { workspaceId: string },
): Promise<Page<CsvMappingRow>> {
  const limit = pageLimit(request);
  const rows = await db
    .select()
    .from(csvMappings)
    .where(
      and(
        eq(csvMappings.workspaceId, request.workspaceId),
        ...ifGiven(request.cursor, (cursor) => {
          const [name, id] = decodeTextCursor(cursor, 2);
          return sql`(${csvMappings.name}, ${csvMappings.id}) > (${name}, ${id})`;
        }),
      ),
    )
    .orderBy(asc(csvMappings.name), asc(csvMappings.id))
    .limit(limit + 1);
  return toPage(rows, limit, ({ name, id }) => [name, id]);
}

/** @returns null when there is no such mapping; `taken` when another one has this name. */
export async function replaceCsvMapping(
  db: Db,
  { name, body, ...key }: CsvMappingKey & { name: string; body: CsvMapping },
): Promise<CsvMappingRow | 'taken' | null> {
  const { rows } = await db.execute(
    sql`select from csv_mappings where workspace_id = ${key.workspaceId} and name = ${name}
      and id <> ${key.csvMappingId}`,
  );
  if (rows.length > 0) return 'taken';
  const [row] = await db
    .update(csvMappings)
    .set({ name, body, changedAt: sql`now()` })
    .where(isMapping(key))
    .returning();
  return row ?? null;
}

/** What was imported with it stays. @returns false when the workspace has no such mapping. */
export async function deleteCsvMapping(db: Db, key: CsvMappingKey): Promise<boolean> {
  const gone = await db.delete(csvMappings).where(isMapping(key)).returning();
  return gone.length > 0;
}

function isMapping({ workspaceId, csvMappingId }: CsvMappingKey) {
  return and(eq(csvMappings.id, csvMappingId), eq(csvMappings.workspaceId, workspaceId));
}
