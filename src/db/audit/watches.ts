import { asc, eq, gt, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { watches, workspaces } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

export type WatchRow = typeof watches.$inferSelect;

/** Ids of workspaces after a place, in their order: the watch goes through them in parts. */
export async function listWorkspaceIds(
  db: Db,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const rows = await acrossWorkspaces('workspaces', () =>
    db
      .select({ id: workspaces.id })
      .from(workspaces)
      .where(gt(workspaces.id, after))
      .orderBy(asc(workspaces.id))
      .limit(limit)
      .execute(),
  );
  return rows.map(({ id }) => id);
}

/** The last look at a workspace, and what it could not find out; null before the first. */
export async function readWatch(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<WatchRow | null> {
  const [watch] = await db.select().from(watches).where(eq(watches.workspaceId, workspaceId));
  return watch ?? null;
}

/** When the watch last looked at each of some workspaces, in epoch milliseconds; null: never. */
export async function listLastLooks(
  db: Db,
  { workspaceIds }: { workspaceIds: readonly string[] },
): Promise<Map<string, number | null>> {
  const { workspaceId, lookedAt } = watches;
  const rows = await acrossWorkspaces('health', () =>
    db
      .select({ workspaceId, lookedAt })
      .from(watches)
      .where(inArray(workspaceId, [...workspaceIds]))
      .execute(),
  );
  const looks = new Map(rows.map((row) => [row.workspaceId, Date.parse(row.lookedAt)]));
  return new Map(workspaceIds.map((id) => [id, looks.get(id) ?? null]));
}
