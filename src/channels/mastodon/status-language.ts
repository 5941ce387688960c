/**
 * What the API takes of a BCP 47 tag: ISO 639-1, or 639-3 where a language has no two letters (methods/statuses).
 * Null for a tag without such a language (`x-house`, `i-klingon`): the server then takes the account's own.
 */
export function statusLanguage(tag: string): string | null {
  const primary = /^([a-z]{2,3})(?:-|$)/i.exec(tag)?.[1];
  return primary === undefined ? null : (new Intl.Locale(primary).language ?? null);
}
