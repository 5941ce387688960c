import { LATIN_ACCENTS, MASTODON_LINKS } from './link-grammar.ts';
import { scanLinks } from './link-scan.ts';
import { isHostInDns } from './punycode-length.ts';

const graphemeSegmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * A letter that Unicode joins to the one before by its rule GB9c (since 15.1), which Ruby's `grapheme_clusters`
 * does not have: there क्ष is two. Two Southeast Asian vowels are letters that every version joins.
 */
const JOINED_LETTER = /(?<=[\p{M}\u200d])(?![\u0e33\u0eb3])\p{Lo}/gu;

const WORD = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]`;
/** `Account::MENTION_RE` */
const MENTION = new RegExp(
  `(?<![=/]|${WORD})@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(?:@(${WORD}+(?:[.-]+${WORD}+)*))?`,
  'giu',
);
/** What must not follow a mention (`END_MENTION_MATCH`). */
const AFTER_MENTION = new RegExp(`(?:[@＠${LATIN_ACCENTS}]|://)`, 'iuy');
const LONGEST_SERVER = 253;
const LONGEST_LINK = 4096;

/** A part of a text with what stands for it while it is counted. */
interface Entity {
  start: number;
  end: number;
  counted: string;
}

/**
 * Characters of a status as Mastodon counts them (`StatusLengthValidator`): the content warning as it is, then the text
 * without the white space around it, each link as `urlWeight`, each mention without its server.
 */
export function countStatus(
  text: string,
  { urlWeight, warning = '' }: { urlWeight: number; warning?: string | undefined },
): number {
  const status = strip(text);
  let counted = strip(warning);
  let from = 0;
  for (const entity of entitiesOf(status, urlWeight)) {
    counted += status.slice(from, entity.start) + entity.counted;
    from = entity.end;
  }
  return countRubyGraphemes(counted + status.slice(from));
}

/** Ruby's `strip` */
function strip(text: string): string {
  return text.replace(/^[\0\t-\r ]+/, '').replace(/(?<![\0\t-\r ])[\0\t-\r ]+$/, '');
}

/** Links and mentions in their order; one that begins within another is none. */
function entitiesOf(text: string, urlWeight: number): Entity[] {
  const all = [...links(text, urlWeight), ...mentions(text)].sort((a, b) => a.start - b.start);
  let end = 0;
  return all.filter((entity) => {
    if (entity.start < end) return false;
    end = entity.end;
    return true;
  });
}

function* links(text: string, urlWeight: number): Generator<Entity> {
  const counted = 'x'.repeat(urlWeight);
  for (const { start, end, hostStart, hostEnd, hasScheme } of scanLinks(text, MASTODON_LINKS)) {
    if (!hasScheme || end - start > LONGEST_LINK) continue;
    if (!isHostInDns(text.slice(hostStart, hostEnd))) continue;
    const short = shortLinkEnd(text.slice(start, end));
    if (short !== null) yield { start, end: start + short, counted };
  }
}

const SHORT_LINK = /^https?:\/\/t\.co\/([a-z0-9]+)/i;
const LONGEST_SLUG = 40;

function shortLinkEnd(link: string): number | null {
  const [whole, slug = ''] = SHORT_LINK.exec(link) ?? [link];
  return slug.length > LONGEST_SLUG ? null : whole.length;
}

function* mentions(text: string): Generator<Entity> {
  for (const { 0: whole, 1: name = '', 2: server = '', index } of text.matchAll(MENTION)) {
    AFTER_MENTION.lastIndex = index + whole.length;
    if (AFTER_MENTION.test(text) || [...server].length > LONGEST_SERVER) continue;
    yield { start: index, end: index + whole.length, counted: `@${name}` };
  }
}

function countRubyGraphemes(text: string): number {
  let count = 0;
  for (const { segment } of graphemeSegmenter.segment(text)) {
    count += 1;
    if (segment.length > 2) count += segment.match(JOINED_LETTER)?.length ?? 0;
  }
  return count;
}
