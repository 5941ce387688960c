import { COMMAND_BODIES } from '../domain/item/command-bodies.ts';
import type { CommandRequest } from './command-outcome.ts';
import { InvalidBody } from './command-refusals.ts';

/**
 * Every door ends here: whatever brought the body, it names what it is about and breaks no rule.
 * @throws InvalidBody
 */
export function bodyOf({ type, body }: Pick<CommandRequest, 'type' | 'body'>): object {
  const parsed = COMMAND_BODIES[type].safeParse(body);
  if (parsed.success) return parsed.data;
  const partOf = (part: PropertyKey) => (typeof part === 'number' ? part : String(part));
  throw new InvalidBody(
    parsed.error.issues.map(({ path, message }) => ({ path: path.map(partOf), message })),
  );
}
