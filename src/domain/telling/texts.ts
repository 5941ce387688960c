import { keysOf } from '../keys.ts';
import { LABELS } from '../labels/labels.ts';
import type { Labels, Language } from '../labels/words.ts';
import { TEXTS_EN } from './texts.en.ts';
import { TEXTS_FR } from './texts.fr.ts';

/** What a notice says beside its text: ids, codes and instants, and the title as it was. */
export type NoticeAbout = Readonly<Record<string, string | number>>;

export type NoticeTextKey = keyof typeof TEXTS_EN;

export const NOTICE_TEXT_KEYS = keysOf(TEXTS_EN);

const TEXTS: Record<Language, Record<NoticeTextKey, string>> = { en: TEXTS_EN, fr: TEXTS_FR };

/** Codes of these fields have names in each language. */
const LABELLED: Readonly<Record<string, keyof Pick<Labels, 'roles' | 'stages' | 'reasons'>>> = {
  role: 'roles',
  stage: 'stages',
  reason: 'reasons',
};

/**
 * The sentence of a notice.
 * @param instantText how an instant is written for the reader.
 */
export function noticeText(
  { textKey, about }: { textKey: NoticeTextKey; about: NoticeAbout },
  language: Language,
  instantText: (instant: string) => string = (instant) => instant,
): string {
  const labels: Labels = LABELS[language];
  // One pass: a title that looks like a placeholder stays what it is.
  return TEXTS[language][textKey].replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(about[name] ?? '–');
    const table = LABELLED[name];
    if (table !== undefined) return (labels[table] as Record<string, string>)[value] ?? value;
    return name === 'dueAt' ? instantText(value) : value;
  });
}
