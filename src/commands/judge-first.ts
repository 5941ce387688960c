import type { Db } from '../db/client.ts';
import { hasPendingCommand } from '../db/item/commands.ts';
import { getItem, type StoredItem } from '../db/item/items.ts';
import type { Actor } from '../domain/item/context.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { Inquiry } from '../domain/item/requirements/requirements.ts';
import { unmetAccessFor, unmetFor } from '../domain/item/run.ts';
import { itemTime } from './command-facts.ts';
import type { CommandRequest } from './command-outcome.ts';
import { bringsText, plainFacts, plainRefs } from './prepare-command.ts';

/** Whether a command may be given here by this member, before anybody looks at what it brings. */
export type FirstJudgement =
  | { refused: false; item: StoredItem }
  | { refused: true; item: StoredItem; unmet: Unmet[] };

/**
 * Judges rights and stage by the item's row. The row may be behind its run, so a refusal is judged
 * again by the row as it is now; and where another command is on its way, whether the stage fits is
 * left to the run, unless the command brings a text.
 */
export async function judgeFirst(
  db: Db,
  { caller, itemId, commandId, type, body }: CommandRequest,
  { item, actor }: { item: StoredItem; actor: Actor },
): Promise<FirstJudgement> {
  const { basisSeq, expiresAt } = body as { basisSeq?: number; expiresAt?: string };
  const given = {
    type,
    actor,
    refs: plainRefs(type, body as object),
    ...(basisSeq !== undefined && { basisSeq }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  const ask = (row: StoredItem, facts: object) =>
    ({ ...given, facts, at: itemTime(row) }) as Inquiry;
  const mayGo = (row: StoredItem) =>
    unmetAccessFor(row.snapshot, row.seq, ask(row, {})).length === 0;
  if (mayGo(item)) return { refused: false, item };
  const key = { workspaceId: caller.workspaceId, itemId };
  // Asked before the row is read: what is settled by now is in the row.
  const isAlone = !(await hasPendingCommand(db, { ...key, besides: commandId }));
  const current = (await getItem(db, key)) ?? item;
  if (mayGo(current)) return { refused: false, item: current };
  const facts = await plainFacts(db, item);
  const unmet = unmetFor(current.snapshot, current.seq, ask(current, facts));
  const isFinal = isAlone || bringsText(type) || unmet.some(({ code }) => code === 'holds_role');
  return isFinal ? { refused: true, item: current, unmet } : { refused: false, item: current };
}
