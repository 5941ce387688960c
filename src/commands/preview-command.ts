import type { Db } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import { readCommandContext } from '../db/item/command-context.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Command } from '../domain/item/commands.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import { type ItemSnapshot, stepItem, unmetFor } from '../domain/item/run.ts';
import { bodyOf } from './command-body.ts';
import { itemTime } from './command-facts.ts';
import type { CommandRequest } from './command-outcome.ts';
import { prepareAny } from './prepare-command.ts';

/** What a command would do to its item, had it been sent now. */
export type CommandPreview =
  | { outcome: 'not_found' }
  | { outcome: 'refused'; unmet: Unmet[] }
  | {
      outcome: 'would';
      /** Types of the events that it would add. */
      events: string[];
      before: ItemSnapshot;
      after: ItemSnapshot;
    };

/**
 * Judges a command and applies it to a copy of the item. Nothing is stored and no run hears of it.
 * @throws InvalidBody
 */
export async function previewCommand(
  db: Db,
  request: Pick<CommandRequest, 'caller' | 'itemId' | 'type' | 'body' | 'commandId'>,
): Promise<CommandPreview> {
  const { caller, itemId, type, commandId } = request;
  const known = await readCommandContext(db, { ...caller, itemId, commandId });
  if (known === null || known.item?.snapshot == null || known.actor === null) {
    return { outcome: 'not_found' };
  }
  const { item, actor, calendar } = known;
  const { snapshot: before } = item;
  const body = bodyOf(request);
  const preparation = { caller, item, context: before.context, actor, calendar, body };
  // Slots are chosen under locks that end with their transaction.
  const { refs, facts } = await inTransaction(db, (tx) =>
    prepareAny(type, { db: tx, ...preparation, commentId: newId('comment') }),
  );
  const { basisSeq, expiresAt } = body as { basisSeq?: number; expiresAt?: string };
  const command = {
    id: commandId,
    type,
    actor,
    refs,
    facts,
    at: itemTime(item),
    ...(basisSeq !== undefined && { basisSeq }),
    ...(expiresAt !== undefined && { expiresAt }),
  } as Command;
  const unmet = unmetFor(before, item.seq, command);
  if (unmet.length > 0) return { outcome: 'refused', unmet };
  const { snapshot: after, records } = stepItem(before, command);
  return { outcome: 'would', events: records.map((record) => record.type), before, after };
}
