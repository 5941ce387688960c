import type { ItemContext } from '../item/context.ts';
import type { Place } from '../item/stages.ts';
import type { Recipient, Telling } from './notice.ts';
import { backupOf, isAbsent, type People, responsibleFor } from './people.ts';
import { NOTICE_TEXT_KEYS, type NoticeAbout, type NoticeTextKey } from './texts.ts';
import { answerOf, type Wait, waitsOf } from './waits.ts';

/**
 * Everybody whom the item waits for, as it is now. Who is away is told quietly, and the backup in their
 * place. Whoever brought the item here knows it, and is told quietly as well.
 */
export function asksOf(
  place: Place,
  context: ItemContext,
  { people, about, actor }: { people: People; about: NoticeAbout; actor: string },
): Telling[] {
  return waitsOf(place, context).map((wait) => {
    const asked = responsibleFor(wait, context, people);
    const away = asked.filter((person) => isAbsent(person, people.now));
    const standIns = away.flatMap((person): Recipient[] => {
      const backup = backupOf(person, people);
      return backup === null ? [] : [{ memberId: backup.id, textKey: 'asked.stands_in' }];
    });
    const textKey = textKeyOf(wait);
    return {
      kind: wait.for === 'sign_off' ? 'review_due' : 'asked',
      cause: [context.itemId, wait.key].join(' '),
      waitKey: wait.key,
      about: {
        ...about,
        role: wait.role,
        for: wait.for,
        name: away.map(({ name }) => name).join(', '),
        ...answerOf(wait, context),
      },
      to: [
        ...asked.map((person) => ({
          memberId: person.id,
          textKey,
          isQuiet: person.id === actor || away.includes(person),
        })),
        ...standIns,
      ],
    };
  });
}

function textKeyOf({ for: command }: Wait): NoticeTextKey {
  return NOTICE_TEXT_KEYS.find((key) => key === `asked.${command}`) ?? 'asked.other';
}
