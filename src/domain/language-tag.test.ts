import { describe, expect, it } from 'vitest';
import { Brief } from './item/content/brief.ts';
import { Draft } from './item/content/draft.ts';
import { isLanguageTag } from './language-tag.ts';

/** RFC 5646, appendix A, and what it says of letter case, duplicates and old tags. */
const WELL_FORMED = [
  'de',
  'fr',
  'FR',
  'en-us',
  'i-enochian',
  'I-Klingon',
  'zh-Hant',
  'zh-Hans-CN',
  'zh-cmn-Hans-CN',
  'zh-cmn-Hans',
  'cmn-Hans-CN',
  'zh-yue-HK',
  'yue-HK',
  'sr-Latn-RS',
  'sl-rozaj',
  'sl-rozaj-biske',
  'sl-nedis',
  'de-CH-1901',
  'sl-IT-nedis',
  'hy-Latn-IT-arevela',
  'es-419',
  'de-CH-x-phonebk',
  'az-Arab-x-AZE-derbend',
  'x-whatever',
  'qaa-Qaaa-QM-x-southern',
  'de-Qaaa',
  'en-US-u-islamcal',
  'zh-CN-a-myext-x-private',
  'en-a-myext-b-another',
  'en-GB-oed',
  'sgn-BE-FR',
  'zh-min-nan',
  'art-lojban',
];

const MALFORMED = [
  '',
  'f',
  'en-12',
  'zh-CN-US',
  'fr-CA-QC',
  'de-419-DE',
  'a-DE',
  'ar-a-aaa-b-bbb-a-ccc',
  'sl-rozaj-rozaj',
  'en_US',
  'en-',
  '-en',
  'en--US',
  'en US',
  'fr-',
  'en-x',
  'en-a',
  'x',
  'i-nothing',
  'françois',
  'en-US\n',
  'français',
  'i-\u212alingon',
  `en-x-${'abcdefgh-'.repeat(20)}a`,
];

describe('a language tag', () => {
  it.each(WELL_FORMED)('may be %s', (tag) => {
    expect(isLanguageTag(tag)).toBe(true);
  });

  it.each(MALFORMED)('is not %j', (tag) => {
    expect(isLanguageTag(tag)).toBe(false);
  });

  it('is whatever Intl takes as one, and never what only the grammar of Intl has', () => {
    const pieces = ['en', 'zh', 'Hans', 'Latn', 'US', '419', '1996', 'rozaj', 'u', 'ca', 'x', 'a1'];
    for (const first of pieces)
      for (const second of pieces)
        for (const third of pieces) {
          const tag = [first, second, third].join('-');
          if (isKnownToIntl(tag))
            expect({ tag, is: isLanguageTag(tag) }).toEqual({ tag, is: true });
        }
  });
});

function isKnownToIntl(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

describe('wherever a language is written', () => {
  const draft = (language: string) =>
    Draft.safeParse({ language, title: 'Du pain', body: '' }).error?.issues[0];
  const brief = (language: string) =>
    Brief.safeParse({ languages: ['fr', language] }).error?.issues[0];

  it.each(['en-12', 'zh-CN-US', 'fr-CA-QC'])('%s is refused with its field and the rule', (tag) => {
    const message = 'is not a well-formed BCP 47 language tag, such as fr, pt-BR or zh-Hans';
    expect(draft(tag)).toMatchObject({ path: ['language'], message });
    expect(brief(tag)).toMatchObject({ path: ['languages', 1], message });
  });

  it.each(['zh-cmn-Hans', 'PT-br', 'x-house'])('%s is taken', (tag) => {
    expect(draft(tag)).toBeUndefined();
    expect(brief(tag)).toBeUndefined();
  });
});
