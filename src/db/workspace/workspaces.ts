import { asc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { workspaces } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

export type WorkspaceRow = typeof workspaces.$inferSelect;

export async function getWorkspace(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<WorkspaceRow | null> {
  const [row] = await db.select().from(workspaces).where(eq(workspaces.id, workspaceId));
  return row ?? null;
}

/** Every workspace, oldest first: for work that the system does in each of them. */
export async function listWorkspaces(db: Db): Promise<WorkspaceRow[]> {
  return acrossWorkspaces('workspaces', () =>
    db.select().from(workspaces).orderBy(asc(workspaces.createdAt), asc(workspaces.id)).execute(),
  );
}
