import { and, eq, inArray, sql } from 'drizzle-orm';
import { type ChannelSchedule, NO_RULES } from '../../domain/channel/weekly-slots.ts';
import type { Db } from '../client.ts';
import { channelSchedules } from '../schema/index.ts';

export type StoredSchedule = Pick<
  typeof channelSchedules.$inferSelect,
  'slots' | 'rules' | 'updatedAt' | 'updatedBy'
>;

/** Weekly slots and rules by account; accounts that have none are left out. */
export async function listChannelSchedules(
  db: Db,
  { workspaceId, channelAccountIds }: { workspaceId: string; channelAccountIds: string[] },
): Promise<Map<string, StoredSchedule>> {
  if (channelAccountIds.length === 0) return new Map();
  const rows = await db
    .select()
    .from(channelSchedules)
    .where(
      and(
        eq(channelSchedules.workspaceId, workspaceId),
        inArray(channelSchedules.channelAccountId, channelAccountIds),
      ),
    );
  return new Map(rows.map((row) => [row.channelAccountId, row]));
}

/** An account without any: nothing is free, nothing is warned of. */
export const NO_SCHEDULE: ChannelSchedule = { slots: [], rules: NO_RULES };

export async function saveChannelSchedule(
  db: Db,
  {
    schedule: { slots, rules },
    ...key
  }: {
    workspaceId: string;
    channelAccountId: string;
    updatedBy: string;
    schedule: ChannelSchedule;
  },
): Promise<StoredSchedule> {
  const { updatedBy } = key;
  const [row] = await db
    .insert(channelSchedules)
    .values({ ...key, slots, rules })
    .onConflictDoUpdate({
      target: channelSchedules.channelAccountId,
      set: { slots, rules, updatedBy, updatedAt: sql`now()` },
      setWhere: eq(channelSchedules.workspaceId, key.workspaceId),
    })
    .returning();
  if (row === undefined) throw new Error(`${key.channelAccountId}: its schedule was not stored`);
  return row;
}
