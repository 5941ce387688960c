import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { assets } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

export type AssetRow = typeof assets.$inferSelect;

/** Records a stored file; the same content again finds the first record. */
export async function insertAsset(
  db: Db,
  asset: Omit<AssetRow, 'createdAt' | 'unusedSince'>,
): Promise<AssetRow> {
  const [created] = await db.insert(assets).values(asset).onConflictDoNothing().returning();
  const row = created ?? (await getAsset(db, asset));
  if (row === null) throw new Error(`asset ${asset.hash} is neither new nor stored`);
  return row;
}

export async function getAsset(
  db: Db,
  { workspaceId, hash }: { workspaceId: string; hash: string },
): Promise<AssetRow | null> {
  const [row] = await db
    .select()
    .from(assets)
    .where(and(eq(assets.workspaceId, workspaceId), eq(assets.hash, hash)));
  return row ?? null;
}

/** The record of a file that is stored once more: what was unused for long is not, from now on. */
export async function renewAsset(
  db: Db,
  { workspaceId, hash }: { workspaceId: string; hash: string },
): Promise<AssetRow | null> {
  const [row] = await db
    .update(assets)
    .set({ unusedSince: sql`case when ${assets.unusedSince} is not null then now() end` })
    .where(and(eq(assets.workspaceId, workspaceId), eq(assets.hash, hash)))
    .returning();
  return row ?? null;
}

/** Those of the hashes that any workspace has: their files are needed. */
export async function listHeldFiles(db: Db, hashes: readonly string[]): Promise<Set<string>> {
  const rows = await acrossWorkspaces('files', () =>
    db
      .selectDistinct({ hash: assets.hash })
      .from(assets)
      .where(inArray(assets.hash, [...hashes]))
      .execute(),
  );
  return new Set(rows.map(({ hash }) => hash));
}

/** Those of the hashes that the workspace has, by hash. */
export async function listAssets(
  db: Db,
  { workspaceId, hashes }: { workspaceId: string; hashes: readonly string[] },
): Promise<AssetRow[]> {
  if (hashes.length === 0) return [];
  return db
    .select()
    .from(assets)
    .where(and(eq(assets.workspaceId, workspaceId), inArray(assets.hash, [...hashes])))
    .orderBy(asc(assets.hash));
}
