import { and, eq, inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { newId } from '../ids.ts';
import { memberPreferences, slackChannels } from '../schema/index.ts';

export type PreferencesRow = typeof memberPreferences.$inferSelect;
export type Choice = Pick<PreferencesRow, 'channels' | 'digest' | 'quietHours' | 'sealedSlackUrl'>;

/** Of a member who has chosen nothing. */
export const NO_CHOICE: Choice = {
  channels: {},
  digest: 'off',
  quietHours: null,
  sealedSlackUrl: null,
};

/** What members chose, by their ids. Who chose nothing is not in it. */
export async function readPreferences(
  db: Db,
  { workspaceId, memberIds }: { workspaceId: string; memberIds: readonly string[] },
): Promise<Map<string, PreferencesRow>> {
  if (memberIds.length === 0) return new Map();
  const rows = await db
    .select()
    .from(memberPreferences)
    .where(
      and(
        eq(memberPreferences.workspaceId, workspaceId),
        inArray(memberPreferences.memberId, [...memberIds]),
      ),
    );
  return new Map(rows.map((row) => [row.memberId, row]));
}

/** @param choice without the address of a Slack channel, the one that stands stays. */
export async function savePreferences(
  db: Db,
  {
    workspaceId,
    memberId,
    ...choice
  }: { workspaceId: string; memberId: string } & Omit<Choice, 'sealedSlackUrl'> & {
      sealedSlackUrl?: string | null;
    },
): Promise<PreferencesRow> {
  const change = { ...choice, updatedAt: new Date().toISOString() };
  const [row] = await db
    .insert(memberPreferences)
    .values({ workspaceId, memberId, ...change })
    .onConflictDoUpdate({
      target: memberPreferences.memberId,
      set: change,
      setWhere: eq(memberPreferences.workspaceId, workspaceId),
    })
    .returning();
  if (row === undefined) throw new Error(`${memberId}: its preferences were not stored`);
  return row;
}

/** The sealed address of the workspace's Slack channel; null without one. */
export async function readSlackChannel(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<{ id: string; sealed: string } | null> {
  const [row] = await db
    .select({ id: slackChannels.id, sealed: slackChannels.sealed })
    .from(slackChannels)
    .where(eq(slackChannels.workspaceId, workspaceId));
  return row ?? null;
}

export async function saveSlackChannel(
  db: Db,
  { workspaceId, sealed }: { workspaceId: string; sealed: string },
): Promise<void> {
  const change = { sealed, updatedAt: new Date().toISOString() };
  await db
    .insert(slackChannels)
    .values({ id: newId('slackChannel'), workspaceId, ...change })
    .onConflictDoUpdate({ target: slackChannels.workspaceId, set: change });
}

/** @returns false when there was none. */
export async function removeSlackChannel(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<boolean> {
  const { rowCount } = await db
    .delete(slackChannels)
    .where(eq(slackChannels.workspaceId, workspaceId));
  return rowCount === 1;
}
