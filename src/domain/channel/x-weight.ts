import { X_LINKS } from './link-grammar.ts';
import { asciiHosts, type LinkMatch, scanLinks } from './link-scan.ts';
import { isHostOnX } from './punycode-length.ts';

/** Code points that weigh 1 on X; all others weigh 2 (twitter-text, configuration v3). */
const LIGHT_RANGES = [
  [0x0000, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
] as const;

/** What weighs 2 whatever it is made of: an emoji, also in two older spellings that X draws as one. */
const EMOJI = /\p{RGI_Emoji}|[#*0-9]\u20e3|\u{1f441}\u200d\u{1f5e8}/gv;

/**
 * Weight of a text on X in its units, after NFC: 1 or 2 for a code point, 2 for an emoji, `urlWeight` for a
 * link, with or without its scheme.
 */
export function countWeighted(text: string, { urlWeight }: { urlWeight: number }): number {
  const normalized = text.normalize('NFC');
  let weight = 0;
  let from = 0;
  for (const { start, end } of linksOnX(normalized)) {
    weight += weighPlain(normalized.slice(from, start)) + urlWeight;
    from = end;
  }
  return weight + weighPlain(normalized.slice(from));
}

function weighPlain(text: string): number {
  let weight = 0;
  const rest = text.replace(EMOJI, () => {
    weight += 2;
    return '';
  });
  for (const char of rest) weight += isLight(char.codePointAt(0) ?? 0) ? 1 : 2;
  return weight;
}

function isLight(codePoint: number): boolean {
  return LIGHT_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}

interface Span {
  start: number;
  end: number;
}

function* linksOnX(text: string): Generator<Span> {
  for (const link of scanLinks(text, X_LINKS)) {
    if (!isValid(text, link)) continue;
    if (!link.hasScheme) yield* bareLinks(text, link);
    else {
      const short = shortLinkEnd(text.slice(link.start, link.end));
      if (short !== null) yield { start: link.start, end: link.start + short };
    }
  }
}

const LONGEST_LINK = 4096;
const SCHEME = 'https://';

function isValid(text: string, link: LinkMatch): boolean {
  const host = text.slice(link.hostStart, link.hostEnd);
  const scheme = link.hasScheme ? link.hostStart - link.start : SCHEME.length;
  if (scheme + (link.end - link.start) > LONGEST_LINK || !isHostOnX(host)) return false;
  return !host.startsWith('xn--') || asciiHosts(host, X_LINKS).length > 0;
}

const BEFORE_NO_BARE_LINK = /[-_./]$/;

/**
 * Without a scheme only the ASCII parts of a host are linked; the path belongs to the last of them, and X takes as
 * many characters for it as both have, also where another part of the host stands between them.
 */
function* bareLinks(text: string, link: LinkMatch): Generator<Span> {
  if (link.start > 0 && BEFORE_NO_BARE_LINK.test(text.charAt(link.start - 1))) return;
  const hosts = asciiHosts(text.slice(link.hostStart, link.hostEnd), X_LINKS);
  for (const [index, { start, end }] of hosts.entries()) {
    const isLast = index === hosts.length - 1;
    const behind = isLast && link.hasPath ? link.end - link.hostEnd : 0;
    yield { start: link.hostStart + start, end: link.hostStart + end + behind };
  }
}

const SHORT_LINK =
  /^https?:\/\/t\.co\/([a-z0-9]+)(?:\?[a-z0-9!?*'@();:&=+$/%#[\]\-_.,~|]*[a-z0-9\-_&=#/])?/i;
const LONGEST_SLUG = 40;

/** A link of X's own shortener ends with its slug; null where that is too long for one. */
function shortLinkEnd(link: string): number | null {
  const [whole, slug = ''] = SHORT_LINK.exec(link) ?? [link];
  return slug.length > LONGEST_SLUG ? null : whole.length;
}
