import twitter from 'twitter-text';
import { describe, expect, it } from 'vitest';
import { corpus, SCRIPTS } from '../../../test/support/counting/corpus.ts';
import { growthOf } from '../../../test/support/counting/doubling.ts';
import { countCharacters } from '../../../test/support/counting/mastodon-rules.ts';
import { CHANNEL_LIMITS } from './channels.ts';
import { countForLimit } from './text-counting.ts';

const PER_SCRIPT = 1_000;
const TEXTS = corpus({ perScript: PER_SCRIPT });

const onX = (text: string): number => countForLimit(text, CHANNEL_LIMITS.x.text);
const onMastodon = (text: string, warning?: string): number =>
  countForLimit(text, CHANNEL_LIMITS.mastodon.text, warning);
const byX = (text: string): number => twitter.parseTweet(text).weightedLength;
const byMastodon = (text: string): number => countCharacters({ status: text }, 23);

describe('a generated corpus is counted as the networks count it', () => {
  it.each(SCRIPTS)('%s', (script) => {
    const texts = TEXTS.filter((text) => text.script === script).map(({ text }) => text);
    expect(texts).toHaveLength(PER_SCRIPT);
    const different = texts.flatMap((text) => {
      const ours = { x: onX(text), mastodon: onMastodon(text) };
      const theirs = { x: byX(text), mastodon: byMastodon(text) };
      return ours.x === theirs.x && ours.mastodon === theirs.mastodon
        ? []
        : [{ text, ours, theirs }];
    });
    expect(different).toEqual([]);
  });
});

describe('what stands beside a link', () => {
  const LINK = 'https://example.com/a-rather-long-path-of-an-article';

  it.each([
    '.',
    '...',
    '…',
    '?!',
    ',',
    ';',
    ':',
    ')',
    '）',
    '。',
    '、',
    '」',
    '"',
    '»',
    '”',
    '\u200b ',
    '🎉',
    '👨‍👩‍👧',
    '日本',
    '!',
    '\u00a0!',
    '\u202f:',
    '>',
    "'",
    '*',
  ])('%j behind its host and its path', (end) => {
    for (const text of [`https://example.com${end}`, `${LINK}${end}`, `(${LINK}${end} x`]) {
      expect([text, onX(text), onMastodon(text)]).toEqual([text, byX(text), byMastodon(text)]);
    }
  });

  it.each([
    ['https://example.com.', 24, 24],
    ['https://example.com。', 25, 24],
    ['https://example.com）', 25, 24],
    ['https://example.com🎉', 25, 24],
    [`${LINK}...`, 26, 26],
    [`https://localhost/${'a'.repeat(30)}`, 48, 48],
    ['https://example', 15, 15],
    ['http://192.168.0.1/a', 20, 20],
    ['example.com', 23, 11],
    ['Node.js', 7, 7],
    ['@ana@mastodon.social', 20, 4],
    ['Merci @ana@mastodon.social.', 27, 11],
    ['@ana@例え.jp。', 14, 5],
    ['ana@mastodon.social', 19, 19],
    ['क्षत्रिय', 8, 5],
    [' \n a \n', 6, 1],
  ])('%j weighs %i on X and %i on Mastodon', (text, x, mastodon) => {
    expect([onX(text), onMastodon(text)]).toEqual([x, mastodon]);
    expect([byX(text), byMastodon(text)]).toEqual([x, mastodon]);
  });

  it('Mastodon counts the warning as it is, before the text', () => {
    const warning = 'https://example.com/aaaaaaaaaa @ana@mastodon.social';
    const expected = countCharacters({ status: LINK, spoiler_text: warning }, 23);
    expect(onMastodon(LINK, warning)).toBe(expected);
    expect(expected).toBe(warning.length + 23);
  });
});

/** Why each counts otherwise: the library of X and Mastodon is of 2020. */
describe('named differences', () => {
  it.each([
    ['a top-level domain that came later', 'https://example.kids/aaaaaaaaaaaaaaaaa', 23, 38],
    ['one that has gone since', 'https://intranet.intel', 22, 23],
    ['an emoji that came later is one, as X says of emoji', '❤️‍🔥', 2, 5],
    ['an emoji in the spelling of Unicode', '👁️‍🗨️', 2, 5],
  ])('%s', (_, text, ours, theirs) => {
    expect([onX(text), byX(text)]).toEqual([ours, theirs]);
  });
});

describe('hostile texts are counted in linear time', () => {
  it.each([
    'http://http://',
    '@a@a@a',
    '((((',
    '....',
    'a.',
    '_.',
    '日.',
    'a.com日-.',
    'http://a.co/((b',
    'a.co?',
    'xn--.',
    '  \n',
    'a',
    '\u0301',
    'क्ष',
  ])('%j', (part) => {
    expect(growthOf(onX, part)).toBeLessThan(3);
    expect(growthOf(onMastodon, part)).toBeLessThan(3);
  });
});
