import { and, asc, eq } from 'drizzle-orm';
import type { CommandAnswer } from '../../domain/item/record-schema.ts';
import type { Db } from '../client.ts';
import { type ItemKey, isOfItem } from '../item/items.ts';
import { commands, itemEvents } from '../schema/index.ts';

/** A run that goes on remembers so many answers at most; older ids are answered by their rows. */
const REMEMBERED = 2_000;

/** Commands that an item has applied, with their answers, oldest first. */
export async function listAppliedCommands(
  db: Db,
  key: ItemKey,
): Promise<{ id: string; answer: CommandAnswer }[]> {
  const rows = await db
    .select({ id: commands.id, answer: commands.answer })
    .from(commands)
    .where(and(isOfItem(commands, key), eq(commands.state, 'applied')))
    .orderBy(asc(commands.appliedSeq), asc(commands.id));
  return rows.slice(-REMEMBERED).map(({ id, answer }) => ({ id, answer: asAnswer(answer) }));
}

/** Applied rows hold the answer that the run gave: projectCommand stores nothing else. */
function asAnswer(answer: Record<string, unknown> | null): CommandAnswer {
  return answer as unknown as CommandAnswer;
}

/** Commands that are in an item's chain and have no verdict yet. */
export async function listUnansweredCommands(db: Db, key: ItemKey): Promise<string[]> {
  const rows = await db
    .selectDistinct({ id: commands.id })
    .from(commands)
    .innerJoin(
      itemEvents,
      and(eq(itemEvents.workspaceId, commands.workspaceId), eq(itemEvents.commandId, commands.id)),
    )
    .where(and(isOfItem(commands, key), eq(commands.state, 'pending')))
    .orderBy(asc(commands.id));
  return rows.map(({ id }) => id);
}
