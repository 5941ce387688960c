import type { ClaimedSend } from '../db/telling/notice-sends.ts';
import type { Language } from '../domain/labels/words.ts';
import { noticeText } from '../domain/telling/texts.ts';
import { wallText } from '../time/wall-text.ts';

/** One notice as its reader gets it. */
export interface Line {
  text: string;
  at: string;
  itemId: string | null;
}

/** What every message says beside its notices, in each language. */
export const MESSAGE_WORDS: Record<
  Language,
  { digest: (count: number) => string; item: string; why: string; more: string }
> = {
  en: {
    digest: (count) => `${count} notices`,
    item: 'Item',
    why: 'Baton sent this because your work is waited for, or because you are told of it.',
    more: 'Choose what you are told, and when: PUT /v1/me/preferences.',
  },
  fr: {
    digest: (count) => `${count} messages`,
    item: 'Contenu',
    why: 'Baton vous envoie ce message parce que votre travail est attendu, ou pour vous en informer.',
    more: 'Choisissez ce que vous recevez, et quand : PUT /v1/me/preferences.',
  },
};

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
