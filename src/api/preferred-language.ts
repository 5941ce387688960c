import { LANGUAGES, type Language } from '../domain/labels/words.ts';

/** The best known language of an `Accept-Language` header. */
export function preferredLanguage(header: string | undefined): Language {
  const ranked = (header ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = /^\s*q=([01](\.\d{0,3})?)$/.exec(parameters.join(';'))?.[1];
      return { language: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality);
  const found = ranked.flatMap(
    ({ language }) => LANGUAGES.find((known) => known === language) ?? [],
  );
  return found[0] ?? 'en';
}
