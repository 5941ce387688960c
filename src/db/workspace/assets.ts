import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { assets } from '../schema/index.ts';

export type AssetRow = typeof assets.$inferSelect;

/** Records a stored file; the same content again finds the first record. */
export async function insertAsset(db: Db, asset: Omit<AssetRow, 'createdAt'>): Promise<AssetRow> {
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
