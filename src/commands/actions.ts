import type { Db } from '../db/client.ts';
import { getItem, type StoredItem } from '../db/item/items.ts';
import { readActor } from '../db/workspace/members.ts';
import type { Actor } from '../domain/item/context.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { Inquiry } from '../domain/item/requirements/requirements.ts';
import { COMMAND_TYPES } from '../domain/item/rules.ts';
import { type ItemSnapshot, unmetAccessFor, unmetFor } from '../domain/item/run.ts';
import { itemTime } from './command-facts.ts';
import type { AccessQuestion, Action, Caller } from './command-outcome.ts';
import { factsForActions } from './prepare-command.ts';

/**
 * What a caller could send now. The same function judges the question and the command, so they agree.
 * @returns null when the workspace has no such item.
 */
export async function listActions(
  { db }: { db: Db },
  { caller, itemId }: { caller: Caller; itemId: string },
): Promise<Action[] | null> {
  const { workspaceId } = caller;
  const [item, actor] = await Promise.all([
    getItem(db, { workspaceId, itemId }),
    readActor(db, caller),
  ]);
  if (item === null || item.snapshot === null || actor === null) return null;
  return actionsOf(db, { item, snapshot: item.snapshot, actor });
}

/** What rights and stage alone have against a command, before anybody looks at what it brings. */
export async function judgeAccess(
  { db }: { db: Db },
  { caller, itemId, type }: AccessQuestion,
): Promise<Unmet[] | null> {
  const { workspaceId } = caller;
  const [item, actor] = await Promise.all([
    getItem(db, { workspaceId, itemId }),
    readActor(db, caller),
  ]);
  if (item === null || item.snapshot === null || actor === null) return null;
  const ask = { type, actor, refs: null, facts: {}, at: itemTime(item) } as Inquiry;
  return unmetAccessFor(item.snapshot, item.seq, ask);
}

/** Every command with what stands in its way for this actor, given a complete payload. */
export async function actionsOf(
  db: Db,
  { item, snapshot, actor }: { item: StoredItem; snapshot: ItemSnapshot; actor: Actor },
): Promise<Action[]> {
  const facts = await factsForActions(db, item, snapshot.context);
  const at = itemTime(item);
  return COMMAND_TYPES.map((command) => {
    const ask = { type: command, actor, refs: null, facts, at } as Inquiry;
    const unmet = unmetFor(snapshot, item.seq, ask);
    return { command, allowed: unmet.length === 0, unmet };
  });
}
