const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

/** `@name@host`, of which servers show, and count, `@name`. Bounded: it also reads what servers answer. */
const REMOTE_MENTION =
  /(?<![\p{L}\p{N}_@/])(@[a-z0-9_.-]{1,64})@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,10}/giu;

/** A text as servers count it: a mention weighs what is shown of it (content/en/user/posting.md). */
export function withoutMentionHosts(text: string): string {
  return text.replace(REMOTE_MENTION, '$1');
}

/**
 * What is left of a text whatever a server does to show it: white space becomes paragraphs and breaks, a
 * mention loses its host. Two texts that are equal in this form read the same.
 */
export function comparable(text: string): string {
  return withoutMentionHosts(text.normalize('NFC')).replace(/\s+/gu, '');
}

/** The comparable form of a status's HTML. */
export function comparableHtml(html: string): string {
  return comparable(decodeEntities(html.replace(/<[^<>]*>/g, '')));
}

/** Every character reference of a status's HTML that servers write. */
export function decodeEntities(html: string): string {
  return html.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi,
    (whole, dec, hex, name) => {
      if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
      const code = dec === undefined ? Number.parseInt(hex, 16) : Number(dec);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
