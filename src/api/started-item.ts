import { actionsOf } from '../commands/actions.ts';
import type { Action, Caller } from '../commands/command-outcome.ts';
import type { StoredCommand } from '../commands/deliver-command.ts';
import { firstEvents } from '../commands/project-command.ts';
import type { Db } from '../db/client.ts';
import { getCommand } from '../db/item/commands.ts';
import { getItem, type StoredItem } from '../db/item/items.ts';
import { readActor } from '../db/workspace/members.ts';
import { getPlaybook } from '../db/workspace/playbooks.ts';
import { itemRowOf } from '../domain/item/row.ts';
import type { Item } from './item-schema.ts';
import { itemView } from './item-view.ts';

/**
 * An item as its start left it. It follows from the stored command, so that the same key gets the
 * same first answer however far the item has gone since. Null for an id that is no start.
 */
export async function readStartedItem(
  db: Db,
  {
    caller,
    commandId,
    itemId,
    local,
  }: { caller: Caller; commandId: string; itemId: string; local: boolean },
): Promise<{ item: Item; nextActions: Action[] } | null> {
  const { workspaceId } = caller;
  const [command, item, actor] = await Promise.all([
    getCommand(db, { workspaceId, id: commandId }),
    getItem(db, { workspaceId, itemId }),
    readActor(db, caller),
  ]);
  if (command === null || item === null || actor === null) return null;
  // Written by the command sender, which stores nothing else in this column.
  const stored = command.payload as unknown as StoredCommand;
  if (stored.kind !== 'start') return null;
  const { snapshot, events } = firstEvents(stored.input);
  const first: StoredItem = {
    ...item,
    ...itemRowOf(snapshot, events.length),
    clockOffsetMs: 0,
  };
  const { playbookName: name, playbookVersion: version } = item;
  const [playbook, actions] = await Promise.all([
    getPlaybook(db, { workspaceId, name, version }),
    actionsOf(db, { item: first, snapshot, actor }),
  ]);
  const waitedFor = new Set(first.waitingOn.map((waiting) => waiting.for));
  return {
    item: itemView(first, { playbook: playbook?.data ?? null, local }),
    nextActions: actions.filter(({ command: type, allowed }) => allowed || waitedFor.has(type)),
  };
}
