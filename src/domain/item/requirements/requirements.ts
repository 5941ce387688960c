import type { Role } from '../../people/roles.ts';
import type { Command, CommandType } from '../commands.ts';
import type { ItemContext } from '../context.ts';
import { moveOfCommand } from '../moves/moves.ts';
import { COMMAND_RULES } from '../rules.ts';
import type { Place } from '../stages.ts';
import { REQUIREMENTS, type RequirementCode, type Unmet } from './catalogue.ts';
import { type Inquiry, type Question, rolesWith } from './question.ts';

export type { Inquiry } from './question.ts';

/** What every command needs, before what its own rule names. */
const OF_EVERY_COMMAND = [
  'basis_changed',
  'command_expired',
  'in_stage',
  'holds_role',
] as const satisfies readonly RequirementCode[];

function unmetOf(code: RequirementCode, question: Question): Unmet[] {
  return REQUIREMENTS[code].check(question).map(
    ({ entry, ...problem }): Unmet => ({
      code: entry === undefined ? code : `checklist.${entry}`,
      ...problem,
    }),
  );
}

/** Roles that may give a command where the item is now. */
export function rolesFor(type: CommandType, place: Place, context: ItemContext): readonly Role[] {
  return rolesWith(COMMAND_RULES[type], { type, place, context });
}

/**
 * What stands in the way before anybody looks at what a command brings: the item is closed, is
 * elsewhere, or the actor has not the right.
 */
export function unmetAccess(
  item: { place: Place; context: ItemContext; seq: number },
  ask: Inquiry,
): Unmet[] {
  const question = questionOf(item, ask);
  const closed = unmetOf('item_closed', question);
  return closed.length > 0 ? closed : OF_EVERY_COMMAND.flatMap((code) => unmetOf(code, question));
}

/**
 * The one authority on who may do what where: the unmet requirements of a command, in the order of
 * the documentation; none means the command is accepted.
 */
export function unmetRequirements(
  item: { place: Place; context: ItemContext; seq: number },
  ask: Inquiry,
): Unmet[] {
  const question = questionOf(item, ask);
  const first = unmetAccess(item, ask);
  // The other requirements mean something only where the command belongs.
  if (first.some(({ code }) => code === 'item_closed' || code === 'in_stage')) return first;
  const { requires } = COMMAND_RULES[ask.type];
  return [...first, ...requires.flatMap((code) => unmetOf(code, question))];
}

function questionOf(
  item: { place: Place; context: ItemContext; seq: number },
  ask: Inquiry,
): Question {
  return { ...item, ask, access: COMMAND_RULES[ask.type], changed: () => changedBy(item, ask) };
}

function changedBy(
  { context, place }: { place: Place; context: ItemContext },
  ask: Inquiry,
): ItemContext {
  if (ask.refs === null) return context;
  // With its refs an inquiry is a command but for its id, which changes nothing.
  const { change } = moveOfCommand(context, { ...ask, id: '' } as Command, place);
  return { ...context, ...change };
}
