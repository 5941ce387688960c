import type { Command, CommandAccess, CommandType } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import type { RequirementCode } from '../requirements/catalogue.ts';
import type { Place } from '../stages.ts';
import type { Move } from './move.ts';

/** Where a command may be given, by whom, and which named requirements guard it. */
export interface CommandRule extends CommandAccess {
  requires: readonly RequirementCode[];
}

/** A command's rule, and what it changes once its requirements are met. */
interface CommandDefinition<T extends CommandType> extends CommandRule {
  move: (context: ItemContext, command: Command<T>, place: Place) => Move;
}

export type CommandDefinitions<T extends CommandType> = {
  readonly [K in T]: CommandDefinition<K>;
};

/** Where the content and its slots may still be changed, short of `publishing`. */
export const BEFORE_SENDING = [
  'creation.drafting',
  'review.deciding',
  'scheduling.offered',
  'scheduling.planning',
  'scheduled',
] as const satisfies readonly Place[];
