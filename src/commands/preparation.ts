import type { Db } from '../db/client.ts';
import type { StoredItem } from '../db/item/items.ts';
import type { NewText, TextNumber } from '../db/item/versions.ts';
import type { CommandBody } from '../domain/item/command-bodies.ts';
import type { ClockFacts } from '../domain/item/commands/facts.ts';
import type { CommandPayloads, CommandType } from '../domain/item/commands.ts';
import type { Actor, ItemContext } from '../domain/item/context.ts';
import type { GivenLearnings } from '../domain/kpi/learning.ts';
import type { BusinessCalendar } from '../time/business-calendar.ts';
import { clockFacts, itemTime } from './command-facts.ts';
import type { Caller } from './command-outcome.ts';

/** A command as it is stored and sent: ids, hashes and machine-checked facts, no text. */
export interface CommandParts<T extends CommandType = CommandType> {
  refs: CommandPayloads[T]['refs'];
  facts: CommandPayloads[T]['facts'];
  /** What a person wrote: a row of its own, stored with the command. */
  comment: string | null;
  /** What a sign-off teaches: a text of the thread, and rows of the library. */
  learnings?: GivenLearnings;
  /** The text of a version: it gets its number in the transaction that stores the command. */
  version?: {
    text: NewText;
    named(number: TextNumber): Pick<CommandParts<T>, 'refs' | 'facts'>;
  };
}

export interface Preparation<T extends CommandType> {
  db: Db;
  caller: Caller;
  item: StoredItem;
  context: ItemContext;
  actor: Actor;
  calendar: BusinessCalendar;
  body: CommandBody<T>;
  /** Id of the comment row, if the command brings one. */
  commentId: string;
}

export type ClockSources = Pick<Preparation<CommandType>, 'calendar' | 'item' | 'context'>;

export function clocks({ calendar, item, context }: ClockSources): ClockFacts {
  return clockFacts({ calendar, playbook: context.playbook, now: itemTime(item) });
}
