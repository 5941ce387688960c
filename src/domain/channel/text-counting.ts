import type { TextLimit } from './channels.ts';

const graphemeSegmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const utf8 = new TextEncoder();

/** What X draws as one emoji. */
const RGI_EMOJI = /^\p{RGI_Emoji}$/v;
const ANY_EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;

/** Characters a reader sees (extended grapheme clusters, Unicode UAX #29). */
export function countGraphemes(text: string): number {
  let count = 0;
  for (const _ of graphemeSegmenter.segment(text)) count += 1;
  return count;
}

/** Length in UTF-8 bytes. */
export function countBytes(text: string): number {
  return utf8.encode(text).length;
}

/** Code points, an emoji counting as its UTF-8 bytes (Threads). */
export function countEmojiAsBytes(text: string): number {
  let count = 0;
  for (const { segment } of graphemeSegmenter.segment(text)) {
    count += ANY_EMOJI.test(segment) ? countBytes(segment) : [...segment].length;
  }
  return count;
}

/**
 * Code points that weigh 1 on X; all others weigh 2.
 * Source: xdevplatform/docs, fundamentals/counting-characters.mdx (configuration v3).
 */
const LIGHT_RANGES = [
  [0x0000, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
] as const;

function isLight(codePoint: number): boolean {
  return LIGHT_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}

/** Weight on X of a text without links: NFC first, an emoji weighs 2 whatever it is made of. */
function weighPlain(text: string): number {
  let weight = 0;
  for (const { segment } of graphemeSegmenter.segment(text)) {
    if (RGI_EMOJI.test(segment)) weight += 2;
    else for (const char of segment) weight += isLight(char.codePointAt(0) ?? 0) ? 1 : 2;
  }
  return weight;
}

/** Host names as X links them, with a scheme or bare; not behind a word, `@`, `#` or `$`. */
const LINK_HOST =
  /(?<![a-z0-9@＠$#＃])(?<scheme>https?:\/\/)?(?<host>(?:[a-z0-9À-ÖØ-öø-ÿ_](?:[a-z0-9À-ÖØ-öø-ÿ_-]*[a-z0-9À-ÖØ-öø-ÿ_])?\.)+[a-z]{2,24}(?![a-z0-9@＠]))/giu;

/** Port, path and query behind a host with scheme; punctuation that ends a sentence is left out. */
const LINK_TAIL =
  /(?::\d+)?(?:\/[a-z0-9À-ÖØ-öø-ÿ!*';:=+,.$%#[\]\-–&|@~_()/]*(?<=[a-z0-9À-ÖØ-öø-ÿ=_#/+-]))?(?:\?[a-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]*(?<=[a-z0-9\-_&=#/]))?/iuy;

const NOT_ASCII = /[^\x20-\x7e]/gu;

/**
 * Weight of a text on X in its units. A link with its scheme weighs `urlWeight`. A bare `word.word` may or
 * may not be a link there (that depends on the list of top-level domains of the day), so it weighs the
 * heavier of both, and its path is counted as text: rather too heavy than refused by X.
 */
export function countWeighted(text: string, { urlWeight }: { urlWeight: number }): number {
  const normalized = text.normalize('NFC');
  let weight = 0;
  let from = 0;
  for (const match of normalized.matchAll(LINK_HOST)) {
    if (match.index < from) continue;
    weight += weighPlain(normalized.slice(from, match.index));
    from = match.index + match[0].length;
    if (match.groups?.['scheme']) {
      LINK_TAIL.lastIndex = from;
      weight += urlWeight;
      from += LINK_TAIL.exec(normalized)?.[0].length ?? 0;
    } else {
      weight += Math.max(urlWeight, weighPlain(match[0])) + countNotAscii(match[0]);
    }
  }
  return weight + weighPlain(normalized.slice(from));
}

/** X cuts a bare host at an accent and counts the rest beside the link. */
function countNotAscii(host: string): number {
  return host.match(NOT_ASCII)?.length ?? 0;
}

const WEB_LINK = /https?:\/\/[^\s<>"«»“”]+/giu;

/** Graphemes, any http(s) URL weighing `urlWeight` (Mastodon) or what it is (null). */
export function countGraphemesWithUrls(text: string, urlWeight: number | null): number {
  return countGraphemes(
    urlWeight === null ? text : text.replace(WEB_LINK, () => 'x'.repeat(urlWeight)),
  );
}

/** What a text uses of a channel's limit, in that channel's own unit. */
export function countForLimit(text: string, limit: TextLimit): number {
  switch (limit.counting) {
    case 'graphemes':
    case 'graphemes_and_bytes':
      return countGraphemesWithUrls(text, limit.urlWeight);
    case 'weighted':
      return countWeighted(text, { urlWeight: limit.urlWeight ?? 0 });
    case 'emoji_as_bytes':
      return countEmojiAsBytes(text);
    case 'code_units':
      return text.length;
  }
}
