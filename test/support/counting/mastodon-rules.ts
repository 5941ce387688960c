/**
 * How Mastodon (4.3 to 4.5) counts a status, written out from its own sources as they stand there, expression by
 * expression: twitter-text 3.1.0 (rb/lib/twitter-text/regex.rb, extractor.rb), what
 * config/initializers/twitter_regex.rb changes of it, app/lib/extractor.rb, app/models/account.rb and
 * app/validators/status_length_validator.rb. Nothing of Baton is used.
 */
import { domainToASCII } from 'node:url';
import countryDomains from 'twitter-text/dist/regexp/validCCTLD.js';
import genericDomains from 'twitter-text/dist/regexp/validGTLD.js';

const CYRILLIC = String.raw`\p{Script=Cyrillic}`;
const LATIN_ACCENTS = String.raw`\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{ff}\u{100}-\u{24f}\u{253}-\u{254}\u{256}-\u{257}\u{259}\u{25b}\u{263}\u{268}\u{26f}\u{272}\u{289}\u{28b}\u{2bb}\u{300}-\u{36f}\u{1e00}-\u{1eff}`;
const DIRECTIONAL = String.raw`\u{61c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}`;
const INVALID = String.raw`\u{fffe}\u{feff}\u{ffff}`;
const SPACES = String.raw`\u{9}-\u{d}\u{20}\u{85}\u{a0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}`;
const PUNCTUATION = String.raw`!"#$%&'()*+,\-.\/:;<=>?@\[\]\^_\x60\{\|\}~`;

const precedingChars = `(?:[^A-Z0-9@＠$#＃${INVALID}]|[${DIRECTIONAL}]|^)`;
const domainChars = String.raw`[^${DIRECTIONAL}${PUNCTUATION}\x00-\x1f\x7f${INVALID}${SPACES}]`;
const subdomain = String.raw`(?:(?:${domainChars}(?:[_\-]|${domainChars})*)?${domainChars}\.)`;
const domainName = String.raw`(?:(?:${domainChars}(?:[\-]|${domainChars})*)?${domainChars}\.)`;
const topLevel = (list: RegExp) => `(?:(?:${alternatives(list).join('|')})(?=[^0-9a-z@+\\-]|$))`;
const domain = `(?:${subdomain}*${domainName}(?:${topLevel(genericDomains)}|${topLevel(countryDomains)}|(?:xn--[0-9a-z]+)))`;

/** The names in an expression of twitter-text's own package. */
function alternatives({ source }: RegExp): string[] {
  return source
    .replace(/^\(\?:\(\?:/, '')
    .replace(/\)\(\?=.*$/, '')
    .split('|');
}

// twitter-text, before config/initializers/twitter_regex.rb
const libraryPathChars = String.raw`[a-z${CYRILLIC}0-9!\*';:=\+,\.$\/%#\[\]\p{Pd}_~&\|@${LATIN_ACCENTS}]`;
const libraryParens = balanced(libraryPathChars);
// config/initializers/twitter_regex.rb, in its order
const pathChars = String.raw`[^\p{White_Space}<>\(\)?]`;
const pathEndingChars = String.raw`(?:[^\p{White_Space}\(\)?!*"'「」<>;:=,.$%\[\]~&\|@]|(?:${libraryParens}))`;
const parens = balanced(pathChars);
const UCHARS = String.raw`\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}\u{10000}-\u{1FFFD}\u{20000}-\u{2FFFD}\u{30000}-\u{3FFFD}\u{40000}-\u{4FFFD}\u{50000}-\u{5FFFD}\u{60000}-\u{6FFFD}\u{70000}-\u{7FFFD}\u{80000}-\u{8FFFD}\u{90000}-\u{9FFFD}\u{A0000}-\u{AFFFD}\u{B0000}-\u{BFFFD}\u{C0000}-\u{CFFFD}\u{D0000}-\u{DFFFD}\u{E1000}-\u{EFFFD}\u{E000}-\u{F8FF}\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD}`;
const queryChars = String.raw`[a-z0-9!?*'\(\);:&=+$\/%#\[\]\-_.,~\|@\^${UCHARS}]`;
const queryEndingChars = String.raw`[a-z0-9_&=#\/\-${UCHARS}]`;
const path = `(?:(?:${pathChars}*(?:${parens}${pathChars}*)*${pathEndingChars})|(?:${pathChars}+/))`;
const validUrl = new RegExp(
  String.raw`(?<before>${precedingChars})(?<url>(?<protocol>(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini):\/\/)?(?<domain>${domain})(?::[0-9]+)?(?:\/${path}*)?(?:\?${queryChars}*${queryEndingChars})?)`,
  'gimu',
);

function balanced(chars: string): string {
  return String.raw`\((?:${chars}+|(?:${chars}*\(${chars}+\)${chars}*))\)`;
}

const WORD = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]`;
const USERNAME = String.raw`[a-z0-9_]+(?:[.\-]+[a-z0-9_]+)*`;
const mention = new RegExp(
  String.raw`(?<![=\/]|${WORD})@(?<name>(?:${USERNAME})(?:@${WORD}+(?:[.\-]+${WORD}+)*)?)`,
  'giu',
);
const endMention = new RegExp(String.raw`^(?:[@＠]|[${LATIN_ACCENTS}]+|:\/\/)`, 'iu');

interface Entity {
  start: number;
  end: number;
  counted: string;
}

/** `extract_urls_with_indices(str, extract_url_without_protocol: false)` */
function urls(text: string, perUrl: number): Entity[] {
  const found: Entity[] = [];
  for (const match of text.matchAll(validUrl)) {
    const { before = '', url = '', protocol, domain: host = '' } = match.groups ?? {};
    if (protocol === undefined) continue;
    const start = match.index + before.length;
    const tco = /^https?:\/\/t\.co\/([a-z0-9]+)/i.exec(url);
    if ((tco?.[1] ?? '').length > 40) continue;
    const shown = tco?.[0] ?? url;
    if (!isValidDomain([...shown].length, host)) continue;
    found.push({ start, end: start + shown.length, counted: 'x'.repeat(perUrl) });
  }
  return found;
}

/** `is_valid_domain`: `IDN::Idna.toASCII` takes labels of 63 characters. */
function isValidDomain(urlLength: number, host: string): boolean {
  const labels = host
    .split(/[.\u3002\uff0e\uff61]/u)
    .map((label) => (/^[\0-\x7f]*$/.test(label) ? label : domainToASCII(label)));
  if (labels.some((label) => label.length === 0 || label.length > 63)) return false;
  const growth = labels.join('.').length - [...host].length;
  return urlLength + Math.max(0, growth) <= 4096;
}

/** `extract_mentions_or_lists_with_indices` */
function mentions(text: string): Entity[] {
  const found: Entity[] = [];
  for (const match of text.matchAll(mention)) {
    const [user = '', server = ''] = (match.groups?.['name'] ?? '').split('@');
    const end = match.index + match[0].length;
    if (endMention.test(text.slice(end)) || [...server].length > 253) continue;
    found.push({ start: match.index, end, counted: `@${user}` });
  }
  return found;
}

/** `remove_overlapping_entities` */
function withoutOverlaps(entities: Entity[]): Entity[] {
  const kept: Entity[] = [];
  for (const entity of entities.toSorted((a, b) => a.start - b.start)) {
    if ((kept.at(-1)?.end ?? 0) <= entity.start) kept.push(entity);
  }
  return kept;
}

/** `countable_text` and what counts: warning and text, joined. */
export function countCharacters(
  {
    status = '',
    spoiler_text = '',
  }: { status?: string | undefined; spoiler_text?: string | undefined },
  perUrl: number,
): number {
  // app/models/status.rb prepare_contents
  const text = rubyStrip(status);
  let countable = '';
  let last = 0;
  for (const entity of withoutOverlaps([...urls(text, perUrl), ...mentions(text)])) {
    countable += text.slice(last, entity.start) + entity.counted;
    last = entity.end;
  }
  countable += text.slice(last);
  return rubyGraphemes(rubyStrip(spoiler_text) + countable);
}

/** `String#strip` */
function rubyStrip(text: string): string {
  return text.replace(/^[\0\t\n\v\f\r ]+/, '').replace(/[\0\t\n\v\f\r ]+$/, '');
}

/**
 * `each_grapheme_cluster`: Ruby's `\X` (regparse.c, node_extended_grapheme_cluster) is that of UAX #29 before
 * rule GB9c, which joins the letters of an Indic conjunct. Another mark in the virama's place joins none.
 */
function rubyGraphemes(text: string): number {
  return [...graphemes.segment(text.replace(VIRAMA, '\u0301'))].length;
}
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Indic_Conjunct_Break=Linker */
const VIRAMA =
  /[\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2\u1a60\u1b44\u1bab\ua9c0\uaaf6\u{10a3f}\u{11133}\u{113d0}\u{1193e}\u{11a47}\u{11a99}\u{11f42}]/gu;
