import { and, asc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { repairs } from '../schema/index.ts';

export type RepairRow = typeof repairs.$inferSelect;

/** Records who repaired which finding, and what came of it. */
export async function recordRepair(
  db: Db,
  repair: Omit<RepairRow, 'id' | 'createdAt'>,
): Promise<RepairRow> {
  const [row] = await db
    .insert(repairs)
    .values({ id: newId('repair'), ...repair })
    .returning();
  if (row === undefined) throw new Error('insert of a repair returned no row');
  return row;
}

/** Repairs of a finding, oldest first. */
export async function listRepairs(
  db: Db,
  { workspaceId, findingId }: { workspaceId: string; findingId: string },
): Promise<RepairRow[]> {
  return db
    .select()
    .from(repairs)
    .where(and(eq(repairs.workspaceId, workspaceId), eq(repairs.findingId, findingId)))
    .orderBy(asc(repairs.createdAt), asc(repairs.id));
}
