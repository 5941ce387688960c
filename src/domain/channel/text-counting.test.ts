import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_IDS, CHANNEL_LIMITS } from './channels.ts';
import { countBytes, countEmojiAsBytes, countForLimit, countGraphemes } from './text-counting.ts';
import { countWeighted } from './x-weight.ts';

const FAMILY = '👨‍👩‍👧‍👦';
const onX = (text: string): number => countWeighted(text, { urlWeight: 23 });

describe('graphemes and bytes', () => {
  it('a family emoji, a flag and a combined accent are one grapheme each', () => {
    expect(countGraphemes(`${FAMILY}🇫🇷e\u0301`)).toBe(3);
    expect(countBytes(FAMILY)).toBe(25);
  });

  it('graphemes never outnumber code units, bytes never fall below them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(countGraphemes(text)).toBeLessThanOrEqual(text.length);
        expect(countBytes(text)).toBeGreaterThanOrEqual(text.length);
      }),
    );
  });
});

describe('emoji as bytes', () => {
  it('letters count one, emoji their bytes', () => {
    expect(countEmojiAsBytes('été')).toBe(3);
    expect(countEmojiAsBytes('a🙂')).toBe(5);
    expect(countEmojiAsBytes(FAMILY)).toBe(25);
  });
});

/** Expected weights were read from X's own counter, twitter-text 3.1.0. */
describe('weights on X', () => {
  it.each([
    ['Hello, world! 👋', 16],
    ['éœ«»—–’\u00a0', 8],
    ['…€\u202f№', 8],
    ['中文', 4],
    ['e\u0301', 1],
    [FAMILY, 2],
    ['👩🏽‍🚀', 2],
    ['🇫🇷', 2],
    ['1️⃣', 2],
    ['1', 1],
    ['©', 1],
    ['™', 2],
    ['https://example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 23],
    ['https://example.com?x=1,', 24],
    ['https://example.com/a).', 25],
    ['Voir https://exemple.fr/chemin?a=1&b=2 et https://exemple.fr', 55],
    ['example.com', 23],
    ['t.fr', 23],
    ['a@b.com', 7],
    ['@b.com', 6],
    ['#tag.com', 8],
  ])('%j weighs %i', (text, weight) => {
    expect(onX(text)).toBe(weight);
  });

  it('a bare name is a link where its end is a top-level domain', () => {
    expect(onX('wiki.js')).toBe(7);
    expect(onX(`${'a'.repeat(40)}.com`)).toBe(23);
  });

  it('without dots and emoji the weight is the sum over code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abcé中文 \n…€«»') }), (text) => {
        const sum = [...text].reduce((total, char) => total + onX(char), 0);
        expect(onX(text)).toBe(sum);
      }),
    );
  });

  it('a link with scheme adds 23 wherever it stands between spaces', () => {
    const words = fc.string({ unit: fc.constantFrom(...'abcdéè中 ,') });
    fc.assert(
      fc.property(words, words, (before, after) => {
        const link = 'https://exemple.fr/article/12?utm_source=x';
        expect(onX(`${before} ${link} ${after}`)).toBe(onX(`${before}  ${after}`) + 23);
      }),
    );
  });
});

describe('every channel', () => {
  it('appending text never makes a text shorter in the channel’s own unit', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CHANNEL_IDS),
        fc.string({ unit: fc.constantFrom('a', 'é', ' ', '中', '🙂') }),
        fc.string({ unit: fc.constantFrom('a', 'é', ' ', '中', '🙂') }),
        (channel, text, more) => {
          const { text: limit } = CHANNEL_LIMITS[channel];
          expect(countForLimit(`${text} x${more}`, limit)).toBeGreaterThan(
            countForLimit(text, limit),
          );
        },
      ),
    );
  });
});
