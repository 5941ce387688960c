import type { ClaimedSend } from '../db/telling/notice-sends.ts';
import type { Language } from '../domain/labels/words.ts';
import { type NoticeAbout, type NoticeTextKey, noticeText } from '../domain/telling/texts.ts';
import { wallText } from '../time/wall-text.ts';

/** One notice as its reader gets it. */
export interface Line {
  text: string;
  at: string;
  itemId: string | null;
}

/** What a message says beside its notices. */
export function wordsOf(
  textKey: Extract<NoticeTextKey, `message.${string}` | `answer.${string}`>,
  language: Language,
  about: NoticeAbout = {},
): string {
  return noticeText({ textKey, about }, language);
}

/** The notice in the language and zone of its member. */
export function lineOf({ notice, member }: ClaimedSend): Line {
  const { language, zone } = member;
  const shown = (instant: string) => wallText(instant, language, zone);
  return {
    text: oneLine(noticeText(notice, language, shown)),
    at: shown(notice.at),
    itemId: notice.itemId,
  };
}

/** Characters that end a line, or that nobody sees, are spaces. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
}
