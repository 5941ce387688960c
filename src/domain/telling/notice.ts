import type { NoticeKind } from './kinds.ts';
import type { NoticeAbout, NoticeTextKey } from './texts.ts';

/** One member is told of one cause, once. */
export interface Notice {
  memberId: string;
  kind: NoticeKind;
  /** The same cause tells the same member once. */
  cause: string;
  textKey: NoticeTextKey;
  about: NoticeAbout;
  /** The wait it is about: once the item waits for something else, it need not be sent any more. */
  waitKey: string | null;
  /** Kept for the member to read, and sent nowhere: they did it themselves, or are away. */
  isQuiet: boolean;
}

/** Several notices of one cause. */
export interface Telling extends Omit<Notice, 'memberId' | 'isQuiet' | 'textKey'> {
  to: readonly Recipient[];
}

export interface Recipient {
  memberId: string;
  textKey: NoticeTextKey;
  isQuiet?: boolean;
}

/** The first place of a member among the recipients counts. */
export function noticesTo({ to, ...telling }: Telling): Notice[] {
  const seen = new Set<string>();
  return to.flatMap(({ memberId, textKey, isQuiet = false }) => {
    if (seen.has(memberId)) return [];
    seen.add(memberId);
    return [{ ...telling, memberId, textKey, isQuiet }];
  });
}
