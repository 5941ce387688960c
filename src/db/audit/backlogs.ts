import { eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { outbox } from '../schema/index.ts';

/** Events of a workspace that nobody has taken from the outbox: how many, and since when. */
export async function readOutboxBacklog(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<{ waiting: number; oldestAt: string | null }> {
  const [found] = await db
    .select({
      waiting: sql<number>`count(*)::integer`,
      oldestAt: sql<string | null>`min(${outbox.createdAt})`,
    })
    .from(outbox)
    .where(eq(outbox.workspaceId, workspaceId));
  const { waiting = 0, oldestAt = null } = found ?? {};
  return { waiting, oldestAt: oldestAt === null ? null : new Date(oldestAt).toISOString() };
}
