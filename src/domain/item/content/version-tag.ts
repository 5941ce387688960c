import { hashOf } from '../../canonical.ts';
import type { CommandType } from '../commands.ts';
import type { ItemContext } from '../context.ts';

/**
 * The tag of the version that a command of this type changes: the brief's or the draft's hash, the
 * hash over the plan; null while there is none, and for commands that change no version.
 */
export function versionTag(type: CommandType, context: ItemContext): string | null {
  switch (type) {
    case 'save_brief':
      return context.brief?.hash ?? null;
    case 'save_draft':
      return context.draft?.hash ?? null;
    case 'plan_schedule':
    case 'unschedule':
      return planTag(context);
    default:
      return null;
  }
}

/** Hash over the plan as the caller sees it: accounts, times and states. */
export function planTag({ publications }: Pick<ItemContext, 'publications'>): string {
  return hashOf(publications.map(({ id, at, state }) => ({ id, at, state })));
}
