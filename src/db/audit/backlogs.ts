import { eq, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { outbox } from '../schema/index.ts';
import { unattendedDeliveries } from './delivery-checks.ts';

export interface WaitingRows {
  waiting: number;
  oldestAt: string | null;
}

/** Events of a workspace that nobody has taken from the outbox: how many, and since when. */
export async function readOutboxBacklog(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<WaitingRows> {
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

/** Deliveries of a workspace that are due for so long, and that nobody attempts. */
export async function readDeliveryBacklog(
  db: Db,
  { workspaceId, ...due }: { workspaceId: string; now: string; afterMs: number },
): Promise<WaitingRows> {
  const { rows } = await db.execute<{ waiting: number; oldest_at: Date | null }>(
    unattendedDeliveries(workspaceId, due),
  );
  const [found] = rows;
  const oldestAt = found?.oldest_at ?? null;
  return {
    waiting: found?.waiting ?? 0,
    oldestAt: oldestAt === null ? null : new Date(oldestAt).toISOString(),
  };
}
