import { and, eq, sql } from 'drizzle-orm';
import type { Actor } from '../domain/item-context.ts';
import type { Db } from './client.ts';
import type { CommandRow } from './commands.ts';
import type { StoredItem } from './items.ts';
import { preparedOnce } from './prepared.ts';
import { commands, items, members, workspaces } from './schema/index.ts';
import type { WorkspaceCalendar } from './schema/workspaces.ts';

/** What a command is judged and prepared with, as it stands before the command. */
export interface CommandContext {
  item: StoredItem | null;
  /** Null when the member is not active. */
  actor: Actor | null;
  /** The command's own row, when its id was used before. */
  command: CommandRow | null;
  calendar: WorkspaceCalendar;
}

/**
 * Reads it all in one query: a person waits for the answer.
 * @returns null when the workspace has no such member.
 */
export async function readCommandContext(
  db: Db,
  key: { workspaceId: string; itemId: string; memberId: string; commandId: string },
): Promise<CommandContext | null> {
  const [row] = await findContext(db).execute({ ...key });
  if (row === undefined) return null;
  const { member } = row;
  const actor: Actor = {
    memberId: member.id,
    roles: member.roles,
    platformTags: member.platformTags,
    backupFor: row.backedUp,
  };
  return {
    item: row.item,
    actor: member.active ? actor : null,
    command: row.command,
    calendar: row.calendar,
  };
}

const findContext = preparedOnce((db) => {
  const [workspaceId, memberId] = [sql.placeholder('workspaceId'), sql.placeholder('memberId')];
  return db
    .select({
      member: {
        id: members.id,
        roles: members.roles,
        platformTags: members.platformTags,
        active: members.active,
      },
      backedUp: sql<string[]>`array(
        select b.id from ${members} b
        where b.workspace_id = ${workspaceId} and b.backup_id = ${memberId} order by b.id)`,
      calendar: workspaces.calendar,
      item: items,
      command: commands,
    })
    .from(members)
    .innerJoin(workspaces, eq(workspaces.id, members.workspaceId))
    .leftJoin(
      items,
      and(eq(items.id, sql.placeholder('itemId')), eq(items.workspaceId, members.workspaceId)),
    )
    .leftJoin(
      commands,
      and(
        eq(commands.id, sql.placeholder('commandId')),
        eq(commands.workspaceId, members.workspaceId),
      ),
    )
    .where(and(eq(members.id, memberId), eq(members.workspaceId, workspaceId)))
    .prepare('find_command_context');
});
