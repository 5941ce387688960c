import { and, eq, sql } from 'drizzle-orm';
import type { Actor } from '../../domain/item/context.ts';
import type { Db } from '../client.ts';
import { preparedOnce } from '../prepared.ts';
import {
  apiKeys,
  commandQueues,
  commands,
  idempotencyKeys,
  items,
  members,
  workspaces,
} from '../schema/index.ts';
import type { WorkspaceCalendar } from '../schema/workspaces.ts';
import {
  type Authenticated,
  isAccepted,
  isHolder,
  isSentKey,
  keyColumns,
  readKeyText,
} from '../workspace/api-keys.ts';
import type { MemberRow } from '../workspace/members.ts';
import { byCredential } from '../workspace-scope.ts';
import type { CommandQueue } from './command-queues.ts';
import type { CommandRow } from './commands.ts';
import type { StoredItem } from './items.ts';

/** What a command is judged and prepared with, as it stands before the command. */
export interface CommandContext {
  item: StoredItem | null;
  /** Null when the member is not active. */
  actor: Actor | null;
  /** The command's own row, when its id was used before. */
  command: CommandRow | null;
  calendar: WorkspaceCalendar;
  /** Commands wait for the item's run; null while it answers. */
  queue: CommandQueue | null;
}

interface ContextKey {
  workspaceId: string;
  itemId: string;
  memberId: string;
  commandId: string;
}

/**
 * Reads it all in one query: a person waits for the answer.
 * @returns null when the workspace has no such member.
 */
export async function readCommandContext(db: Db, key: ContextKey): Promise<CommandContext | null> {
  const [row] = await findContext(db).execute({ ...key });
  return row === undefined ? null : contextOf(row);
}

/**
 * Whose key this is, as `authenticateApiKey` says it, and in the same query what a command of its
 * member will be judged with.
 * @param about the item; `commandId` null for a command without an id of the caller's.
 */
export async function authenticateForCommand(
  db: Db,
  keyText: string,
  about: {
    itemId: string;
    commandIdOf: (apiKeyId: string) => string | null;
    idempotencyKey?: string | null;
  },
): Promise<{ authenticated: Authenticated; context: CommandContext } | null> {
  const presented = readKeyText(keyText);
  if (presented === null) return null;
  const { apiKeyId } = presented;
  const { itemId, idempotencyKey = null } = about;
  const key = { apiKeyId, itemId, commandId: about.commandIdOf(apiKeyId), idempotencyKey };
  return byCredential({ of: 'api_keys', id: apiKeyId }, async () => {
    const [row] = await findContextByKey(db).execute(key);
    if (!(await isAccepted(db, presented, row?.key)) || row === undefined) return null;
    const { id, name, roles } = row.member;
    const { workspaceId } = row.key;
    return {
      authenticated: { apiKeyId, workspaceId, member: { id, name, roles }, used: row.used },
      context: contextOf(row),
    };
  });
}

/**
 * The same for somebody who is no member and answers by link: their actor is what the link says.
 * @returns null when there is no such workspace.
 */
export async function readContextOfLink(
  db: Db,
  { workspaceId, itemId, commandId }: Omit<ContextKey, 'memberId'>,
): Promise<Omit<CommandContext, 'actor'> | null> {
  const { calendar, item, command, queue } = contextColumns;
  const [row] = await db
    .select({ calendar, item, command, queue })
    .from(workspaces)
    .leftJoin(items, and(eq(items.id, itemId), eq(items.workspaceId, workspaces.id)))
    .leftJoin(commands, and(eq(commands.id, commandId), eq(commands.workspaceId, workspaces.id)))
    .leftJoin(
      commandQueues,
      and(eq(commandQueues.itemId, itemId), eq(commandQueues.workspaceId, workspaces.id)),
    )
    .where(eq(workspaces.id, workspaceId));
  return row ?? null;
}

function contextOf(row: {
  member: Pick<MemberRow, 'id' | 'roles' | 'platformTags' | 'active'>;
  backedUp: string[];
  calendar: WorkspaceCalendar;
  item: StoredItem | null;
  command: CommandRow | null;
  queue: CommandQueue | null;
}): CommandContext {
  const { member, backedUp, calendar, item, command, queue } = row;
  const { id: memberId, roles, platformTags, active } = member;
  const actor: Actor = { memberId, roles, platformTags, backupFor: backedUp };
  return { item, actor: active ? actor : null, command, calendar, queue };
}

const contextColumns = {
  member: {
    id: members.id,
    name: members.name,
    roles: members.roles,
    platformTags: members.platformTags,
    active: members.active,
  },
  // Spelled out: the query layer leaves the table's name off in a selected expression.
  backedUp: sql<string[]>`array(
    select b.id from ${members} b
    where b.workspace_id = members.workspace_id and b.backup_id = members.id order by b.id limit 200)`,
  calendar: workspaces.calendar,
  item: items,
  command: commands,
  queue: commandQueues,
};

const findContext = preparedOnce((db) =>
  db
    .select(contextColumns)
    .from(members)
    .innerJoin(workspaces, eq(workspaces.id, members.workspaceId))
    .leftJoin(items, isAskedItem())
    .leftJoin(commands, isAskedCommand())
    .leftJoin(commandQueues, isOfAskedItem())
    .where(
      and(
        eq(members.id, sql.placeholder('memberId')),
        eq(members.workspaceId, sql.placeholder('workspaceId')),
      ),
    )
    .prepare('find_command_context'),
);

const findContextByKey = preparedOnce((db) =>
  db
    .select({ key: keyColumns, ...contextColumns, used: idempotencyKeys })
    .from(apiKeys)
    .innerJoin(members, isHolder())
    .leftJoin(idempotencyKeys, isSentKey())
    .innerJoin(workspaces, eq(workspaces.id, members.workspaceId))
    .leftJoin(items, isAskedItem())
    .leftJoin(commands, isAskedCommand())
    .leftJoin(commandQueues, isOfAskedItem())
    .where(eq(apiKeys.id, sql.placeholder('apiKeyId')))
    .prepare('find_command_context_by_key'),
);

function isAskedItem() {
  return and(eq(items.id, sql.placeholder('itemId')), eq(items.workspaceId, members.workspaceId));
}

function isAskedCommand() {
  return and(
    eq(commands.id, sql.placeholder('commandId')),
    eq(commands.workspaceId, members.workspaceId),
  );
}

function isOfAskedItem() {
  return and(
    eq(commandQueues.itemId, sql.placeholder('itemId')),
    eq(commandQueues.workspaceId, members.workspaceId),
  );
}
