import { asc, desc, eq, gt } from 'drizzle-orm';
import type { CouldNotAsk } from '../../domain/audit/finding.ts';
import type { Db } from '../client.ts';
import { watches, workspaces } from '../schema/index.ts';
import { acrossWorkspaces } from '../workspace-scope.ts';

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

/** When the watch last looked at any workspace; null before its first look. */
export async function readLastLook(db: Db): Promise<string | null> {
  const [last] = await acrossWorkspaces('watches', () =>
    db
      .select({ lookedAt: watches.lookedAt })
      .from(watches)
      .orderBy(desc(watches.lookedAt))
      .limit(1)
      .execute(),
  );
  return last?.lookedAt ?? null;
}

/** The last look at a workspace, and what it could not find out; null before the first. */
export async function readWatch(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<{ lookedAt: string; couldNotAsk: CouldNotAsk[] } | null> {
  const [watch] = await db
    .select({ lookedAt: watches.lookedAt, couldNotAsk: watches.couldNotAsk })
    .from(watches)
    .where(eq(watches.workspaceId, workspaceId));
  return watch ?? null;
}
