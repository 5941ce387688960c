import type { TextLimit } from './channels.ts';
import { countStatus } from './mastodon-count.ts';
import { countWeighted } from './x-weight.ts';

const graphemeSegmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const utf8 = new TextEncoder();

const ANY_EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;

/** What is drawn: not white space, not a control, and nothing that Unicode or a blank glyph hides. */
const SEEN =
  /[^\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb\u{1d159}]/u;

/** Whether a reader sees nothing of a text. */
export function isBlank(text: string): boolean {
  return !SEEN.test(text);
}

/** Characters a reader sees (extended grapheme clusters, Unicode UAX #29). */
export function countGraphemes(text: string): number {
  let count = 0;
  for (const _ of graphemeSegmenter.segment(text)) count += 1;
  return count;
}

/** The first so many characters that a reader sees, none of them in part. */
export function cutAt(text: string, max: number): string {
  let count = 0;
  for (const { index } of graphemeSegmenter.segment(text)) {
    if (count === max) return text.slice(0, index);
    count += 1;
  }
  return text;
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
 * What a text uses of a channel's limit, in that channel's own unit.
 * @param warning what Mastodon shows before the text and counts with it
 */
export function countForLimit(text: string, limit: TextLimit, warning?: string): number {
  switch (limit.counting) {
    case 'graphemes':
    case 'graphemes_and_bytes':
      return countGraphemes(text);
    case 'status':
      return countStatus(text, { urlWeight: limit.urlWeight ?? 0, warning });
    case 'weighted':
      return countWeighted(text, { urlWeight: limit.urlWeight ?? 0 });
    case 'emoji_as_bytes':
      return countEmojiAsBytes(text);
    case 'code_units':
      return text.length;
  }
}
