import type { ItemContext } from '../item/context.ts';
import type { Place } from '../item/stages.ts';
import type { Recipient, Telling } from './notice.ts';
import { backupOf, isAbsent, type People, type Person, responsibleFor } from './people.ts';
import type { NoticeAbout } from './texts.ts';
import { waitsOf } from './waits.ts';

/** Whoever was reminded of an item is not reminded of it again so soon. */
export const REMINDER_PAUSE_MS = 3_600_000;

/**
 * Reminds everybody whom the item waits for, as it is now. In place of who is away their backup.
 * @param at ISO instant at which somebody asked for it: later, they may be reminded once more.
 */
export function remindersOf(
  place: Place,
  context: ItemContext,
  { people, about, at }: { people: People; about: NoticeAbout; at: string },
): Telling[] {
  return waitsOf(place, context).map((wait) => {
    const asked = responsibleFor(wait, context, people);
    const away = asked.filter((person) => standInFor(person, people) !== null);
    return {
      kind: 'reminder',
      cause: [context.itemId, wait.key, at].join(' '),
      waitKey: wait.key,
      about: {
        ...about,
        stage: context.stage,
        role: wait.role,
        for: wait.for,
        name: away.map(({ name }) => name).join(', '),
      },
      to: asked.map((person): Recipient => {
        const standIn = standInFor(person, people);
        return standIn === null
          ? { memberId: person.id, textKey: 'reminder.again' }
          : { memberId: standIn.id, textKey: 'reminder.stands_in' };
      }),
    };
  });
}

function standInFor(person: Person, people: People): Person | null {
  return isAbsent(person, people.now) ? backupOf(person, people) : null;
}
